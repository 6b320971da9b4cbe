// Many processes run the lifecycles of containers in one database, and are killed again and again.
#pragma once

#include <cstdint>
#include <string>

namespace containerizer::store {

struct Soak {
  int lifecycles = 0;
  int processes = 20;  // two at a time work on the same container
  unsigned seed = 1;
  // Simulates the fault that the soak must find: updates without a check of the row's version.
  bool without_guard = false;
};

struct SoakReport {
  std::string complaints;  // one line each; empty: no problem was found
  std::int64_t steps = 0;
  int kills = 0;
  int collisions = 0;            // refused steps, because the other process was faster
  std::int64_t largest_log = 0;  // bytes
  std::int64_t database = 0;     // bytes
  double seconds = 0;
};

SoakReport run(const Soak& soak);

}  // namespace containerizer::store

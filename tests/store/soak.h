// Many processes take containers through their lifecycles in one database, and are killed.
#pragma once

#include <cstdint>
#include <string>

namespace containerizer::store {

struct Soak {
  int lifecycles = 0;
  int processes = 20;  // two and two race for the same container
  unsigned seed = 1;
  // The fault that the soak is for: steps are written without asking for the row's version.
  bool without_guard = false;
};

struct SoakReport {
  std::string complaints;  // a line each; empty: all went well
  std::int64_t steps = 0;
  int kills = 0;
  int collisions = 0;            // steps that were refused because the other process was faster
  std::int64_t largest_log = 0;  // bytes
  std::int64_t database = 0;     // bytes
  double seconds = 0;
};

SoakReport run(const Soak& soak);

}  // namespace containerizer::store

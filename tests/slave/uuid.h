#pragma once

#include <fstream>
#include <string>

namespace containerizer::player {

// A new random UUID, from the kernel.
inline std::string make_uuid() {
  std::ifstream file("/proc/sys/kernel/random/uuid");
  std::string uuid;
  file >> uuid;
  return uuid;
}

}  // namespace containerizer::player

#include "engine/state_directory.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace containerizer {
namespace {

Status make_private(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) == 0) return Done{};
  if (errno != EEXIST) {
    return Failure{
        Fault::refused,
        fmt::format("cannot make the state directory {}: {}; it must be writable for the "
                    "slave's user",
                    directory, std::strerror(errno))};
  }
  struct stat found {};
  if (::lstat(directory.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
      found.st_uid == ::geteuid() && (found.st_mode & 077) == 0) {
    return Done{};
  }
  return Failure{
      Fault::refused,
      fmt::format("the state directory {} is no directory of the slave's user's, or open "
                  "to others; chown it to the slave's user and chmod 700 it",
                  directory)};
}

}  // namespace

Status prepare_state_directory(const std::string& directory) {
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(directory).parent_path(), ignored);
  auto made = make_private(directory);
  if (!made.ok()) return made;
  return make_private(directory + "/run");
}

}  // namespace containerizer

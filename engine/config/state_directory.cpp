#include "engine/config/state_directory.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace containerizer {
namespace {

namespace fs = std::filesystem;

constexpr mode_t others = 077;
constexpr mode_t others_write = 022;

Failure failure(std::string text) { return {Fault::refused, std::move(text)}; }

Status make_private(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST) return Done{};
  return failure(
      fmt::format("cannot make the state directory {}: {}; it must be writable for the "
                  "slave's user",
                  directory, std::strerror(errno)));
}

Status check_directory(const std::string& directory) {
  struct stat found {};
  if (::lstat(directory.c_str(), &found) != 0) return Done{};
  if (S_ISDIR(found.st_mode) && found.st_uid == ::geteuid() && (found.st_mode & others) == 0) {
    return Done{};
  }
  return failure(
      fmt::format("the state directory {} is no directory of the slave's user's, or open to "
                  "others; move it away, or, if only the slave's user has written there, chown it "
                  "to that user and chmod 700 it",
                  directory));
}

Status check_file(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return Done{};
  if (S_ISREG(found.st_mode) && found.st_nlink == 1 && found.st_uid == ::geteuid() &&
      (found.st_mode & others) == 0) {
    return Done{};
  }
  return failure(
      fmt::format("{} is a link, has a second name, is not the slave's user's, or open to others; "
                  "move it away, or, if it is the true one, leave it one name, chown it to that "
                  "user and chmod 600 it",
                  path));
}

// Whether only root and we can put another in the place of what a path leads to by this step.
bool is_safe_step(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return true;
  if (found.st_uid != 0 && found.st_uid != ::geteuid()) return false;
  const bool is_open = (found.st_mode & others_write) != 0 && (found.st_mode & S_ISVTX) == 0;
  return S_ISLNK(found.st_mode) || !is_open;
}

Status check_way(const fs::path& to) {
  std::error_code none;
  for (const auto& whole : {fs::absolute(to, none), fs::canonical(to, none)}) {
    fs::path step;
    for (const auto& name : whole) {
      step /= name;
      if (is_safe_step(step)) continue;
      return failure(fmt::format(
          "{}, which leads to the state directory, belongs to another user, or others may write "
          "there; chown it to root or the slave's user and chmod go-w it, or start the slave with "
          "another --work_dir",
          step.string()));
    }
  }
  return Done{};
}

// Writable for nobody else, whatever our umask.
void make_parents(const std::string& directory) {
  std::error_code ignored;
  const mode_t before = ::umask(0);
  ::umask(before | others_write);
  fs::create_directories(fs::path(directory).parent_path(), ignored);
  ::umask(before);
}

Status check_content(const std::string& directory) {
  for (const char* each : {"/run", "/host-tasks", "/host-tasks/names"}) {
    if (auto checked = check_directory(directory + each); !checked.ok()) return checked;
  }
  for (const char* each : {"/state.db", "/state.db-wal", "/state.db-shm", "/state.db.lock",
                           "/pull.lock", "/pulls", "/late.lock"}) {
    if (auto checked = check_file(directory + each); !checked.ok()) return checked;
  }
  return Done{};
}

}  // namespace

Status prepare_state_directory(const std::string& directory) {
  make_parents(directory);
  if (auto safe = check_way(fs::path(directory).parent_path()); !safe.ok()) return safe;
  if (auto made = make_private(directory); !made.ok()) return made;
  if (auto checked = check_directory(directory); !checked.ok()) return checked;
  if (auto made = make_private(directory + "/run"); !made.ok()) return made;
  return check_content(directory);
}

Status check_state_directory(const std::string& directory) {
  if (auto safe = check_way(fs::path(directory).parent_path()); !safe.ok()) return safe;
  if (auto checked = check_directory(directory); !checked.ok()) return checked;
  return check_content(directory);
}

}  // namespace containerizer

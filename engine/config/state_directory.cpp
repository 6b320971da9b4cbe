#include "engine/config/state_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "host/format.h"

namespace containerizer {
namespace {

namespace fs = std::filesystem;

constexpr mode_t others = 077;
constexpr mode_t others_write = 022;

Failure failure(std::string text) { return {Fault::refused, std::move(text)}; }

// A directory that exists is used even while the disk accepts no new one. check_directory() judges
// what it is.
Status make_private(const std::string& directory) {
  struct stat found {};
  if (::lstat(directory.c_str(), &found) == 0) return Done{};
  if (::mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST) return Done{};
  return failure(
      formatted("cannot create the state directory {}: {}; its parent must be writable by the "
                "slave's user",
                directory, std::strerror(errno)));
}

Status check_directory(const std::string& directory) {
  // lstat(), here and below: a symbolic link itself is rejected, whatever its target is.
  struct stat found {};
  if (::lstat(directory.c_str(), &found) != 0) return Done{};
  if (S_ISDIR(found.st_mode) && found.st_uid == ::geteuid() && (found.st_mode & others) == 0) {
    return Done{};
  }
  return failure(
      formatted("the state directory {} must be a directory of the slave's user with mode 700; "
                "if you trust its content, run chown and chmod 700; otherwise move it away",
                directory));
}

Status check_file(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return Done{};
  // A second hard link, as a backup makes it, gives nobody access: only the modes do.
  if (S_ISREG(found.st_mode) && found.st_uid == ::geteuid() && (found.st_mode & others) == 0) {
    return Done{};
  }
  return failure(
      formatted("{} must be a regular file of the slave's user with mode 600; if it is genuine, "
                "fix it with chown and chmod 600, otherwise move it away",
                path));
}

// Whether only root and our user can replace this component of a path. In a directory with the
// sticky bit, such as /tmp, other users cannot rename or remove what belongs to us.
bool is_safe_step(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return true;
  if (found.st_uid != 0 && found.st_uid != ::geteuid()) return false;
  const bool is_open = (found.st_mode & others_write) != 0 && (found.st_mode & S_ISVTX) == 0;
  return S_ISLNK(found.st_mode) || !is_open;
}

// Checks each component of the path as it is written, and as it resolves: a symbolic link is only
// as safe as the directory that contains it.
Status check_parents(const fs::path& to) {
  std::error_code none;
  for (const auto& whole : {fs::absolute(to, none), fs::canonical(to, none)}) {
    fs::path step;
    for (const auto& name : whole) {
      step /= name;
      if (is_safe_step(step)) continue;
      return failure(
          formatted("{} is a parent of the state directory, and is owned or writable by another "
                    "user; chown it to root or the slave's user and chmod go-w it, or start the "
                    "slave with another --work_dir",
                    step.string()));
    }
  }
  return Done{};
}

// Creates the missing parents, not writable by other users even if our umask would allow that.
// Ignores errors: the checks that follow report a missing parent.
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
  // In this order: a parent is checked before something is created in it that we rely on.
  make_parents(directory);
  if (auto safe = check_parents(fs::path(directory).parent_path()); !safe.ok()) return safe;
  if (auto made = make_private(directory); !made.ok()) return made;
  if (auto checked = check_directory(directory); !checked.ok()) return checked;
  if (auto made = make_private(directory + "/run"); !made.ok()) return made;
  return check_content(directory);
}

std::string advice_to_other_user(const std::string& directory) {
  // A directory that does not belong to root is no reason for root to become another user.
  if (::geteuid() == 0) return "";
  struct stat found {};
  const bool is_hidden = ::lstat(directory.c_str(), &found) != 0 && errno == EACCES;
  if (is_hidden || (found.st_nlink > 0 && found.st_uid == 0)) {
    return formatted("the state directory {} is for root; use sudo", directory);
  }
  if (found.st_nlink == 0 || found.st_uid == ::geteuid()) return "";
  return formatted("the state directory {0} is for user {1}; use sudo -u '#{1}'", directory,
                   found.st_uid);
}

Status check_state_directory(const std::string& directory) {
  if (auto safe = check_parents(fs::path(directory).parent_path()); !safe.ok()) return safe;
  if (auto checked = check_directory(directory); !checked.ok()) return checked;
  return check_content(directory);
}

}  // namespace containerizer

#include "engine/host/sandbox.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

namespace containerizer {
namespace {

Failure cannot_open(const std::string& directory, const std::string& name) {
  return {Fault::refused,
          fmt::format("cannot open {}/{}: {}", directory, name, std::strerror(errno))};
}

// A second name can be a link to somebody else's file.
bool is_plain(const struct stat& found, const struct stat& owner) {
  return S_ISREG(found.st_mode) && (found.st_nlink == 1 || found.st_uid == owner.st_uid);
}

}  // namespace

Result<Fd> open_sandbox_file(const std::string& directory, const std::string& name) {
  const Fd folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat owner {};
  if (!folder.valid() || ::fstat(folder.get(), &owner) != 0) return cannot_open(directory, name);
  // Twice: the second time is after something foreign was removed.
  for (int attempt = 0; attempt < 2; ++attempt) {
    Fd file(::openat(folder.get(), name.c_str(),
                     O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644));
    struct stat found {};
    if (file.valid() && ::fstat(file.get(), &found) == 0 && is_plain(found, owner)) {
      if (found.st_uid != owner.st_uid || found.st_gid != owner.st_gid) {
        if (::fchown(file.get(), owner.st_uid, owner.st_gid) != 0) {
          return cannot_open(directory, name);
        }
      }
      return file;
    }
    if (!file.valid() && errno != ELOOP && errno != ENXIO) break;
    ::unlinkat(folder.get(), name.c_str(), 0);
  }
  return cannot_open(directory, name);
}

std::string owner_of(const std::string& directory) {
  struct stat found {};
  if (::stat(directory.c_str(), &found) != 0) return "";
  return fmt::format("{}:{}", found.st_uid, found.st_gid);
}

}  // namespace containerizer

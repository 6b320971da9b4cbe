#include "host/sandbox.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "host/file.h"
#include "host/format.h"

namespace containerizer {
namespace {

Failure failure(const std::string& directory, const std::string& name) {
  return {Fault::refused,
          formatted("cannot open {}/{}: {}", directory, name, std::strerror(errno))};
}

// A regular file with several hard links can be another user's file, which the task has linked
// here.
bool is_plain(const struct stat& found, const struct stat& owner) {
  return S_ISREG(found.st_mode) && (found.st_nlink == 1 || found.st_uid == owner.st_uid);
}

// Refers to the thing under a name without opening it, and reports what it is. Opening a device can
// have effects, and root in a container can create one.
Fd look_at(const Fd& folder, const std::string& name, struct stat& found) {
  Fd place(::openat(folder.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (place.valid() && ::fstat(place.get(), &found) != 0) return {};
  return place;
}

// Opens the thing that look_at() has returned, even if its name means something else by now.
Fd open_inspected(const Fd& place, int flags) {
  return Fd(
      ::open(formatted("/proc/self/fd/{}", place.get()).c_str(), flags | O_NONBLOCK | O_CLOEXEC));
}

// Makes the sandbox's owner the owner of the file.
Result<Fd> given_to(const struct stat& owner, Fd file, const std::string& directory,
                    const std::string& name) {
  struct stat found {};
  if (!file.valid() || ::fstat(file.get(), &found) != 0) return failure(directory, name);
  const bool is_owners = found.st_uid == owner.st_uid && found.st_gid == owner.st_gid;
  if (!is_owners && ::fchown(file.get(), owner.st_uid, owner.st_gid) != 0) {
    return failure(directory, name);
  }
  return file;
}

// Opens a subdirectory, and creates it if it does not exist. Links are not followed. The change of
// the owner applies to the opened directory, even if its name means something else by then.
Fd enter(const Fd& parent, const std::string& name, const struct stat& owner) {
  const bool made = ::mkdirat(parent.get(), name.c_str(), 0755) == 0;
  Fd directory(
      ::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (made && directory.valid() && ::fchown(directory.get(), owner.st_uid, owner.st_gid) != 0) {
    return {};
  }
  return directory;
}

Status make_directory(const std::string& directory, const std::string& sandbox) {
  const auto failure = [&](const std::string& why) {
    return Failure{Fault::refused, formatted("cannot create {}: {}", directory, why)};
  };
  if (directory.rfind(sandbox + "/", 0) != 0) return failure("it is not within the sandbox");
  Fd place(::open(sandbox.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat owner {};
  if (!place.valid() || ::fstat(place.get(), &owner) != 0) return failure(std::strerror(errno));
  std::string_view rest = std::string_view(directory).substr(sandbox.size());
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    const std::string name(rest.substr(0, slash));
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (name.empty() || name == ".") continue;
    if (name == "..") return failure("it contains \"..\"");
    place = enter(place, name, owner);
    if (!place.valid()) return failure(std::strerror(errno));
  }
  return Done{};
}

// What lies at a path within the sandbox, which links must not leave.
Fd find_within(const std::string& path, const std::string& sandbox) {
  const Fd top(::open(sandbox.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const auto way = path.substr(std::min(path.size(), sandbox.size() + 1));
  return Fd(static_cast<int>(::syscall(SYS_openat2, top.get(), way.c_str(), &how, sizeof how)));
}

Result<std::string> find_or_make(const std::string& path, const std::string& sandbox) {
  const auto failure = [&](const std::string& why) {
    return Failure{Fault::refused, formatted("cannot mount {}: {}", path, why)};
  };
  if (!path.starts_with(sandbox + "/")) return failure("it is not within the sandbox");
  Fd found = find_within(path, sandbox);
  if (!found.valid() && (errno == EXDEV || errno == ELOOP)) {
    return failure("a symbolic link in the path leads out of the sandbox");
  }
  // Linux before 5.6 has no such call. Then only a directory without links in its path is mounted.
  if (!found.valid() && errno == ENOSYS) {
    Status made = make_directory(path, sandbox);
    return made.ok() ? Result<std::string>(path) : made.failure();
  }
  if (!found.valid() && errno == ENOENT) {
    if (Status made = make_directory(path, sandbox); !made.ok()) return made.failure();
    found = find_within(path, sandbox);
  }
  struct stat seen {};
  if (!found.valid() || ::fstat(found.get(), &seen) != 0) return failure(std::strerror(errno));
  if (S_ISBLK(seen.st_mode) || S_ISCHR(seen.st_mode)) return failure("it is a device");
  std::error_code error;
  auto place =
      std::filesystem::read_symlink(formatted("/proc/self/fd/{}", found.get()), error).string();
  return error ? Result<std::string>(failure(error.message())) : place;
}

}  // namespace

Result<Fd> open_sandbox_file(const std::string& directory, const std::string& name) {
  const Fd folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat owner {};
  if (!folder.valid() || ::fstat(folder.get(), &owner) != 0) return failure(directory, name);
  // Another attempt follows after a foreign thing was removed, or when another process has created
  // the file in between. A task that replaces the file all the time makes this fail, not loop.
  for (int attempt = 0; attempt < 3; ++attempt) {
    struct stat found {};
    const Fd place = look_at(folder, name, found);
    if (!place.valid()) {
      if (errno != ENOENT) break;
      Fd made(::openat(folder.get(), name.c_str(), O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC,
                       0644));
      if (made.valid()) return given_to(owner, std::move(made), directory, name);
      if (errno != EEXIST) break;
    } else if (is_plain(found, owner)) {
      return given_to(owner, open_inspected(place, O_RDWR | O_APPEND), directory, name);
    } else if (::unlinkat(folder.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
      break;
    }
  }
  return failure(directory, name);
}

Result<Fd> read_only_sandbox_file(const std::string& directory, const std::string& name) {
  const Fd folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat found {};
  const Fd place = folder.valid() ? look_at(folder, name, found) : Fd();
  if (!place.valid()) {
    auto missing = failure(directory, name);
    if (errno == ENOENT) missing.fault = Fault::not_found;
    return missing;
  }
  if (!S_ISREG(found.st_mode)) {
    return Failure{Fault::refused, formatted("{}/{} is not a regular file", directory, name)};
  }
  Fd file = open_inspected(place, O_RDONLY);
  if (!file.valid()) return failure(directory, name);
  return file;
}

void rotate_sandbox_file(const std::string& directory, const std::string& name, int keep) {
  const Fd folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto numbered = [&](int number) {
    return number == 0 ? name : formatted("{}.{}", name, number);
  };
  ::unlinkat(folder.get(), numbered(keep).c_str(), 0);
  for (int number = keep; number > 0; --number) {
    ::renameat(folder.get(), numbered(number - 1).c_str(), folder.get(), numbered(number).c_str());
  }
}

std::optional<std::string> read_sandbox_file(const std::string& directory,
                                             const std::string& path) {
  Fd place(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat found {};
  std::string_view rest = path;
  while (place.valid() && !rest.empty()) {
    const auto slash = rest.find('/');
    const std::string name(rest.substr(0, slash));
    rest = slash == rest.npos ? std::string_view() : rest.substr(slash + 1);
    place = look_at(place, name, found);
  }
  if (!place.valid() || !S_ISREG(found.st_mode)) return {};
  return read_small_file(open_inspected(place, O_RDONLY));
}

Result<std::map<std::string, std::string>> find_or_make(const std::vector<std::string>& paths,
                                                        const std::string& sandbox) {
  std::map<std::string, std::string> places;
  for (const auto& path : paths) {
    auto place = find_or_make(path, sandbox);
    if (!place.ok()) return place.failure();
    places[path] = std::move(place.value());
  }
  return places;
}

bool has_plain_way(const std::string& base, const std::string& directory) {
  const Fd top(::open(base.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  Fd place(::fcntl(top.get(), F_DUPFD_CLOEXEC, 3));
  // openat2() would do it in one call, but Linux has it only since 5.6.
  for (const auto& name : std::filesystem::path(directory).lexically_relative(base)) {
    if (name == "..") return false;
    constexpr int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    Fd next(::openat(place.get(), name.c_str(), flags));
    if (!next.valid()) return errno == ENOENT;
    place = std::move(next);
  }
  return place.valid();
}

std::string owner_of(const std::string& directory) {
  struct stat found {};
  if (::stat(directory.c_str(), &found) != 0) return "";
  return formatted("{}:{}", found.st_uid, found.st_gid);
}

}  // namespace containerizer

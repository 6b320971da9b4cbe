#include "host/mount_pins.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "host/fd.h"
#include "host/format.h"
#include "host/text.h"

namespace containerizer {
namespace {

Failure failure(const PinnedPath& path, const std::string& why) {
  return {Fault::refused, formatted("volume {}: {}", in_quotes(path.path), why)};
}

Failure failure(const char* what, const std::string& path) {
  return {Fault::refused, formatted("cannot {} {}: {}", what, path, std::strerror(errno))};
}

// A directory, and how links below it are followed.
struct Base {
  Fd directory;
  std::uint64_t resolve;
};

// Opens what lies below an open directory. Links must not lead out of it.
Fd open_below(const Base& base, const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = base.resolve | RESOLVE_NO_MAGICLINKS;
  const auto opened = [&] {
    return static_cast<int>(::syscall(SYS_openat2, base.directory.get(),
                                      path.empty() ? "." : path.c_str(), &how, sizeof how));
  };
  Fd file(opened());
  // Somebody renames something there at this moment.
  for (int attempt = 0; attempt < 10 && !file.valid() && errno == EAGAIN; ++attempt) {
    file = Fd(opened());
  }
  return file;
}

// The same, and makes the directories that are missing.
Fd open_or_make_below(const Base& base, const std::filesystem::path& path) {
  Fd place = open_below(base, path);
  if (place.valid() || errno != ENOENT) return place;
  std::filesystem::path done;
  for (const auto& name : path) {
    if (name.empty() || name == ".") continue;
    const Fd parent = open_below(base, done);
    if (!parent.valid()) return {};
    if (::mkdirat(parent.get(), name.c_str(), 0755) != 0 && errno != EEXIST) return {};
    done /= name;
  }
  return open_below(base, path);
}

bool is_allowed(const PinnedPath& wanted, const Fd& file) {
  if (!wanted.is_allowed) return true;
  std::error_code error;
  const auto place =
      std::filesystem::read_symlink(formatted("/proc/self/fd/{}", file.get()), error);
  return !error && wanted.is_allowed(place.string());
}

Result<Fd> open_checked(const PinnedPath& wanted) {
  const auto path = std::filesystem::path(wanted.path).lexically_relative(wanted.base);
  if (path.empty() || *path.begin() == "..") {
    return failure(wanted, "it does not lie in " + wanted.base);
  }
  // Nothing leads out of the root, and absolute links are usual there.
  const Base base{
      Fd(::open(wanted.base.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
      wanted.base == "/" ? std::uint64_t{RESOLVE_IN_ROOT} : std::uint64_t{RESOLVE_BENEATH}};
  if (!base.directory.valid()) return failure("open", wanted.base);
  Fd file = open_or_make_below(base, path);
  if (file.valid() && is_allowed(wanted, file)) return file;
  if (file.valid())
    return failure(wanted, "it leads to a path through which a task could become root");
  const bool leaves = errno == EXDEV || errno == ELOOP;
  return failure(wanted, leaves ? "a symbolic link in the path leads out of " + wanted.base
                                : std::string(std::strerror(errno)));
}

// A mount of its own, empty. False (errno set) when that is not allowed.
bool make_place(const std::string& place) {
  ::mkdir(std::filesystem::path(place).parent_path().c_str(), 0700);
  if (::mkdir(place.c_str(), 0700) != 0 && errno != EEXIST) return false;
  return ::mount("containerizer-pins", place.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                 "mode=0700,size=64k") == 0;
}

// What is unmounted there later stays mounted where it comes from. Fails harmlessly for what is not
// a mount.
void detach_from_source(const std::string& name) {
  ::mount(nullptr, name.c_str(), nullptr, MS_SLAVE | MS_REC, nullptr);
}

bool bind_to(const Fd& file, const std::string& name) {
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) return false;
  const bool made = S_ISDIR(found.st_mode)
                        ? ::mkdir(name.c_str(), 0700) == 0
                        : Fd(::open(name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)).valid();
  const auto source = formatted("/proc/self/fd/{}", file.get());
  if (!made || ::mount(source.c_str(), name.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0) {
    return false;
  }
  detach_from_source(name);
  return true;
}

}  // namespace

Result<std::map<std::string, std::string>> pin_paths(const std::string& place,
                                                     const std::vector<PinnedPath>& paths) {
  drop_pins(place);
  std::map<std::string, std::string> names;
  if (paths.empty()) return names;
  std::vector<Fd> files;
  for (const auto& path : paths) {
    auto file = open_checked(path);
    if (!file.ok()) return file.failure();
    files.push_back(std::move(file.value()));
  }
  if (!make_place(place)) {
    const bool is_forbidden = errno == EPERM || errno == EACCES;
    auto problem = failure("mount", place);
    drop_pins(place);
    if (is_forbidden) return names;
    return problem;
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto name = place + "/" + std::to_string(i);
    if (!bind_to(files[i], name)) {
      auto problem = failure("mount", name);
      drop_pins(place);
      return problem;
    }
    names[paths[i].path] = std::move(name);
  }
  return names;
}

bool sees_pins(const std::string& socket, const std::string& place) {
  const Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) return true;
  socket.copy(address.sun_path, socket.size());
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
          0 ||
      ::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    return true;
  }
  struct stat ours {};
  struct stat theirs {};
  const auto seen = formatted("/proc/{}/root{}", peer.pid, place);
  if (::stat(place.c_str(), &ours) != 0) return false;
  if (::stat(seen.c_str(), &theirs) != 0) return errno != ENOENT;
  return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

void drop_pins(const std::string& place) {
  // A process that died in the middle of pin_paths() has not detached its last one.
  std::error_code failed;
  for (std::filesystem::directory_iterator it(place, failed), end; !failed && it != end;
       it.increment(failed)) {
    detach_from_source(it->path().string());
  }
  while (::umount2(place.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
  }
  ::rmdir(place.c_str());
}

}  // namespace containerizer

#include "host/staging.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "host/fd.h"
#include "host/format.h"
#include "host/text.h"

namespace containerizer {
namespace {

const char* const staging_name = ".containerizer-fetch";

Failure failure(const std::string& what, const std::string& path, const char* why) {
  return {Fault::refused, formatted("cannot {} {}: {}", what, one_line(path, 500), why)};
}

Fd open_directory(int parent, const char* name) {
  return Fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

std::vector<std::string> names_in(const Fd& directory) {
  std::vector<std::string> names;
  DIR* list = ::fdopendir(::fcntl(directory.get(), F_DUPFD_CLOEXEC, 0));
  if (list == nullptr) return names;
  ::rewinddir(list);
  while (const dirent* entry = ::readdir(list)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  ::closedir(list);
  return names;
}

// One directory that is being moved. Paths are for messages alone.
class Move {
 public:
  explicit Move(std::string path) : path_(std::move(path)) {}

  // Files in `from`, and below it, that nobody must bring along.
  Status clean(const Fd& from) {
    for (const auto& name : names_in(from)) {
      struct stat found {};
      if (::fstatat(from.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (S_ISBLK(found.st_mode) || S_ISCHR(found.st_mode)) {
        return failure("accept", path_ + "/" + name, "it is a device file");
      }
      if (S_ISREG(found.st_mode) && (found.st_mode & (S_ISUID | S_ISGID)) != 0) {
        if (Status done = take_bits(from, name); !done.ok()) return done;
      }
      if (!S_ISDIR(found.st_mode)) continue;
      if (Status done = within(name, open_directory(from.get(), name.c_str()),
                               [&](const Fd& inner) { return clean(inner); });
          !done.ok()) {
        return done;
      }
    }
    return Done{};
  }

  Status move(const Fd& from, const Fd& to) {
    for (const auto& name : names_in(from)) {
      if (Status done = move_entry(from, to, name); !done.ok()) return done;
    }
    return Done{};
  }

 private:
  template <class Work>
  Status within(const std::string& name, Fd directory, const Work& work) {
    const auto length = path_.size();
    path_ += "/" + name;
    if (!directory.valid()) return failure("open", path_, std::strerror(errno));
    Status done = work(directory);
    if (done.ok()) path_.resize(length);
    return done;
  }

  Status take_bits(const Fd& from, const std::string& name) const {
    const Fd file(::openat(from.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat found {};
    const auto place = formatted("/proc/self/fd/{}", file.get());
    constexpr mode_t kept = 01777;
    if (file.valid() && ::fstat(file.get(), &found) == 0 && S_ISREG(found.st_mode) &&
        ::chmod(place.c_str(), found.st_mode & kept) == 0) {
      return Done{};
    }
    return failure("change the mode of", path_ + "/" + name, std::strerror(errno));
  }

  Status move_entry(const Fd& from, const Fd& to, const std::string& name) {
    const auto kind = [&](const Fd& directory) -> mode_t {
      struct stat found {};
      const int got = ::fstatat(directory.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW);
      return got == 0 ? found.st_mode & S_IFMT : 0;
    };
    const bool joins = kind(from) == S_IFDIR && kind(to) == S_IFDIR;
    if (joins) {
      Fd target = open_directory(to.get(), name.c_str());
      Status done = within(name, open_directory(from.get(), name.c_str()), [&](const Fd& inner) {
        return target.valid() ? move(inner, target)
                              : failure("open", path_ + "/" + name, std::strerror(errno));
      });
      return done;
    }
    if (kind(from) == S_IFDIR && kind(to) != 0) ::unlinkat(to.get(), name.c_str(), 0);
    if (::renameat(from.get(), name.c_str(), to.get(), name.c_str()) == 0) return Done{};
    return failure("move", path_ + "/" + name + " into the sandbox", std::strerror(errno));
  }

  std::string path_;
};

void remove_tree(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

}  // namespace

Result<StagingDirectory> StagingDirectory::make(const std::string& sandbox) {
  StagingDirectory made(sandbox, sandbox + "/" + staging_name);
  remove_tree(made.path_);
  const Fd folder(::open(sandbox.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat owner {};
  if (!folder.valid() || ::fstat(folder.get(), &owner) != 0 ||
      ::mkdirat(folder.get(), staging_name, 0700) != 0) {
    return failure("make", made.path_, std::strerror(errno));
  }
  const Fd directory = open_directory(folder.get(), staging_name);
  struct stat found {};
  if (!directory.valid() || ::fstat(directory.get(), &found) != 0) {
    return failure("open", made.path_, std::strerror(errno));
  }
  const bool is_owners = found.st_uid == owner.st_uid && found.st_gid == owner.st_gid;
  if (!is_owners && ::fchown(directory.get(), owner.st_uid, owner.st_gid) != 0) {
    return failure("chown", made.path_, std::strerror(errno));
  }
  return made;
}

StagingDirectory::StagingDirectory(StagingDirectory&& other) noexcept
    : sandbox_(std::move(other.sandbox_)), path_(std::exchange(other.path_, "")) {}

StagingDirectory::~StagingDirectory() {
  if (!path_.empty()) remove_tree(path_);
}

Status StagingDirectory::move_to_sandbox() {
  const Fd to(::open(sandbox_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!to.valid()) return failure("open", sandbox_, std::strerror(errno));
  const Fd from = open_directory(to.get(), staging_name);
  if (!from.valid()) return failure("open", path_, std::strerror(errno));
  Move moving(path_);
  if (Status done = moving.clean(from); !done.ok()) return done;
  return moving.move(from, to);
}

}  // namespace containerizer

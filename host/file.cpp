#include "host/file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace containerizer {

std::optional<std::string> read_small_file(const std::string& path, std::size_t most) {
  return read_small_file(Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), most);
}

std::optional<std::string> read_small_file(const Fd& file, std::size_t most) {
  if (!file.valid()) return std::nullopt;
  std::string content;
  std::size_t length = 0;
  for (;;) {
    // fstat() is of no use here: /proc and /sys report a size of 0.
    if (length == content.size())
      content.resize(std::min(most, length + std::max<std::size_t>(4096, length)));
    const auto got = ::read(file.get(), content.data() + length, content.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
    if (length == most) break;
  }
  content.resize(length);
  return content;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) == 0) return Pipe{Fd(ends[0]), Fd(ends[1])};
  return Failure{Fault::unavailable, std::string("cannot create a pipe: ") + std::strerror(errno)};
}

std::string read_to_end(const Fd& pipe, std::optional<Deadline> deadline, int interrupt) {
  std::string all;
  std::array<char, 4096> piece{};
  for (;;) {
    std::array<pollfd, 2> readable{{{pipe.get(), POLLIN, 0}, {interrupt, POLLIN, 0}}};
    const int limit = deadline ? static_cast<int>(time_left(*deadline).count()) : -1;
    if (::poll(readable.data(), readable.size(), limit) == 0 || readable[1].revents != 0)
      return all;
    const auto got = ::read(pipe.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return all;
    all.append(piece.data(), static_cast<std::size_t>(got));
  }
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

namespace {

Failure cannot_write(const std::string& path, const std::string& reason) {
  return {Fault::refused, "cannot write " + path + ": " + reason};
}

// Writes a new file beside `path`, with a name that no pattern for `path` matches.
Status write_beside(const std::string& path, std::string_view content, std::string& name) {
  name = path + ".XXXXXX";
  const Fd file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file.valid()) return cannot_write(path, std::strerror(errno));
  const mode_t masked = ::umask(0);
  ::umask(masked);
  if (write_all(file.get(), content) && ::fchmod(file.get(), 0644 & ~masked) == 0) return Done{};
  auto failure = cannot_write(path, std::strerror(errno));
  ::unlink(name.c_str());
  return failure;
}

}  // namespace

Status replace_file(const std::string& path, std::string_view content) {
  std::error_code error;
  const auto target = std::filesystem::weakly_canonical(path, error);
  // A device, for example, would be replaced by a file.
  if (error || (std::filesystem::exists(target, error) &&
                !std::filesystem::is_regular_file(target, error))) {
    return cannot_write(path, error ? error.message() : "it is not a regular file");
  }
  std::string beside;
  if (auto written = write_beside(target, content, beside); !written.ok()) return written;
  if (::rename(beside.c_str(), target.c_str()) == 0) return Done{};
  auto failure = cannot_write(path, std::strerror(errno));
  ::unlink(beside.c_str());
  return failure;
}

}  // namespace containerizer

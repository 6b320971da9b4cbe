#include "host/file.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

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

}  // namespace containerizer

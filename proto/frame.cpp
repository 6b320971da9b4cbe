#include "proto/frame.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace containerizer {
namespace {

// Reads `wanted` bytes, or fewer if the input ends. Returns the number; -1, with errno set, on an
// error.
ssize_t read_fully(int fd, char* bytes, std::size_t wanted) {
  std::size_t length = 0;
  while (length < wanted) {
    const auto got = ::read(fd, bytes + length, wanted - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(length);
}

Frame incomplete(const char* part, ssize_t got, std::size_t wanted) {
  if (got < 0) {
    return {"", FrameFault::unreadable,
            std::string("cannot read the request: ") + std::strerror(errno)};
  }
  return {"", FrameFault::truncated,
          "the request is incomplete: got " + std::to_string(got) + " of " +
              std::to_string(wanted) + " bytes of its " + part};
}

}  // namespace

Frame read_frame(int fd) {
  std::uint32_t length = 0;
  const auto header = read_fully(fd, reinterpret_cast<char*>(&length), sizeof length);
  if (header != sizeof length) return incomplete("length", header, sizeof length);
  if (length > largest_frame) {
    return {"", FrameFault::too_large,
            "the request is too large: its length is " + std::to_string(length) +
                " bytes, and at most " + std::to_string(largest_frame) + " are allowed"};
  }
  // In pieces, so that a wrong length alone cannot make this process allocate much memory.
  constexpr std::size_t piece = 1U << 16;
  Frame frame;
  while (frame.bytes.size() < length) {
    const auto start = frame.bytes.size();
    const auto wanted = std::min<std::size_t>(piece, length - start);
    frame.bytes.resize(start + wanted);
    const auto got = read_fully(fd, frame.bytes.data() + start, wanted);
    if (got != static_cast<ssize_t>(wanted)) {
      return incomplete("body", got < 0 ? got : static_cast<ssize_t>(start) + got, length);
    }
  }
  return frame;
}

std::string to_frame(const std::string& bytes) {
  const auto length = static_cast<std::uint32_t>(bytes.size());
  std::string frame(sizeof length, '\0');
  std::memcpy(frame.data(), &length, sizeof length);
  return frame + bytes;
}

}  // namespace containerizer

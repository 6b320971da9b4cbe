#include "proto/record_io.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace containerizer {
namespace {

// How many of `wanted` bytes came before the end; -1 with errno on an error.
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
          "the request ends within its " + std::string(part) + ": " + std::to_string(got) + " of " +
              std::to_string(wanted) + " bytes"};
}

}  // namespace

Frame read_frame(int fd) {
  std::uint32_t length = 0;
  const auto header = read_fully(fd, reinterpret_cast<char*>(&length), sizeof length);
  if (header != sizeof length) return incomplete("length", header, sizeof length);
  if (length > largest_frame) {
    return {"", FrameFault::too_large,
            "the request announces " + std::to_string(length) + " bytes, more than the " +
                std::to_string(largest_frame) + " that a message may have"};
  }
  // In pieces, so that a length alone cannot make us take memory.
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

// Frames as slave and containerizer exchange them: a 4-byte length in host byte order, then that
// many bytes of protobuf. Source: mesos-protocol 1.5.
#pragma once

#include <cstdint>
#include <string>

namespace containerizer {

// protobuf's own limit for one message.
constexpr std::uint32_t largest_frame = 64U << 20;

enum class FrameFault { none, truncated, too_large, unreadable };

struct Frame {
  std::string bytes;  // without the length
  FrameFault fault = FrameFault::none;
  std::string text;  // what is wrong, in one line
};

// Reads exactly one frame and not a byte more: the slave never closes its end. A frame that
// announces more than `largest_frame` is not read further.
Frame read_frame(int fd);

// `bytes` as a frame.
std::string to_frame(const std::string& bytes);

}  // namespace containerizer

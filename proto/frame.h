// The frames that slave and containerizer exchange: a length of 4 bytes in host byte order, then a
// protobuf message of that many bytes. Source: mesos-protocol 1.5.
#pragma once

#include <cstdint>
#include <string>

namespace containerizer {

// Protobuf's own limit for one message, in bytes.
constexpr std::uint32_t largest_frame = 64U << 20;

enum class FrameFault { none, truncated, too_large, unreadable };

struct Frame {
  std::string bytes;  // without the length
  FrameFault fault = FrameFault::none;
  std::string text;  // the error in one line; "" without a fault
};

// Reads exactly one frame, because the slave never closes its end of the pipe. Blocks until the
// frame is complete or the input ends. If the length is larger than `largest_frame`, nothing after
// it is read.
Frame read_frame(int fd);

// Makes a frame of a message.
std::string to_frame(const std::string& bytes);

}  // namespace containerizer

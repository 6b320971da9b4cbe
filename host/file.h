// Small helpers around files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/clock.h"
#include "host/fd.h"
#include "host/result.h"

namespace containerizer {

// The content of a file (one in /proc or /sys, say), up to `most` bytes; nothing when it cannot be
// read.
inline constexpr std::size_t small_file = 65536;
std::optional<std::string> read_small_file(const std::string& path, std::size_t most = small_file);
std::optional<std::string> read_small_file(const Fd& file, std::size_t most = small_file);

struct Pipe {
  Fd read;
  Fd write;
};

// A pipe that no program inherits. unavailable: the process has too many descriptors.
Result<Pipe> make_pipe();

// What is written into a pipe until all its writers have closed it, the deadline has passed, or
// `interrupt` (a descriptor, -1 for none) is readable.
std::string read_to_end(const Fd& pipe, std::optional<Deadline> deadline = {}, int interrupt = -1);

// Writes everything, through partial writes and interruptions. False (errno set) on failure.
bool write_all(int fd, std::string_view bytes);

}  // namespace containerizer

// Small helpers around files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/host/clock.h"
#include "engine/host/fd.h"
#include "engine/host/result.h"

namespace containerizer {

// The whole content of a file of at most 64 KiB (as those in /proc and /sys); nothing when it
// cannot be read.
std::optional<std::string> read_small_file(const std::string& path);
std::optional<std::string> read_small_file(const Fd& file);

struct Pipe {
  Fd read;
  Fd write;
};

// A pipe that no program inherits. unavailable: the process has too many descriptors.
Result<Pipe> make_pipe();

// What is written into a pipe until all its writers have closed it, or the deadline has passed.
std::string read_to_end(const Fd& pipe, std::optional<Deadline> deadline = {});

// Writes everything, through partial writes and interruptions. False (errno set) on failure.
bool write_all(int fd, std::string_view bytes);

}  // namespace containerizer

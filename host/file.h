// Helper functions for files and pipes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/clock.h"
#include "host/fd.h"
#include "host/result.h"

namespace containerizer {

// The content of a file, cut after `most` bytes; empty optional if it cannot be read. It works for
// files in /proc and /sys, which report a size of 0. The second form reads from the current
// position.
inline constexpr std::size_t small_file = 65536;
std::optional<std::string> read_small_file(const std::string& path, std::size_t most = small_file);
std::optional<std::string> read_small_file(const Fd& file, std::size_t most = small_file);

struct Pipe {
  Fd read;
  Fd write;
};

// A pipe whose ends are close-on-exec. unavailable: the process or the host has no more
// descriptors.
Result<Pipe> make_pipe();

// Reads from a pipe until all its writers have closed it, the deadline has passed, or `interrupt`
// (a descriptor; -1 for none) is readable. Returns what it has read so far in each of these cases.
std::string read_to_end(const Fd& pipe, std::optional<Deadline> deadline = {}, int interrupt = -1);

// Writes all bytes, continuing after partial writes and after signals. Returns false on failure,
// with errno set; some bytes may then be written.
bool write_all(int fd, std::string_view bytes);

// Replaces the file at `path`, or creates it: a reader sees the old content or all of the new one.
// The umask limits its mode, 644. A link is followed. refused: the path is not a regular file, or
// the file cannot be written; the old one is then unchanged.
Status replace_file(const std::string& path, std::string_view content);

}  // namespace containerizer

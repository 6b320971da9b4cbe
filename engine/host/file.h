// Small helpers around files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace containerizer {

// The whole content of a file of at most 64 KiB (as those in /proc and /sys); nothing when it
// cannot be read.
std::optional<std::string> read_small_file(const std::string& path);

// Writes everything, through partial writes and interruptions. False (errno set) on failure.
bool write_all(int fd, std::string_view bytes);

}  // namespace containerizer

// Decodes the daemon's stream of a container's output into entries. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/docker/docker.h"
#include "host/result.h"

namespace containerizer {

// The output of a container without a terminal arrives in frames: one byte for the stream (1 out, 2
// err, 3 an error of the daemon), three zero bytes, four bytes of length (most significant first),
// and one entry. An entry is a timestamp, a space, and the container's bytes. The output of a
// container with a terminal has no frames. An entry then ends at a line end, or after 16 KiB, where
// the daemon cuts longer lines.
class OutputDecoder {
 public:
  enum class Format { framed, bare };
  explicit OutputDecoder(Format format) : format_(format) {}

  // Adds the next bytes of the stream, in pieces of any size.
  void feed(std::string_view bytes);

  // Returns the next complete entry, or an empty optional if more bytes are needed. unavailable:
  // the stream is malformed, an entry exceeds 16 MiB, or the daemon reported an error. The decoder
  // cannot be used after that.
  Result<std::optional<OutputEntry>> next();

  // Returns the remaining bytes as the last entry. unavailable: the last frame is incomplete.
  // REQUIRES: next() returned nothing, and the stream has ended properly.
  Result<std::optional<OutputEntry>> last();

 private:
  std::string_view rest() const { return std::string_view(buffer_).substr(taken_); }
  Result<std::optional<OutputEntry>> next_frame();
  Result<std::optional<OutputEntry>> next_line();
  std::optional<OutputEntry> take(OutputEntry::Stream stream, std::size_t header,
                                  std::size_t length);

  Format format_;
  std::string buffer_;
  std::size_t taken_ = 0;    // bytes at the front of buffer_ that have been returned
  std::size_t scanned_ = 0;  // bytes at the front of rest() that contain no line end
};

}  // namespace containerizer

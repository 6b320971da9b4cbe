// Splits the daemon's answer with a container's log into entries. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/docker/docker.h"
#include "host/result.h"

namespace containerizer {

// A container without a terminal sends frames: one byte of stream (1 out, 2 err, 3 the daemon's own
// complaint), three zero bytes, four bytes of length, most significant first, and one entry: its
// timestamp, a blank, its bytes. One with a terminal sends the entries bare, each ending at a line
// end, or after 16 KiB where the daemon cuts longer lines.
class LogDecoder {
 public:
  enum class Format { framed, bare };
  explicit LogDecoder(Format format) : format_(format) {}

  // Takes the next bytes, in pieces of any size.
  void feed(std::string_view bytes);

  // The next complete entry; nothing when more bytes are needed. unavailable: the bytes are no such
  // stream, an entry exceeds 16 MiB, or the daemon complained; the decoder is of no further use.
  Result<std::optional<LogEntry>> next();

  // REQUIRES: next() had nothing, and the stream has ended properly. What is left as the last
  // entry; unavailable when a frame is cut short.
  Result<std::optional<LogEntry>> last();

 private:
  std::string_view rest() const { return std::string_view(buffer_).substr(taken_); }
  Result<std::optional<LogEntry>> next_frame();
  Result<std::optional<LogEntry>> next_line();
  std::optional<LogEntry> take(OutputStream stream, std::size_t header, std::size_t length);

  Format format_;
  std::string buffer_;
  std::size_t taken_ = 0;    // bytes at the front of buffer_ that are done with
  std::size_t scanned_ = 0;  // bytes of rest() known to hold no line end
};

}  // namespace containerizer

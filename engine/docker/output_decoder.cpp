#include "engine/docker/output_decoder.h"

#include <algorithm>

#include "engine/docker/encoding.h"
#include "host/text.h"

namespace containerizer {

namespace {

constexpr std::size_t frame_header = 8;
constexpr std::size_t longest_entry = 16U << 20;
constexpr std::size_t piece_size = 16U << 10;  // where the daemon cuts a long line
constexpr std::size_t longest_timestamp = 35;  // with nine decimals and an offset
constexpr char error_stream = 3;               // not stderr: an error of the daemon

// The length of the timestamp at the start of `text`, if a space follows it; otherwise 0.
std::size_t timestamp_length(std::string_view text) {
  constexpr std::string_view shape = "dddd-dd-ddTdd:dd:dd";
  const std::size_t space = text.substr(0, longest_timestamp + 1).find(' ');
  if (space == std::string_view::npos || space <= shape.size()) return 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (shape[i] == 'd' ? !digit : text[i] != shape[i]) return 0;
  }
  // This also rejects a line end. Otherwise two lines could become one entry, depending on how many
  // bytes have arrived.
  const std::string_view rest = text.substr(shape.size(), space - shape.size());
  if (rest.find_first_not_of("0123456789.Z+-:") != rest.npos) return 0;
  return space;
}

Failure failure(const std::string& reason) { return Failure{Fault::unavailable, reason}; }

}  // namespace

void OutputDecoder::feed(std::string_view bytes) {
  buffer_.erase(0, std::exchange(taken_, 0));
  buffer_.append(bytes);
}

std::optional<OutputEntry> OutputDecoder::take(OutputEntry::Stream stream, std::size_t header,
                                               std::size_t length) {
  const std::string_view text = rest().substr(header, length);
  const std::size_t stamp = timestamp_length(text);
  OutputEntry entry{stream, std::string(text.substr(0, stamp)),
                    std::string(text.substr(stamp == 0 ? 0 : stamp + 1))};
  taken_ += header + length;
  scanned_ = 0;
  // clear() would keep the memory, but an idle stream must not have a buffer (docker.h).
  if (rest().empty()) {
    std::string().swap(buffer_);
    taken_ = 0;
  }
  return entry;
}

Result<std::optional<OutputEntry>> OutputDecoder::next() {
  return format_ == Format::framed ? next_frame() : next_line();
}

Result<std::optional<OutputEntry>> OutputDecoder::next_frame() {
  const std::string_view bytes = rest();
  if (bytes.size() < frame_header) return std::optional<OutputEntry>();
  const char stream = bytes[0];
  if (stream < 1 || stream > error_stream || bytes.substr(1, 3) != std::string_view("\0\0\0", 3)) {
    return failure("the daemon sent output with a malformed frame");
  }
  std::size_t length = 0;
  for (std::size_t i = 4; i < frame_header; ++i) {
    length = length << 8 | static_cast<unsigned char>(bytes[i]);
  }
  if (length > longest_entry) return failure("the daemon sent a frame of more than 16 MiB");
  if (bytes.size() - frame_header < length) return std::optional<OutputEntry>();
  if (stream == error_stream) {
    const std::string message = one_line(bytes.substr(frame_header, length));
    return failure(message.empty() ? "the daemon ended the output without giving a reason"
                                   : message);
  }
  return take(stream == 1 ? OutputEntry::Stream::out : OutputEntry::Stream::err, frame_header,
              length);
}

Result<std::optional<OutputEntry>> OutputDecoder::next_line() {
  const std::string_view bytes = rest();
  const std::size_t line_end = bytes.find('\n', scanned_);
  const bool found = line_end != std::string_view::npos;
  const std::size_t stamp = timestamp_length(bytes);
  // The daemon writes no line end after a piece of a long line. The next piece starts with its own
  // timestamp, which shows that the line was cut here.
  const std::size_t piece = (stamp == 0 ? 0 : stamp + 1) + piece_size;
  if (bytes.size() > piece && (!found || line_end >= piece) &&
      timestamp_length(bytes.substr(piece)) != 0) {
    return take(OutputEntry::Stream::out, 0, piece);
  }
  if (found) return take(OutputEntry::Stream::out, 0, line_end + 1);
  scanned_ = bytes.size();
  if (scanned_ > longest_entry) return failure("the daemon sent a line of more than 16 MiB");
  return std::optional<OutputEntry>();
}

Result<std::optional<OutputEntry>> OutputDecoder::last() {
  if (rest().empty()) return std::optional<OutputEntry>();
  if (format_ == Format::bare) return take(OutputEntry::Stream::out, 0, rest().size());
  return failure("the daemon's output ends within a frame");
}

}  // namespace containerizer

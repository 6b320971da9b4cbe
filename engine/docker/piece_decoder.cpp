#include "engine/docker/piece_decoder.h"

#include <algorithm>

#include "host/text.h"

namespace containerizer {

namespace {

constexpr unsigned char complaint = 3;

std::string_view take_front(std::string_view& bytes, std::size_t most) {
  const auto front = bytes.substr(0, most);
  bytes.remove_prefix(front.size());
  return front;
}

}  // namespace

Result<std::optional<OutputPiece>> PieceDecoder::next(std::string_view& bytes) {
  if (has_terminal_) {
    if (bytes.empty()) return std::optional<OutputPiece>();
    return std::optional(OutputPiece{OutputStream::out, take_front(bytes, bytes.size())});
  }
  while (!bytes.empty()) {
    if (left_ == 0) {
      const auto read = read_header(bytes);
      if (!read.ok()) return read.failure();
      continue;
    }
    const auto content = take_front(bytes, left_);
    left_ -= content.size();
    if (stream_ == complaint) {
      return Failure{Fault::unavailable, "the daemon ended the output early: " + one_line(content)};
    }
    const auto stream = stream_ == 1 ? OutputStream::out : OutputStream::err;
    return std::optional(OutputPiece{stream, content});
  }
  return std::optional<OutputPiece>();
}

Status PieceDecoder::read_header(std::string_view& bytes) {
  const auto part = take_front(bytes, header_.size() - header_size_);
  std::copy(part.begin(), part.end(), header_.begin() + static_cast<long>(header_size_));
  header_size_ += part.size();
  if (header_size_ < header_.size()) return Done{};
  header_size_ = 0;
  stream_ = header_[0];
  if (stream_ < 1 || stream_ > complaint || header_[1] != 0 || header_[2] != 0 || header_[3] != 0) {
    return Failure{Fault::unavailable, "the daemon sent output that is not framed correctly"};
  }
  for (std::size_t i = 4; i < header_.size(); ++i) left_ = left_ << 8 | header_[i];
  return Done{};
}

}  // namespace containerizer

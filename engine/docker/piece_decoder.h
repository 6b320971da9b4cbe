// Splits the bytes of an attachment into pieces of the two streams. Pure, and without a buffer.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "engine/docker/docker.h"
#include "host/result.h"

namespace containerizer {

// A container without a terminal sends frames: one byte of stream (1 out, 2 err, 3 the daemon's own
// complaint), three zero bytes, four bytes of length, most significant first, and that many bytes.
// A container with a terminal sends its bytes bare.
class PieceDecoder {
 public:
  explicit PieceDecoder(bool has_terminal) : has_terminal_(has_terminal) {}

  // Takes a piece off the front of `bytes`, which the piece points into. Empty: nothing is left of
  // `bytes`. unavailable: the bytes are no such stream, or the daemon complained; the decoder is of
  // no further use.
  Result<std::optional<OutputPiece>> next(std::string_view& bytes);

  // Whether the bytes so far end between two frames.
  bool is_complete() const { return header_size_ == 0 && left_ == 0; }

 private:
  Status read_header(std::string_view& bytes);

  bool has_terminal_;
  std::array<unsigned char, 8> header_{};
  std::size_t header_size_ = 0;  // bytes of the next header that have come
  std::size_t left_ = 0;         // bytes of the current frame that have not come yet
  unsigned char stream_ = 1;
};

}  // namespace containerizer

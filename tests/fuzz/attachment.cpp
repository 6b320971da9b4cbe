// The bytes of an attachment: the daemon's frames, or with a terminal whatever comes.
#include "engine/docker/piece_decoder.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

struct Told {
  std::string out;
  std::string err;
  std::string failure;

  bool operator==(const Told&) const = default;
};

Told decode(std::string_view bytes, std::size_t longest, bool has_terminal) {
  Told told;
  PieceDecoder decoder(has_terminal);
  in_pieces(bytes, longest, chance_of(bytes), [&](std::string_view arrived) {
    for (;;) {
      const auto piece = decoder.next(arrived);
      if (!piece.ok()) {
        expect_readable(piece.failure());
        told.failure = piece.failure().text;
        return false;
      }
      if (!piece.value()) break;
      (piece.value()->stream == OutputStream::out ? told.out : told.err) += piece.value()->bytes;
    }
    expect(arrived.empty(), "everything is taken");
    return true;
  });
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = as_text(data, size);
  const auto at_once = decode(bytes, 1'000'000'000, false);
  // A complaint is told as far as it has come.
  const auto in_parts = decode(bytes, 3, false);
  expect(in_parts.out == at_once.out && in_parts.err == at_once.err, "parts make the same output");
  expect(decode(bytes, 3, true).out == bytes, "nothing of a terminal gets lost");
  return 0;
}

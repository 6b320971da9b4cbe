// A container's output: the daemon's frames, or with a terminal its bare lines.
#include <vector>

#include "engine/docker/log_decoder.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

using Format = LogDecoder::Format;

// The daemon cuts a terminal's lines after 16 KiB. A fuzzer needs hours to come by one of them, so
// this byte stands for most of it.
constexpr char long_text = '\x0e';
constexpr std::size_t long_text_length = 16'350;
constexpr int most_long_texts = 4;

std::string lengthened(std::string_view input) {
  std::string bytes;
  int left = most_long_texts;
  for (const char c : input) {
    const bool is_long = c == long_text && left-- > 0;
    bytes.append(is_long ? long_text_length : 1, is_long ? 'x' : c);
  }
  return bytes;
}

struct Told {
  std::vector<std::string> entries;
  std::string bytes;

  void add(const LogEntry& entry) {
    entries.push_back((entry.stream == OutputStream::out ? "out " : "err ") + entry.timestamp +
                      " " + entry.bytes);
    bytes += entry.timestamp + (entry.timestamp.empty() ? "" : " ") + entry.bytes;
  }
};

// False when the stream is over.
bool drain(LogDecoder& decoder, Told& told) {
  for (;;) {
    const auto entry = decoder.next();
    if (!entry.ok()) {
      expect_readable(entry.failure());
      told.entries.push_back("failed: " + entry.failure().text);
      return false;
    }
    if (!entry.value()) return true;
    told.add(*entry.value());
  }
}

Told decode(std::string_view bytes, std::size_t longest, Format format) {
  Told told;
  LogDecoder decoder(format);
  bool flowing = true;
  in_pieces(bytes, longest, chance_of(bytes), [&](std::string_view piece) {
    decoder.feed(piece);
    flowing = drain(decoder, told);
    return flowing;
  });
  if (!flowing) return told;
  const auto rest = decoder.last();
  if (!rest.ok()) {
    expect_readable(rest.failure());
    told.entries.push_back("failed: " + rest.failure().text);
  } else if (rest.value()) {
    told.add(*rest.value());
  }
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = lengthened(as_text(data, size));
  for (const Format format : {Format::framed, Format::bare}) {
    const Told at_once = decode(bytes, 1'000'000'000, format);
    expect(decode(bytes, 7'000, format).entries == at_once.entries, "pieces make the same entries");
    if (bytes.size() < long_text_length) {
      expect(decode(bytes, 3, format).entries == at_once.entries, "so do a few bytes at a time");
    }
    if (format == Format::bare) expect(at_once.bytes == bytes, "nothing of a terminal gets lost");
  }
  return 0;
}

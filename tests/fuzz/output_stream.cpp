// A container's output: the daemon's frames, or the lines of a terminal.
#include <vector>

#include "engine/docker/output_decoder.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

using Format = OutputDecoder::Format;

// The daemon splits a terminal's lines after 16 KiB. A fuzzer needs hours to create such a line, so
// this byte expands to most of one.
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

struct Decoded {
  std::vector<std::string> entries;
  std::string bytes;

  void add(const OutputEntry& entry) {
    entries.push_back((entry.stream == OutputEntry::Stream::out ? "out " : "err ") +
                      entry.timestamp + " " + entry.bytes);
    bytes += entry.timestamp + (entry.timestamp.empty() ? "" : " ") + entry.bytes;
  }
};

// Returns false at the end of the stream.
bool drain(OutputDecoder& decoder, Decoded& found) {
  for (;;) {
    const auto entry = decoder.next();
    if (!entry.ok()) {
      expect_readable(entry.failure());
      found.entries.push_back("failed: " + entry.failure().text);
      return false;
    }
    if (!entry.value()) return true;
    found.add(*entry.value());
  }
}

Decoded decode(std::string_view bytes, std::size_t longest, Format format) {
  Decoded found;
  OutputDecoder decoder(format);
  bool flowing = true;
  in_pieces(bytes, longest, chance_of(bytes), [&](std::string_view piece) {
    decoder.feed(piece);
    flowing = drain(decoder, found);
    return flowing;
  });
  if (!flowing) return found;
  const auto rest = decoder.last();
  if (!rest.ok()) {
    expect_readable(rest.failure());
    found.entries.push_back("failed: " + rest.failure().text);
  } else if (rest.value()) {
    found.add(*rest.value());
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes = lengthened(as_text(data, size));
  for (const Format format : {Format::framed, Format::bare}) {
    const Decoded at_once = decode(bytes, 1'000'000'000, format);
    expect(decode(bytes, 7'000, format).entries == at_once.entries, "pieces give the same entries");
    if (bytes.size() < long_text_length) {
      expect(decode(bytes, 3, format).entries == at_once.entries,
             "a few bytes at a time give the same entries");
    }
    if (format == Format::bare) expect(at_once.bytes == bytes, "no output of a terminal is lost");
  }
  return 0;
}

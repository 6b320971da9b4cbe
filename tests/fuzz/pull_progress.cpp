// The daemon's progress report of a pull.
#include "engine/docker/pull_progress.h"

#include <vector>

#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

using Lines = std::vector<std::string>;

Lines read(std::string_view bytes, std::size_t longest) {
  Lines lines;
  // A constant clock: lines must not depend on the time.
  PullProgress progress([&](const PullNews& news) { lines.push_back(news.line); }, Duration::zero(),
                        [] { return Deadline(); });
  Status status = Done{};
  in_pieces(bytes, longest, chance_of(bytes), [&](std::string_view piece) {
    status = progress.feed(piece);
    return status.ok();
  });
  if (status.ok()) status = progress.finish();
  for (const auto& line : lines) {
    expect(!line.empty() && is_one_line(line), "progress is one line", line);
  }
  if (!status.ok()) {
    expect_readable(status.failure());
    lines.push_back("failed: " + status.failure().text);
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = as_text(data, size);
  const Lines at_once = read(bytes, 1'000'000'000);
  expect(read(bytes, 1) == at_once, "single bytes give the same progress");
  expect(read(bytes, 50) == at_once, "pieces give the same progress");
  return 0;
}

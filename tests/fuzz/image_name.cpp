// Names of images from tasks.
#include "engine/translation/image_name.h"

#include "engine/docker/encoding.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

void check_parts(const std::string& reference) {
  const ImageName parts = split_reference(reference);
  expect(!parts.repository.empty() && !parts.tag.empty(), "a reference has both parts", reference);
  expect(reference.starts_with(parts.repository), "the repository is as written", reference);
  const bool digest = reference.find('@') != std::string::npos;
  expect(reference.ends_with((digest ? "@" : ":") + parts.tag), "the tag is as written", reference);
  const auto again = image_reference(parts.repository + (digest ? "@" : ":") + parts.tag);
  expect(again.ok(), "the parts form a reference", reference);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string image(as_text(data, size));
  const auto reference = image_reference(image);
  if (!reference.ok()) {
    expect_readable(reference.failure());
    expect(!reference.failed_with(Fault::unavailable), "a name is refused or empty", image);
    return 0;
  }
  const std::string& text = reference.value();
  expect(is_one_line(text) && text.find(' ') == text.npos, "a reference is one word", text);
  const auto again = image_reference(text);
  expect(again.ok() && again.value() == text, "a reference is its own reference", text);
  const auto url = image_reference("docker:///" + text);
  expect(url.ok() && url.value() == text, "its URL gives the same reference", text);
  check_parts(text);
  expect(!registry_of(text).empty(), "an image has a registry", text);
  return 0;
}

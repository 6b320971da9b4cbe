// The daemon's JSON about containers.
#include <boost/json/serialize.hpp>

#include "engine/docker/answers.h"
#include "engine/docker/encoding.h"
#include "host/json.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

void check_facts(const ContainerFacts& facts) {
  expect(!facts.id.empty() && !facts.status.empty(), "a container has an id and a state");
  expect(is_one_line(facts.error), "the daemon's message is one line", facts.error);
}

// The query of our client for the output since a time that the daemon has sent.
void check_time(const std::string& time) {
  const auto seconds = unix_time(time);
  if (!seconds.ok()) return expect_readable(seconds.failure());
  const auto point = seconds.value().find('.');
  constexpr std::size_t decimals = 9;
  expect(point != std::string::npos && seconds.value().size() == point + 1 + decimals &&
             seconds.value().find_first_not_of("-.0123456789") == std::string::npos,
         "a time is a number with nine decimals", seconds.value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = as_text(data, size);
  const auto document = parse_json(bytes);
  if (!document) return 0;
  const auto facts = read_inspect(*document);
  if (facts) {
    check_facts(*facts);
    check_time(facts->finished_at);
  }
  const auto list = read_list(*document);
  expect(!list || !facts, "one container is not a list");
  if (list) std::for_each(list->begin(), list->end(), check_facts);

  const auto again = parse_json(boost::json::serialize(*document));
  if (!again) return 0;  // a number may be too large to be written
  expect(read_inspect(*again).has_value() == facts.has_value() &&
             has_terminal(*again) == has_terminal(*document),
         "a document means what it means written anew", bytes);
  return 0;
}

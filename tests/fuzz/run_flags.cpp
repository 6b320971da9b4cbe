// Flags of `docker run`. The lines of the input are a task's options, and the keys and values of
// its parameters.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "engine/translation/run_flags/flag_translation.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/text.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

using Words = google::protobuf::RepeatedPtrField<std::string>;
using Pairs = google::protobuf::RepeatedPtrField<mesos::Parameter>;

bool alike(const std::vector<RunFlag>& a, const std::vector<RunFlag>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.name == other.name && one.value == other.value;
  });
}

// The result of applying flags, as text. Only a few ports are allowed, because more take most of
// the time.
std::string applied(const std::vector<RunFlag>& flags, const std::string& network) {
  CreateRequest request;
  request.ports = std::size_t{3} * 65535 - 100;
  field(request.body, "HostConfig.NetworkMode") = network;
  const Status done = apply_run_flags(flags, request);
  if (!done.ok()) {
    expect_readable(done.failure());
    expect(done.failed_with(Fault::refused), "a flag is refused", done.failure().text);
    return done.failure().text;
  }
  auto text = boost::json::serialize(request.body);
  boost::system::error_code error;
  const auto back = boost::json::parse(text, error);
  expect(error || back == request.body, "a body is the same after writing and reading", text);
  return text;
}

void check_flags(const std::vector<RunFlag>& flags) {
  Pairs pairs;
  for (const RunFlag& flag : flags) {
    expect(has_flag(flags, flag.name), "an existing flag is found", flag.name);
    mesos::Parameter& pair = *pairs.Add();
    pair.set_key(flag.name);
    pair.set_value(flag.value);
  }
  const auto again = parse_parameters(pairs);
  expect(again.ok() && alike(again.value().flags, flags), "a flag is the same in either form");
  if (const auto network = network_flag(flags); !network.ok()) expect_readable(network.failure());
  for (const std::string network : {"host", "my.net"}) {
    expect(applied(flags, network) == applied(flags, network), "the same flags give the same body");
  }
}

void check(const Result<RunOptions>& options) {
  if (options.ok()) return check_flags(options.value().flags);
  expect_readable(options.failure());
  expect(options.failed_with(Fault::refused), "words are refused", options.failure().text);
}

// Checks that words that are quoted as one line are split into the same words.
void check_quoting(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    line += " '";
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += "'";
  }
  const auto split = split_words(line);
  expect(split.ok() && split.value() == words, "quoted words stay as they are", line);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto lines = split(as_text(data, size), '\n');
  const Words words(lines.begin(), lines.end());
  const auto options = parse_run_options(words);
  check(options);
  const auto again = parse_run_options(words);
  expect(again.ok() == options.ok(), "the same words have the same result");
  if (again.ok())
    expect(alike(again.value().flags, options.value().flags), "the same words give the same flags");

  Pairs pairs;
  for (std::size_t i = 0; i + 1 < lines.size(); i += 2) {
    mesos::Parameter& pair = *pairs.Add();
    pair.set_key(lines[i]);
    pair.set_value(lines[i + 1]);
  }
  check(parse_parameters(pairs));
  check_quoting(lines);
  if (const auto split = split_words(as_text(data, size)); !split.ok()) {
    expect_readable(split.failure());
  }
  return 0;
}

#include "host/options.h"

#include <catch2/catch.hpp>

#include "host/text.h"

using namespace containerizer;

namespace {

// -D, --debug and -P are switches; -H, --host and -e take a value.
Result<bool> is_switch(const std::string& name) {
  if (name == "-D" || name == "--debug" || name == "-P") return true;
  if (name == "-H" || name == "--host" || name == "-e") return false;
  return Failure{Fault::refused, "unknown " + name};
}

// "NAME=VALUE" for each option, separated by "|"; an error in the end, if there is one.
std::string read(const std::string& line) {
  const auto words = split_words(line);
  REQUIRE(words.ok());
  OptionReader reader(is_switch);
  std::string result;
  for (const auto& word : words.value()) {
    const auto options = reader.read(word);
    if (options.failed_with(Fault::not_found)) return result + "! not an option: " + word;
    if (!options.ok()) return result + "! " + options.failure().text;
    for (const auto& [name, value] : options.value()) result += name + "=" + value + "|";
  }
  return reader.without_value().empty() ? result : result + "! no value: " + reader.without_value();
}

}  // namespace

TEST_CASE("Options are split as docker splits them", "[options]") {
  const std::pair<std::string, std::string> rows[] = {
      {"", ""},
      {"--host a --host=b", "--host=a|--host=b|"},
      {"--host=", "--host=|"},
      {"--host=a=b", "--host=a=b|"},
      {"--debug --debug=false", "--debug=true|--debug=false|"},
      {"-H a -Hb -H=c", "-H=a|-H=b|-H=c|"},
      {"-H=", "-H=|"},
      {"-e X=Y -eX=Y -e=X=Y", "-e=X=Y|-e=X=Y|-e=X=Y|"},
      {"-D -D=false -DP", "-D=true|-D=false|-D=true|-P=true|"},
      {"-DP=0", "-D=true|-P=0|"},
      {"-DPHa -DH b", "-D=true|-P=true|-H=a|-D=true|-H=b|"},
      {"-H --debug", "-H=--debug|"},
      {"-H '' -D", "-H=|-D=true|"},
      {"--host", "! no value: --host"},
      {"-DH", "-D=true|! no value: -H"},
      {"--nonsense=1", "! unknown --nonsense"},
      {"--=1", "! unknown --"},
      {"-Dx", "! unknown -x"},
      {"-D ps", "-D=true|! not an option: ps"},
      {"-", "! not an option: -"},
      {"--", "! not an option: --"},
      {"''", "! not an option: "},
  };
  for (const auto& [line, expected] : rows) {
    INFO(line);
    CHECK(read(line) == expected);
  }
}

TEST_CASE("A switch takes the values that Go takes", "[options]") {
  for (const auto* yes : {"1", "t", "T", "TRUE", "true", "True"}) CHECK(parse_switch(yes) == true);
  for (const auto* no : {"0", "f", "F", "FALSE", "false", "False"})
    CHECK(parse_switch(no) == false);
  for (const auto* neither : {"", "yes", "tRUE", "2"}) CHECK(parse_switch(neither) == std::nullopt);
}

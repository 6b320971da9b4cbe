#include "host/text.h"

#include <catch2/catch.hpp>

using namespace containerizer;

TEST_CASE("word that a person probably meant") {
  const std::vector<std::string> words{"launch", "history", "ps", "show"};
  CHECK(nearest_word("hsitory", words) == "history");
  CHECK(nearest_word("lunch", words) == "launch");
  CHECK(nearest_word("frobnicate", words).empty());
  CHECK(nearest_word("", words).empty());
}

TEST_CASE("Words split as a shell splits them", "[text]") {
  using Words = std::vector<std::string>;
  const std::pair<std::string, Words> rows[] = {
      {"", {}},
      {"  \t ", {}},
      {"a  b\tc\n", {"a", "b", "c"}},
      {"'a b' c", {"a b", "c"}},
      {"a'b c'd", {"ab cd"}},
      {"\"a 'b'\"", {"a 'b'"}},
      {"'' x", {"", "x"}},
      {R"(a\ b)", {"a b"}},
      {R"("a\"b\n")", {R"(a"b\n)"}},
      {R"('a\b')", {R"(a\b)"}},
  };
  for (const auto& [line, words] : rows) {
    INFO(line);
    const auto split = split_words(line);
    REQUIRE(split.ok());
    CHECK(split.value() == words);
  }
  CHECK(split_words("a 'b").failed_with(Fault::refused));
  CHECK(split_words("\"").failed_with(Fault::refused));
  CHECK(split_words("a \\").failed_with(Fault::refused));
}

TEST_CASE("text on one line", "[text]") {
  CHECK(one_line("") == "");
  CHECK(one_line(" \n\t ") == "");
  CHECK(one_line("  two\nlines\x1b[31m\r\n") == "two lines [31m");
  CHECK(one_line("abcdef", 3) == "abc…");
  CHECK(one_line("abc", 3) == "abc");
}

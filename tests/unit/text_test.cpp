#include "host/text.h"

#include <catch2/catch.hpp>

using namespace containerizer;

TEST_CASE("bytes that are no characters are found") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("a\u009b\u00e4\U0001F600\uFFFD"));
  CHECK_FALSE(is_utf8("a\xff"));
  CHECK_FALSE(is_utf8("\xc3"));
  CHECK_FALSE(is_utf8("\xed\xa0\x80"));
}

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

TEST_CASE("characters that steer a terminal are blanks on one line", "[text]") {
  CHECK(one_line("a\u009b2Jb") == "a 2Jb");
  CHECK(one_line("a\u0085b") == "a b");
  CHECK(one_line("a\u202eb\u2066c\u200fd\u2028e\ufefff") == "a b c d e f");
  CHECK(one_line("a\x9b"
                 "2J") == "a?2J");
  CHECK(one_line("\xc3") == "?");
  CHECK(one_line("\xc0\x9b|\xe0\x80\x9b|\xed\xa0\x80|\xf5\x80\x80\x80") == "??|???|???|????");
  CHECK(one_line("grün 日本 \U0001F600…") == "grün 日本 \U0001F600…");
  // Cut between two characters.
  CHECK(one_line("grün", 3) == "gr…");
}

TEST_CASE("a quote is short, and one line", "[text]") {
  CHECK(in_quotes("a\nb\"c\\d") == R"("a\nb\"c\\d")");
  CHECK(in_quotes("a\u009b\u202e\x9b\x7f\x01") == R"("a\u009b\u202e\ufffd\u007f\u0001")");
  CHECK(in_quotes("grün") == "\"grün\"");
  for (const auto* piece : {"x", "\x01", "\x9b", "\u202e", "日"}) {
    std::string huge;
    while (huge.size() < 100'000) huge += piece;
    CHECK(in_quotes(huge).size() <= 1024);
    CHECK_THAT(in_quotes(huge), Catch::EndsWith("…\""));
  }
}

TEST_CASE("text for a terminal, and JSON", "[text]") {
  CHECK(safe_lines("a\u009b\nb\x1b[2J\n") == "a \nb [2J\n");
  CHECK(safe_json("{\"a\u202e\x9b\":1}") == R"({"a\u202e\ufffd":1})");
}

TEST_CASE("logins of URIs are left out", "[text]") {
  CHECK(without_logins("ftp://me:secret@host/x@y") == "ftp://…@host/x@y");
  CHECK(without_logins("'http://a:b@c@host' http://host/ s3n://k:s@b/") ==
        "'http://…@host' http://host/ s3n://…@b/");
  CHECK(without_logins("http://host/a://b:c@d") == "http://host/a://…@d");
  CHECK(without_logins("no URI: a@b") == "no URI: a@b");
}

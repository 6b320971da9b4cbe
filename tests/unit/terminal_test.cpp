#include "cli/terminal.h"

#include <catch2/catch.hpp>
#include <sstream>

using namespace containerizer;
using Catch::Contains;

namespace {

Screen screen(std::size_t columns, bool has_colours = false) {
  Screen made;
  made.columns = columns;
  made.lines = 24;
  made.has_colours = has_colours;
  return made;
}

const Rows& some_rows() {
  static const Rows rows{
      {"CONTAINER", "STATE", "SINCE", "TASK", "IMAGE", "END"},
      {"6a78b2f0-aaaa-bbbb-cccc-ddddeeeeffff", "Running", "3.2 s", "a rather long name of a task",
       "registry.example.com:5000/team/project/image:2026-11-26", "-"},
      {"c2", "Gone", "5 min", "tâche 日本語", "busybox", "exit 3"},
  };
  return rows;
}

// The longest line, without the codes of colours.
std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    for (auto at = line.find('\x1b'); at != std::string::npos; at = line.find('\x1b')) {
      line.erase(at, line.find('m', at) - at + 1);
    }
    widest = std::max(widest, width_of(line));
  }
  return widest;
}

}  // namespace

TEST_CASE("a table fits the terminal") {
  for (std::size_t columns = 10; columns <= 200; ++columns) {
    CAPTURE(columns);
    const auto text = table(some_rows(), screen(columns, columns % 2 == 0));
    CHECK(widest_line(text) <= columns);
    // Every row is there, even where its ID is cut.
    CHECK_THAT(text, Contains("exit 3"));
    CHECK((columns < 16 || text.find("c2") != std::string::npos));
  }
}

TEST_CASE("a table is not cut where it is no terminal's") {
  const auto text = table(some_rows());
  CHECK_THAT(text, Contains("6a78b2f0-aaaa-bbbb-cccc-ddddeeeeffff") && Contains(":2026-11-26"));
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find(" \n") == std::string::npos);
}

TEST_CASE("columns are aligned by what a terminal shows") {
  const Rows rows{{"A", "B"}, {"日本", "x"}, {"é", "y"}};
  CHECK(table(rows) == "A     B\n日本  x\né     y\n");
}

TEST_CASE("states and ends have colours only where they are wanted") {
  CHECK(in_colour("Running", screen(80)) == "Running");
  CHECK(in_colour("Running", screen(80, true)) == "\x1b[32mRunning\x1b[0m");
  CHECK(in_colour("exit 3", screen(80, true)) !=
        in_colour("exit 0", screen(80, true)).replace(9, 1, "3"));
  CHECK(in_colour("-", screen(80, true)) == "-");
  CHECK_THAT(table(some_rows(), screen(200, true)), Contains("\x1b[32mRunning\x1b[0m"));
}

TEST_CASE("a name cannot steer the terminal from a table") {
  const Rows rows{{"TASK", "STATE"}, {"\x1b[2J\u202eevil\n\u009b", "\x1b[31mRunning"}};
  for (const auto& one : {screen(0), screen(20), screen(80)}) {
    const auto text = table(rows, one) + list_of_pairs(rows, one);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("\u202e") == std::string::npos);
    CHECK(text.find("\u009b") == std::string::npos);
  }
}

TEST_CASE("long text continues on the next line") {
  CHECK(folded("one two three", screen(8)) == "one two\nthree");
  CHECK(folded("- one two three", screen(9), 2) == "- one two\n  three");
  CHECK(folded("one  two", screen(80)) == "one  two");
  CHECK(folded("abcdefghij", screen(4)) == "abcd\nefgh\nij");
  CHECK(folded("one two", screen(0)) == "one two");
  for (std::size_t columns = 1; columns < 60; ++columns) {
    CAPTURE(columns);
    const auto text = folded("A sentence with 日本語 and a-very-long-word-that-has-no-blank in it.",
                             screen(columns), 4);
    CHECK(widest_line(text) <= std::max<std::size_t>(columns, 2));
  }
}

TEST_CASE("IDs are short on a terminal only") {
  const std::string id = "6a78b2f0-aaaa-bbbb-cccc-ddddeeeeffff";
  CHECK(shown_id(id, screen(80)) == "6a78b2f0-aaa");
  CHECK(shown_id(id, screen(0)) == id);
}

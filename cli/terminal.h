// What people see on a terminal: tables that fit it, colours, and a pager.
//
// Every text that these functions return is safe for a terminal, whatever names of tasks and images
// contain, apart from the colours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/invocation.h"

namespace containerizer {

struct Screen {
  std::size_t columns = 0;  // 0: the output is not a terminal; nothing is cut then
  std::size_t lines = 0;
  bool has_colours = false;  // not with NO_COLOR, nor on a dumb terminal
};

Screen screen_of(const Invocation& invocation);

using Rows = std::vector<std::vector<std::string>>;

// The rows as lines of aligned columns. The first row is the heading. A cell that does not fit the
// screen is cut. On a very narrow screen, each row becomes one line per cell.
std::string table(const Rows& rows, const Screen& screen = {});

// Rows of a name and a value: long values continue on the next line.
std::string list_of_pairs(const Rows& rows, const Screen& screen = {});

// `text` on lines of at most the screen's width, broken at blanks. The lines after the first start
// with `indent` blanks.
std::string folded(const std::string& text, const Screen& screen, std::size_t indent = 0);

// `text` as one line that is not longer than the screen's width.
std::string cut_to_screen(const std::string& text, const Screen& screen);

// A container's ID as a person reads it: short on a terminal, whole anywhere else.
std::string shown_id(const std::string& container_id, const Screen& screen);

// The cells that a terminal shows a text in.
std::size_t width_of(std::string_view text);

// A word in bold type, if the screen has colours.
std::string in_bold(const std::string& word, const Screen& screen);
// A state, an ending or "ok", "warning", "error" in its colour.
std::string in_colour(const std::string& word, const Screen& screen);

// Prints text of the functions above to the original standard output, through the operator's pager
// if that is a terminal and the text is longer than it. PAGER selects the pager, as for git; empty
// or "cat" for none. Returns the exit status.
int print_page(const Invocation& invocation, const std::string& text, const Screen& screen);

}  // namespace containerizer

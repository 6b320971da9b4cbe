#include "cli/terminal.h"

#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <numeric>

#include "cli/printing.h"
#include "engine/lifecycle/lifecycle.h"
#include "host/file.h"
#include "host/text.h"

namespace containerizer {
namespace {

constexpr std::size_t gap = 2;             // blanks between two columns
constexpr std::size_t narrowest = 8;       // a column is not cut below this
constexpr std::size_t usual_columns = 80;  // of a terminal that does not report its width
constexpr const char* plain = "\x1b[0m";

// One line, and without the characters that steer a terminal.
std::string safe(const std::string& text) { return one_line(text, text.size()); }

// Removes the characters from the front of `text` that fit into `width`, one at least, and returns
// them. REQUIRES: `text` is not empty.
std::string take(std::string& text, std::size_t width) {
  std::size_t end = 0;
  std::size_t used = 0;
  while (end < text.size()) {
    std::size_t next = end + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0U) == 0x80U) ++next;
    used += width_of(std::string_view(text).substr(end, next - end));
    if (end > 0 && used > width) break;
    end = next;
  }
  auto front = text.substr(0, end);
  text.erase(0, end);
  return front;
}

std::string cut(std::string text, std::size_t width) {
  if (width_of(text) <= width) return text;
  return width < 2 ? "…" : take(text, width - 1) + "…";
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, width_of(text)), ' ');
}

std::vector<std::size_t> widths_of(const Rows& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  }
  return widths;
}

// Takes from the widest column until all fit. A time is not cut, because nothing would be left of
// it. False if the columns would become too narrow.
bool fit(std::vector<std::size_t>& widths, const std::vector<std::string>& headings,
         std::size_t columns) {
  std::vector<std::size_t*> flexible;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (headings[i] != "TIME") flexible.push_back(&widths[i]);
  }
  auto total = std::accumulate(widths.begin(), widths.end(), gap * (widths.size() - 1));
  for (; total > columns; --total) {
    const auto widest = std::max_element(flexible.begin(), flexible.end(),
                                         [](const auto* a, const auto* b) { return *a < *b; });
    if (widest == flexible.end() || **widest <= narrowest) return false;
    --**widest;
  }
  return true;
}

bool is_coloured(const std::string& heading) {
  return heading == "STATE" || heading == "END" || heading == "TO";
}

std::string aligned(const Rows& rows, const std::vector<std::size_t>& widths,
                    const Screen& screen) {
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    std::size_t due = 0;  // blanks before the next cell
    for (std::size_t i = 0; i < row.size(); ++i) {
      const auto cell = cut(row[i], widths[i]);
      if (!cell.empty()) {
        line.append(due, ' ');
        due = 0;
        const bool colour = &row != rows.data() && is_coloured(rows[0][i]);
        line += colour ? in_colour(cell, screen) : cell;
      }
      due += widths[i] - std::min(widths[i], width_of(cell)) + gap;
    }
    text += line + "\n";
  }
  return text;
}

// One line per cell, and an empty line between two rows.
std::string as_cards(const Rows& rows, const Screen& screen) {
  std::string text;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    if (r > 1) text += "\n";
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      const auto heading = cut(rows[0][i], screen.columns);
      const auto room = screen.columns - std::min(screen.columns, width_of(heading) + 1);
      const auto cell = cut(rows[r][i], room);
      text += heading;
      if (room > 0) text += " " + (is_coloured(heading) ? in_colour(cell, screen) : cell);
      text += "\n";
    }
  }
  return text;
}

const char* code_of(const std::string& word) {
  if (word == "ok" || word == "exit 0" || word == name_of(State::running)) return "\x1b[32m";
  if (word == "killed" || word == name_of(State::gone)) return "\x1b[2m";
  if (word == "warning" || state_named(word)) return "\x1b[33m";
  return word == "-" ? "" : "\x1b[31m";
}

std::string pager_of(const Environment& environment) {
  const auto chosen = value_or(environment, "PAGER", "less");
  const bool is_dumb = value_or(environment, "TERM", "dumb") == "dumb";
  return chosen == "cat" || is_dumb ? "" : chosen;
}

// Runs the pager with `text` as its input, and waits for it. It stays in our session, so that it
// can read keys from the terminal. False if it cannot be started.
bool run_pager(const Invocation& invocation, const std::string& command, const std::string& text) {
  auto pipe = make_pipe();
  if (!pipe.ok()) return false;
  auto environment = invocation.environment;
  // What git gives it: quit at once if the text fits, pass colours on, keep the screen.
  environment.emplace("LESS", "FRX");
  environment.emplace("LV", "-c");
  auto variables = as_strings(environment);
  std::vector<char*> pointers;
  pointers.reserve(variables.size() + 1);
  for (auto& one : variables) pointers.push_back(one.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, pipe.value().read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, invocation.output, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  std::string shell = "sh", option = "-c", line = command;
  char* const arguments[] = {shell.data(), option.data(), line.data(), nullptr};
  pid_t pid = 0;
  const int error = posix_spawn(&pid, "/bin/sh", &files, &attributes, arguments, pointers.data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return false;
  pipe.value().read.close();
  // A person who quits the pager early closes the pipe.
  write_all(pipe.value().write.get(), text);
  pipe.value().write.close();
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return true;
}

}  // namespace

Screen screen_of(const Invocation& invocation) {
  winsize size{};
  if (::ioctl(invocation.output, TIOCGWINSZ, &size) != 0) return {};
  Screen screen;
  screen.columns = size.ws_col > 0 ? size.ws_col : usual_columns;
  screen.lines = size.ws_row > 0 ? size.ws_row : 24;
  screen.has_colours = value_or(invocation.environment, "NO_COLOR", "").empty() &&
                       value_or(invocation.environment, "TERM", "dumb") != "dumb";
  return screen;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if ((byte & 0xC0U) == 0x80U) continue;  // not the first byte of a character
    // Characters of East Asia and emoji take two cells: U+3000 to U+DFFF, the wide forms of ASCII,
    // and everything from U+10000 on.
    const bool is_wide = byte >= 0xF0U || (byte >= 0xE3U && byte <= 0xEDU) ||
                         (byte == 0xEFU && at + 1 < text.size() &&
                          static_cast<unsigned char>(text[at + 1]) >= 0xBCU &&
                          static_cast<unsigned char>(text[at + 1]) <= 0xBDU);
    width += is_wide ? 2 : 1;
  }
  return width;
}

std::string table(const Rows& rows, const Screen& screen) {
  auto clean = rows;
  for (auto& row : clean) {
    for (auto& cell : row) cell = safe(cell);
  }
  auto widths = widths_of(clean);
  if (screen.columns > 0 && !widths.empty() && !fit(widths, clean[0], screen.columns)) {
    return as_cards(clean, screen);
  }
  return aligned(clean, widths, screen);
}

std::string list_of_pairs(const Rows& rows, const Screen& screen) {
  std::size_t longest = 0;
  for (const auto& row : rows) longest = std::max(longest, width_of(safe(row[0])));
  std::string text;
  for (const auto& row : rows) {
    text +=
        folded(padded(safe(row[0]), longest + gap) + safe(row[1]), screen, longest + gap) + "\n";
  }
  return text;
}

std::string folded(const std::string& text, const Screen& screen, std::size_t indent) {
  if (screen.columns == 0) return text;
  if (indent * 2 > screen.columns) indent = 0;
  std::string lines;
  std::size_t used = 0;
  const auto begin_line = [&] {
    lines += "\n" + std::string(indent, ' ');
    used = indent;
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto first = std::min(text.find_first_not_of(' ', at), text.size());
    const auto blanks = text.substr(at, first - at);
    at = std::min(text.find(' ', first), text.size());
    auto word = text.substr(first, at - first);
    if (used + blanks.size() + width_of(word) <= screen.columns) {
      lines += blanks;
      used += blanks.size();
    } else if (used > indent) {
      begin_line();
    }
    // A word that is longer than a line is broken anywhere.
    while (used + width_of(word) > screen.columns) {
      lines += take(word, screen.columns - std::min(used, screen.columns));
      begin_line();
    }
    lines += word;
    used += width_of(word);
  }
  return lines;
}

std::string cut_to_screen(const std::string& text, const Screen& screen) {
  return screen.columns == 0 ? safe(text) : cut(safe(text), screen.columns);
}

std::string shown_id(const std::string& container_id, const Screen& screen) {
  constexpr std::size_t short_length = 12;
  return screen.columns > 0 ? container_id.substr(0, short_length) : container_id;
}

std::string in_bold(const std::string& word, const Screen& screen) {
  return screen.has_colours ? "\x1b[1m" + word + plain : word;
}

std::string in_colour(const std::string& word, const Screen& screen) {
  const std::string code = screen.has_colours ? code_of(word) : "";
  return code.empty() ? word : code + word + plain;
}

int print_page(const Invocation& invocation, const std::string& text, const Screen& screen) {
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  const auto command = screen.columns > 0 && lines >= screen.lines
                           ? pager_of(invocation.environment)
                           : std::string();
  if (!command.empty() && run_pager(invocation, command, text)) return exit_ok;
  return print_safe(invocation, text);
}

}  // namespace containerizer

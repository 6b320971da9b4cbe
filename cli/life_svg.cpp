#include "cli/life_svg.h"

#include <algorithm>

#include "host/format.h"
#include "host/text.h"
#include "host/times.h"

namespace containerizer {
namespace {

constexpr int names = 110;
constexpr int bars = 640;
constexpr int row = 26;
constexpr int head = 64;

constexpr const char* style =
    "svg{font:13px sans-serif;background:#fff}text{fill:#1d2433}.faint{fill:#667085}"
    ".back{fill:#fff}.Accepted,.Fetching{fill:#aeb7c6}.Pulling{fill:#e0a100}"
    ".Creating,.Starting{fill:#8a63d2}.Running{fill:#2f7de1}.Stopping{fill:#d0632f}"
    ".Exited,.Removing,.Gone{fill:#98a2b3}"
    "@media(prefers-color-scheme:dark){svg{background:#12161d}.back{fill:#12161d}"
    "text{fill:#e6e9ef}.faint{fill:#98a2b3}}";

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : one_line(text)) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string text_at(int x, int y, const std::string& text, const char* kind = "") {
  return formatted("<text x=\"{}\" y=\"{}\" class=\"{}\">{}</text>\n", x, y, kind, escaped(text));
}

// One state that lasted from `from` to `to`, of a life of `whole` milliseconds.
std::string row_of(const std::string& state, int y, double from, double to, double whole) {
  const double left = names + bars * from / whole;
  const double width = std::max(bars * (to - from) / whole, 1.0);
  return text_at(12, y + 14, state) +
         formatted(
             "<rect class=\"{}\" x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"14\" rx=\"2\"/>\n",
             escaped(state), left, y + 3, width) +
         text_at(names + bars + 12, y + 14, how_long(static_cast<std::int64_t>(to - from)),
                 "faint");
}

}  // namespace

std::string draw_life(const store::Life& life, std::int64_t now) {
  const bool is_gone = !life.states.empty() && life.states.back().first == "Gone";
  const auto begin = life.states.empty() ? now : life.states.front().second;
  const auto end = is_gone ? life.states.back().second : std::max(now, begin);
  const auto whole = static_cast<double>(std::max<std::int64_t>(end - begin, 1));
  const int height = head + static_cast<int>(life.states.size()) * row + 16;
  std::string svg = formatted(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
      "{1}\""
      " role=\"img\">\n<style>{2}</style>\n<rect class=\"back\" width=\"{0}\" height=\"{1}\"/>\n",
      names + bars + 100, height, style);
  svg += text_at(12, 22, formatted("{}  {}", life.task, life.image.value_or("")));
  const auto ending =
      life.ending ? formatted("{}: {}", *life.ending, life.message) : std::string("not ended");
  svg += text_at(
      12, 40, formatted("{}  since {}  {}", life.container_id, local_time(begin), ending), "faint");
  int y = head;
  for (std::size_t i = 0; i < life.states.size(); ++i, y += row) {
    const auto from = life.states[i].second;
    const auto to = i + 1 < life.states.size() ? life.states[i + 1].second : end;
    svg += row_of(life.states[i].first, y, static_cast<double>(from - begin),
                  static_cast<double>(std::max(to, from) - begin), whole);
  }
  return svg + "</svg>\n";
}

}  // namespace containerizer

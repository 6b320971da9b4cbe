#include "cli/sandbox_output.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "host/sandbox.h"
#include "host/text.h"

namespace containerizer {

namespace {

// "2026-11-27 02:40:30.606 W [supervise …" of this program; "I1127 02:40:30.606 …" of Mesos, which
// has the year in front of the month since glog 0.5.
bool is_of_a_log(std::string_view line) {
  const auto fits = [&](std::string_view form) {
    if (line.size() < form.size()) return false;
    return std::equal(form.begin(), form.end(), line.begin(), [](char wanted, char found) {
      return wanted == '0' ? found >= '0' && found <= '9' : wanted == '?' || wanted == found;
    });
  };
  return fits("0000-00-00 00:00:00.000 ? [") || fits("?0000 00:00:00.") ||
         fits("?00000000 00:00:00.");
}

}  // namespace

std::string last_line_of(const std::string& sandbox, const std::string& name) {
  constexpr std::size_t longest_line = 300;
  const auto file = read_only_sandbox_file(sandbox, name);
  if (!file.ok()) return "";
  std::array<char, 8192> text{};
  const auto end = ::lseek(file.value().get(), 0, SEEK_END);
  const auto from = std::max<off_t>(0, end - static_cast<off_t>(text.size()));
  const auto size = ::pread(file.value().get(), text.data(), text.size(), from);
  std::string_view rest(text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  while (!rest.empty()) {
    const auto start = rest.rfind('\n');
    auto line = one_line(rest.substr(start == rest.npos ? 0 : start + 1), longest_line);
    if (!line.empty() && !is_of_a_log(line)) return line;
    if (start == rest.npos) break;
    rest = rest.substr(0, start);
  }
  return "";
}

void skip_to_tail(const Fd& file, std::int64_t lines) {
  std::array<char, 65536> block;
  auto at = ::lseek(file.get(), 0, SEEK_END);
  bool is_end = true;  // the line end of the last line ends no line before it
  while (at > 0) {
    const auto from = std::max<off_t>(0, at - static_cast<off_t>(block.size()));
    const auto size = ::pread(file.get(), block.data(), static_cast<std::size_t>(at - from), from);
    for (auto i = size; i > 0; --i) {
      const bool ends_line = block[static_cast<std::size_t>(i - 1)] == '\n';
      if (ends_line && !is_end && --lines == 0) {
        ::lseek(file.get(), from + i, SEEK_SET);
        return;
      }
      is_end = false;
    }
    at = from;
  }
  ::lseek(file.get(), 0, SEEK_SET);
}

}  // namespace containerizer

#include "host/times.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <optional>
#include <string_view>

#include "host/format.h"
#include "host/text.h"

namespace containerizer {
namespace {

constexpr std::int64_t second = 1000;

std::string date_and_time(const std::tm& parts, std::int64_t wall) {
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return formatted("{}.{:03}", text, wall % second);
}

std::optional<std::int64_t> duration_in(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t milliseconds;
  };
  constexpr std::int64_t minute = 60 * second;
  constexpr std::int64_t hour = 60 * minute;
  constexpr std::int64_t day = 24 * hour;
  static constexpr Unit units[] = {{"s", second}, {"m", minute}, {"min", minute},
                                   {"h", hour},   {"d", day},    {"w", 7 * day}};
  double number = 0;
  const auto* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || !(number >= 0) || number > 1e6) return std::nullopt;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const auto& unit : units) {
    if (unit.name != name) continue;
    return static_cast<std::int64_t>(number * static_cast<double>(unit.milliseconds));
  }
  return std::nullopt;
}

// The offset of a zone, "Z" or "+hh:mm", in seconds east of Greenwich.
std::optional<std::int64_t> offset_in(std::string_view zone) {
  if (zone == "Z" || zone == "z") return 0;
  unsigned hours = 0;
  unsigned minutes = 0;
  const bool is_numeric = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') &&
                          zone[3] == ':' && to_number(zone.substr(1, 2), hours) &&
                          to_number(zone.substr(4), minutes);
  if (!is_numeric) return std::nullopt;
  return std::int64_t{60} * (hours * 60 + minutes) * (zone[0] == '-' ? -1 : 1);
}

std::optional<std::int64_t> time_in(std::string text) {
  if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
  for (const char* format : {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
    std::tm parts{};
    const char* rest = ::strptime(text.c_str(), format, &parts);
    if (rest == nullptr) continue;
    double fraction = 0;
    if (*rest == '.') {
      const auto* const end = text.data() + text.size();
      const auto [after, error] = std::from_chars(rest, end, fraction);
      if (error != std::errc()) continue;
      rest = after;
    }
    const auto milliseconds = std::llround(fraction * second);
    if (*rest == '\0') {
      parts.tm_isdst = -1;
      return ::mktime(&parts) * second + milliseconds;
    }
    const auto offset = offset_in(rest);
    if (offset) return (::timegm(&parts) - *offset) * second + milliseconds;
  }
  return std::nullopt;
}

}  // namespace

std::string local_time(std::int64_t wall) {
  const auto seconds = static_cast<std::time_t>(wall / second);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  const long minutes = parts.tm_gmtoff / 60;
  return formatted("{}{}{:02}:{:02}", date_and_time(parts, wall), minutes < 0 ? '-' : '+',
                   std::abs(minutes) / 60, std::abs(minutes) % 60);
}

std::string utc_time(std::int64_t wall) {
  const auto seconds = static_cast<std::time_t>(wall / second);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return date_and_time(parts, wall) + "Z";
}

std::string how_long(std::int64_t milliseconds) {
  const auto seconds = static_cast<double>(std::max<std::int64_t>(milliseconds, 0)) / second;
  if (seconds < 60) return formatted("{:.1f} s", seconds);
  if (seconds < 3600) return formatted("{:.0f} min", seconds / 60);
  if (seconds < 48 * 3600) return formatted("{:.0f} h", seconds / 3600);
  return formatted("{:.0f} d", seconds / 86400);
}

Result<std::int64_t> parse_moment(const std::string& text, std::int64_t now) {
  if (const auto before = duration_in(text)) return now - *before;
  if (const auto moment = time_in(text)) return *moment;
  return Failure{Fault::refused,
                 formatted("{} is neither a duration, such as 10m, 2h or 7d, nor a time, such as "
                           "2026-11-26T18:16:14Z",
                           in_quotes(text))};
}

}  // namespace containerizer

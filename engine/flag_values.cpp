#include "engine/flag_values.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>
#include <limits>

namespace containerizer {
namespace {

constexpr std::uint32_t kHighestPort = 65535;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

// Takes the digits at the front of `text`, with at most one point among them.
std::optional<double> take_number(std::string_view& text) {
  const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
  double number = 0;
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + end, number, std::chars_format::fixed);
  if (error != std::errc() || stop != text.data() + end) return std::nullopt;
  text.remove_prefix(end);
  return number;
}

std::optional<std::int64_t> whole(double number) {
  if (!(number < static_cast<double>(std::numeric_limits<std::int64_t>::max())))
    return std::nullopt;
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::optional<bool> parse_switch(std::string_view text) {
  for (const auto* word : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == word) return true;
  }
  for (const auto* word : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == word) return false;
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  const std::optional<double> number = take_number(text);
  if (!number) return std::nullopt;
  if (text.starts_with(' ')) text.remove_prefix(1);
  if (text.empty() || lower(text) == "b") return whole(*number);

  const auto power = std::string_view("kmgtp").find(lower(text.front()));
  const std::string rest = lower(text.substr(1));
  if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib")) {
    return std::nullopt;
  }
  return whole(*number * std::pow(1024.0, static_cast<double>(power + 1)));
}

std::optional<std::int64_t> parse_bytes_or_unlimited(std::string_view text) {
  return text == "-1" ? -1 : parse_bytes(text);
}

std::optional<std::int64_t> parse_nanoseconds(std::string_view text) {
  struct Unit {
    std::string_view name;
    double nanoseconds;
  };
  // The longer of two names with the same beginning comes first.
  static constexpr Unit kUnits[] = {{"ns", 1},  {"us", 1e3}, {"ms", 1e6},
                                    {"s", 1e9}, {"m", 6e10}, {"h", 3.6e12}};
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const std::optional<double> number = take_number(text);
    const auto* const unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                          [&](const Unit& u) { return text.starts_with(u.name); });
    if (!number || unit == std::end(kUnits)) return std::nullopt;
    total += *number * unit->nanoseconds;
    text.remove_prefix(unit->name.size());
  }
  return whole(std::round(total));
}

std::optional<std::int64_t> parse_nano_cpus(std::string_view text) {
  const std::optional<double> number = take_number(text);
  if (!number || !text.empty()) return std::nullopt;
  return whole(std::round(*number * 1e9));
}

std::optional<PortRange> parse_ports(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = parse_integer(text.substr(0, dash));
  const auto last = dash == text.npos ? first : parse_integer(text.substr(dash + 1));
  if (!first || !last || *first < 1 || *last < *first || *last > kHighestPort) return std::nullopt;
  return PortRange{static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)};
}

std::optional<std::string> parse_protocol(std::string_view text) {
  std::string protocol = text.empty() ? "tcp" : lower(text);
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") return std::nullopt;
  return protocol;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> pieces;
  for (auto end = text.find(separator); end != text.npos; end = text.find(separator)) {
    pieces.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  pieces.emplace_back(text);
  return pieces;
}

std::pair<std::string, std::string> split_pair(std::string_view text, char separator) {
  const auto end = text.find(separator);
  if (end == text.npos) return {std::string(text), ""};
  return {std::string(text.substr(0, end)), std::string(text.substr(end + 1))};
}

std::string in_quotes(std::string_view text) {
  constexpr char kDelete = '\x7F';  // the one control character that JSON takes as it is
  std::string quoted = boost::json::serialize(boost::json::value(text));
  for (auto at = quoted.find(kDelete); at != quoted.npos; at = quoted.find(kDelete, at)) {
    quoted.replace(at, 1, "\\u007f");
  }
  return quoted;
}

}  // namespace containerizer

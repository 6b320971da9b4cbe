#include "engine/translation/run_flags/flag_values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>

namespace containerizer {
namespace {

constexpr std::uint32_t highest_port = 65535;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

// Cuts a decimal number, which may have a fraction, off the front of `text`.
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
  // Negated, so that not-a-number is rejected, too.
  if (!(number < static_cast<double>(std::numeric_limits<std::int64_t>::max())))
    return std::nullopt;
  return static_cast<std::int64_t>(number);
}

// Cuts the prefix of a number (0x, 0o, 0b, 0) off `text` and returns its base. Go reads numbers
// this way, and the docker command is written in Go.
int take_base(std::string_view& text) {
  static constexpr std::pair<char, int> bases[] = {{'x', 16}, {'o', 8}, {'b', 2}};
  if (text.size() < 2 || text.front() != '0') return 10;
  text.remove_prefix(1);
  for (const auto& [letter, base] : bases) {
    if (lower(text.front()) != letter) continue;
    text.remove_prefix(1);
    return base;
  }
  return 8;
}

bool is_domain_label(std::string_view label) {
  const auto is_inner = [](char c) { return is_letter(c) || is_digit(c) || c == '-'; };
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), is_inner);
}

// Cuts a quoted field off the front of `text`, without the comma after it.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string result;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != '"') {
      result += text[i];
    } else if (text.substr(i + 1).starts_with('"')) {
      result += text[i++];
    } else {
      text.remove_prefix(i + 1);
      return result;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

std::optional<std::int64_t> parse_integer_literal(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t length = text.size();
  const int base = take_base(text);
  // Go allows "_" only between digits, and between the prefix and the first digit.
  bool may_divide = text.size() < length;
  std::string digits(negative ? "-" : "");
  for (const char c : text) {
    if (c == '+' || c == '-' || (c == '_' && !may_divide)) return std::nullopt;
    if (c != '_') digits += c;
    may_divide = c != '_';
  }
  if (text.ends_with('_')) return std::nullopt;
  return parse_integer(digits, base);
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  const std::optional<double> number = take_number(text);
  if (!number) return std::nullopt;
  // docker accepts one space before the unit.
  if (text.starts_with(' ')) text.remove_prefix(1);
  if (text.empty() || lower_case(text) == "b") return whole(*number);

  const auto power = std::string_view("kmgtp").find(lower(text.front()));
  const std::string rest = lower_case(text.substr(1));
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
  // "ms" comes before "m", because the first name that fits is taken.
  static constexpr Unit units[] = {{"ns", 1},  {"us", 1e3}, {"ms", 1e6},
                                   {"s", 1e9}, {"m", 6e10}, {"h", 3.6e12}};
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    const std::optional<double> number = take_number(text);
    const auto* const unit = std::find_if(std::begin(units), std::end(units),
                                          [&](const Unit& u) { return text.starts_with(u.name); });
    if (!number || unit == std::end(units)) return std::nullopt;
    total += *number * unit->nanoseconds;
    text.remove_prefix(unit->name.size());
  }
  return whole(std::round(total));
}

std::optional<std::int64_t> parse_nano_cpus(std::string_view text) {
  constexpr std::size_t decimals = 9;
  const auto point = std::min(text.find('.'), text.size());
  // Digits after the ninth decimal must be zeros: docker rejects what it would have to round.
  const auto last = text.find_last_not_of('0');
  if (last != text.npos && last > point + decimals) return std::nullopt;
  const std::optional<double> number = take_number(text);
  if (!number || !text.empty()) return std::nullopt;
  return whole(std::round(*number * 1e9));
}

std::optional<PortRange> parse_ports(std::string_view text, std::int64_t least) {
  const auto dash = text.find('-');
  const auto first = parse_integer(text.substr(0, dash));
  const auto last = dash == text.npos ? first : parse_integer(text.substr(dash + 1));
  if (!first || !last || *first < least || *last < *first || *last > highest_port)
    return std::nullopt;
  return PortRange{static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*last)};
}

std::optional<std::string> parse_protocol(std::string_view text) {
  std::string protocol = text.empty() ? "tcp" : lower_case(text);
  if (protocol != "tcp" && protocol != "udp" && protocol != "sctp") return std::nullopt;
  return protocol;
}

std::optional<std::string> parse_ip(std::string_view text) {
  const std::string address(text);
  // inet_pton() would stop reading there and accept the rest unseen.
  if (address.find('\0') != address.npos) return std::nullopt;
  for (const int family : {AF_INET, AF_INET6}) {
    in6_addr bytes{};
    std::string canonical(INET6_ADDRSTRLEN, '\0');
    if (::inet_pton(family, address.c_str(), &bytes) != 1) continue;
    return std::string(::inet_ntop(family, &bytes, canonical.data(), INET6_ADDRSTRLEN));
  }
  return std::nullopt;
}

bool is_mac_address(std::string_view text) {
  constexpr std::size_t length = 17;
  if (text.size() != length || (text[2] != ':' && text[2] != '-')) return false;
  for (std::size_t i = 0; i < length; ++i) {
    const bool is_hex = is_digit(text[i]) || (lower(text[i]) >= 'a' && lower(text[i]) <= 'f');
    if (i % 3 == 2 ? text[i] != text[2] : !is_hex) return false;
  }
  return true;
}

std::optional<std::string> parse_domain(std::string_view text) {
  constexpr std::size_t longest = 254;
  if (text == ".") return ".";
  if (text.ends_with('.')) text.remove_suffix(1);
  const auto labels = split(text, '.');
  const bool good = text.size() <= longest && std::any_of(text.begin(), text.end(), is_letter) &&
                    std::all_of(labels.begin(), labels.end(), is_domain_label);
  return good ? std::optional<std::string>(text) : std::nullopt;
}

std::optional<std::vector<std::string>> split_fields(std::string_view text) {
  std::vector<std::string> fields;
  for (;;) {
    std::optional<std::string> field;
    if (text.starts_with('"')) {
      field = take_quoted(text);
    } else {
      const auto end = std::min(text.find(','), text.size());
      field = text.substr(0, end);
      if (field->find('"') != field->npos) return std::nullopt;
      text.remove_prefix(end);
    }
    if (!field) return std::nullopt;
    fields.push_back(*field);
    if (text.empty()) return fields;
    if (text.front() != ',') return std::nullopt;
    text.remove_prefix(1);
  }
}

std::string normal_path(std::string_view path) {
  // lexically_normal() keeps two slashes at the beginning, which the kernel takes for one.
  while (path.starts_with("//")) path.remove_prefix(1);
  // It keeps a slash at the end of a directory, except of "/" itself.
  auto result = std::filesystem::path(path).lexically_normal();
  if (!result.has_filename() && result.has_relative_path()) result = result.parent_path();
  return result.string();
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

}  // namespace containerizer

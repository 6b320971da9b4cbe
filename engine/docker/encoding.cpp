#include "engine/docker/encoding.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <ctime>

#include "host/text.h"

namespace containerizer {
namespace {

constexpr std::string_view base64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

std::string percent_encode(std::string_view text, std::string_view keep) {
  constexpr char hex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::string_view("-._~").find(c) != std::string_view::npos ||
        keep.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += {'%', hex[byte >> 4], hex[byte & 15]};
    }
  }
  return encoded;
}

std::string query(std::initializer_list<std::pair<const char*, std::string>> pairs) {
  std::string text;
  for (const auto& [name, value] : pairs) {
    if (value.empty()) continue;
    text += text.empty() ? '?' : '&';
    text.append(name).append("=").append(percent_encode(value));
  }
  return text;
}

std::string base64url(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    unsigned group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? base64[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (char c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
    const auto digit = base64.find(c);
    if (digit == base64.npos) return std::nullopt;
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return count < 6 ? std::optional(bytes) : std::nullopt;
}

Result<std::string> unix_time(const std::string& rfc3339) {
  const Failure failure{Fault::refused, one_line(rfc3339) + " is not an RFC 3339 time"};
  std::tm parts{};
  const char* rest = strptime(rfc3339.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return failure;
  std::string decimals;
  if (*rest == '.') {
    while (std::isdigit(static_cast<unsigned char>(*++rest)) != 0) decimals += *rest;
    if (decimals.empty()) return failure;
  }
  decimals.resize(9, '0');
  const std::string_view zone(rest);  // "Z" or "+hh:mm"
  unsigned hours = 0;
  unsigned minutes = 0;
  const bool numeric = zone.size() == 6 && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':' &&
                       to_number(zone.substr(1, 2), hours) && to_number(zone.substr(4), minutes);
  if (zone != "Z" && !numeric) return failure;
  const long east = (hours * 60L + minutes) * 60L * (zone[0] == '-' ? -1 : 1);
  return std::to_string(timegm(&parts) - east) + "." + decimals;
}

std::optional<std::int64_t> unix_milliseconds(const std::string& rfc3339) {
  const auto time = unix_time(rfc3339);
  if (!time.ok()) return std::nullopt;
  const auto& text = time.value();
  const auto dot = text.find('.');
  return std::stoll(text.substr(0, dot) + text.substr(dot + 1, 3));
}

ImageName split_reference(const std::string& reference) {
  const std::size_t at = reference.find('@');
  const std::string name = reference.substr(0, at);
  const std::size_t slash = name.rfind('/');
  const std::size_t colon = name.find(':', slash == std::string::npos ? 0 : slash);
  std::string tag = "latest";
  if (colon != std::string::npos) tag = name.substr(colon + 1);
  if (at != std::string::npos) tag = reference.substr(at + 1);
  return {name.substr(0, colon), tag};
}

}  // namespace containerizer

#include "engine/docker/encoding.h"

#include <openssl/evp.h>

#include <algorithm>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <cctype>
#include <charconv>
#include <ctime>

#include "host/text.h"

namespace containerizer {
namespace {

namespace urls = boost::urls;

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* octets(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string percent_encode(std::string_view text, const char* keep) {
  const auto plain = urls::unreserved_chars + urls::grammar::lut_chars(keep);
  return urls::encode(text, plain);
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
  std::string text((bytes.size() + 2) / 3 * 4, 0);
  text += '\0';  // EVP_EncodeBlock ends its text with one.
  EVP_EncodeBlock(octets(text), octets(bytes), static_cast<int>(bytes.size()));
  text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  // EVP_DecodeBlock would skip white space, and take a '=' in the middle for an 'A'.
  if (text.find_first_of("= \t\r\n") != std::string_view::npos) return std::nullopt;
  std::string padded(text);
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  const std::size_t padding = (4 - text.size() % 4) % 4;
  if (padding == 3) return std::nullopt;  // one digit is less than a byte
  padded.append(padding, '=');
  std::string bytes(padded.size() / 4 * 3, 0);
  const int size = EVP_DecodeBlock(octets(bytes), octets(padded), static_cast<int>(padded.size()));
  if (size < 0) return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  return bytes;
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

// Encodes text for requests to the daemon, and decodes text from its answers and from docker's
// files. Pure functions.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "host/result.h"

namespace containerizer {

// Percent-encodes every character except letters, digits, "-._~" and the characters in `keep`.
std::string percent_encode(std::string_view text, const char* keep = "");

// Returns "?name=value&…" with encoded values. Leaves out a pair whose value is empty.
std::string query(std::initializer_list<std::pair<const char*, std::string>> pairs);

// Encodes bytes in base 64, with the URL alphabet and padding.
std::string base64url(std::string_view bytes);

// Decodes base 64, of either alphabet, padded or not. Returns nothing if `text` is malformed.
std::optional<std::string> base64_decode(std::string_view text);

// "2024-01-01T00:00:00.5Z" as seconds since 1970 with nine decimals: "1704067200.500000000".
// refused: not RFC 3339.
Result<std::string> unix_time(const std::string& rfc3339);

// The same in milliseconds; nothing when it is not RFC 3339.
std::optional<std::int64_t> unix_milliseconds(const std::string& rfc3339);

// An image reference as POST /images/create takes it.
struct ImageName {
  std::string repository;
  std::string tag;  // a tag or a digest; "latest" when the reference names neither
};
ImageName split_reference(const std::string& reference);

}  // namespace containerizer

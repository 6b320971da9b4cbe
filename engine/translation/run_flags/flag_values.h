// Parses the values of `docker run` flags. Each function accepts exactly the texts that the command
// line of docker 28.2 accepts, unless its comment says otherwise. It returns an empty optional for
// any other text. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/text.h"

namespace containerizer {

// A whole number, decimal or, with base 8, octal.
std::optional<std::int64_t> parse_integer(std::string_view text, int base = 10);

// A whole number as Go writes it: decimal, 0x…, 0o…, 0… (octal) or 0b…, with _ between digits.
std::optional<std::int64_t> parse_integer_literal(std::string_view text);

// A size in bytes: a number, which may have a fraction, then k, m, g, t or p (each 1024 times the
// previous one), then b or ib. Both letters are optional. Unlike docker, an exponent is rejected.
std::optional<std::int64_t> parse_bytes(std::string_view text);

// Like parse_bytes(); also accepts -1, which means no limit.
std::optional<std::int64_t> parse_bytes_or_unlimited(std::string_view text);

// A duration such as 1m30s or 1.5h, in nanoseconds. Units: ns, us, ms, s, m, h.
std::optional<std::int64_t> parse_nanoseconds(std::string_view text);

// A number of CPUs such as 1.5, in units of 10⁻⁹, with up to nine decimals. Unlike docker, an
// exponent and a fraction such as 1/2 are rejected.
std::optional<std::int64_t> parse_nano_cpus(std::string_view text);

// Both ends are included.
struct PortRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

// A port up to 65535, or a range such as "8000-8010". `least` is 0 where port 0 means "any port".
std::optional<PortRange> parse_ports(std::string_view text, std::int64_t least = 1);

// tcp, udp or sctp in lower case; "" means tcp.
std::optional<std::string> parse_protocol(std::string_view text);

// An IPv4 or IPv6 address, in its canonical form.
std::optional<std::string> parse_ip(std::string_view text);

// Whether `text` is six octets in hexadecimal, separated by : or -.
bool is_mac_address(std::string_view text);

// A domain without the dot at its end, or "." for no domain.
std::optional<std::string> parse_domain(std::string_view text);

// The fields of a comma-separated list. A field may be in double quotes (RFC 4180).
std::optional<std::vector<std::string>> split_fields(std::string_view text);

// `text` with a to z in place of A to Z.
std::string lower_case(std::string_view text);

// `path` without ".", "..", double slashes, and without a slash at its end. Does not read the file
// system: a symbolic link before ".." is treated like a directory.
std::string normal_path(std::string_view path);

// The pieces between separators; always at least one.
std::vector<std::string> split(std::string_view text, char separator);

// The texts before and after the first separator. Without a separator, the second one is "".
std::pair<std::string, std::string> split_pair(std::string_view text, char separator);

}  // namespace containerizer

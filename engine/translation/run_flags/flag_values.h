// The forms that values of `docker run` flags take. Each function accepts exactly what the command
// line of docker 28.2 accepts, unless it says otherwise, and answers nothing for all else. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/text.h"

namespace containerizer {

// true, false, 1, 0, t, f and their upper case forms.
std::optional<bool> parse_switch(std::string_view text);

// A whole number, decimal or (base 8) octal.
std::optional<std::int64_t> parse_integer(std::string_view text, int base = 10);

// A whole number as Go writes it: decimal, 0x…, 0o…, 0… (octal) or 0b…, with _ between digits.
std::optional<std::int64_t> parse_integer_literal(std::string_view text);

// A size in bytes: a number, maybe with a fraction, and k, m, g, t or p (each 1024 times the one
// before), maybe followed by b or ib. Without an exponent, which docker would take.
std::optional<std::int64_t> parse_bytes(std::string_view text);

// As parse_bytes, and -1 for no limit.
std::optional<std::int64_t> parse_bytes_or_unlimited(std::string_view text);

// Nanoseconds of a duration such as 1m30s or 1.5h; units ns, us, ms, s, m, h.
std::optional<std::int64_t> parse_nanoseconds(std::string_view text);

// A number of CPUs such as 1.5, in units of 10⁻⁹, with up to nine decimals. No exponent and no
// fraction such as 1/2, which docker would take.
std::optional<std::int64_t> parse_nano_cpus(std::string_view text);

// Inclusive.
struct PortRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

// A port up to 65535 or a range of them, "8000-8010". 0 is a port only where it stands for any.
std::optional<PortRange> parse_ports(std::string_view text, std::int64_t least = 1);

// "" and "TCP" are tcp; nothing for what is not tcp, udp or sctp.
std::optional<std::string> parse_protocol(std::string_view text);

// An IP address in its usual form.
std::optional<std::string> parse_ip(std::string_view text);

// Six octets in hexadecimal, between : or -.
bool is_mac_address(std::string_view text);

// A domain without the dot at its end, or "." for none.
std::optional<std::string> parse_domain(std::string_view text);

// Fields between commas, which may be in double quotes (RFC 4180).
std::optional<std::vector<std::string>> split_fields(std::string_view text);

// With a to z in place of A to Z.
std::string lower_case(std::string_view text);

// `path` without detours (. and .. and doubled slashes) and without a slash at its end. Nothing is
// looked up: a symbolic link before a .. is taken for a directory.
std::string normal_path(std::string_view path);

// The pieces between separators; always at least one.
std::vector<std::string> split(std::string_view text, char separator);

// What stands before the first separator, and what behind it ("" without one).
std::pair<std::string, std::string> split_pair(std::string_view text, char separator);

}  // namespace containerizer

#include "tests/slave/wire.h"

#include <charconv>

namespace containerizer::player {

std::string to_line(const Message& message) { return boost::json::serialize(message) + "\n"; }

std::optional<Message> from_line(std::string_view line) {
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse({line.data(), line.size()}, error);
  if (error || !value.is_object()) return std::nullopt;
  return value.as_object();
}

std::string text(const Message& message, std::string_view key) {
  const auto* value = message.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->as_string());
}

std::optional<double> number(const Message& message, std::string_view key) {
  const auto* value = message.if_contains({key.data(), key.size()});
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

std::optional<Address> parse_address(std::string_view text) {
  if (const auto at = text.find('@'); at != std::string_view::npos) text.remove_prefix(at + 1);
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  Address address{std::string(text.substr(0, colon)), 0};
  const auto* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return address;
}

}  // namespace containerizer::player

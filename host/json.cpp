#include "host/json.h"

// The implementation of Boost.JSON. Exactly one file may include it.
#include <boost/json/src.hpp>

namespace containerizer {

namespace json = boost::json;

std::optional<json::value> parse_json(std::string_view text) {
  boost::system::error_code error;
  json::value document = json::parse({text.data(), text.size()}, error);
  if (error) return std::nullopt;
  return document;
}

std::string text_member(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : "";
}

const json::object* object_member(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  return member == nullptr ? nullptr : member->if_object();
}

}  // namespace containerizer

// JSON that somebody else has written. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace containerizer {

// Nothing when it is not JSON.
std::optional<boost::json::value> parse_json(std::string_view text);

// Members of an object; "" or null when absent or of another type.
std::string text_member(const boost::json::object& object, std::string_view name);
const boost::json::object* object_member(const boost::json::object& object, std::string_view name);

}  // namespace containerizer

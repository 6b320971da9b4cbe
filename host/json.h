// JSON of other programs, which is read here, and of this one. Pure functions.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace containerizer {

// The version of the JSON that this program prints; see docs/json.md.
inline constexpr int json_format = 1;

// Empty if the text is not JSON, or is followed by anything else.
std::optional<boost::json::value> parse_json(std::string_view text);

// A member of an object; "" or nullptr if it is absent or of another type. The pointer is valid as
// long as the object is unchanged.
std::string text_member(const boost::json::object& object, std::string_view name);
const boost::json::object* object_member(const boost::json::object& object, std::string_view name);

}  // namespace containerizer

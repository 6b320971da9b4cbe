#include "engine/docker/podman_api.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "host/json.h"
#include "host/text.h"

namespace containerizer {
namespace {

namespace json = boost::json;

bool has_separator(std::string_view text) {
  return text.find_first_of(std::string_view(",\"\r\n\0", 5)) != text.npos;
}

bool has_separator(const json::value& value) {
  if (value.is_string()) return has_separator(std::string_view(value.get_string()));
  if (!value.is_object()) return false;
  for (const auto& [key, member] : value.get_object()) {
    if (has_separator(std::string_view(key)) || has_separator(member)) return true;
  }
  return false;
}

}  // namespace

Status check_for_podman(const json::object& create) {
  const auto* host = object_member(create, "HostConfig");
  const auto* mounts = host == nullptr ? nullptr : host->if_contains("Mounts");
  if (mounts == nullptr || !mounts->is_array()) return Done{};
  for (const auto& mount : mounts->get_array()) {
    if (!has_separator(mount)) continue;
    return Failure{Fault::refused,
                   "Podman cannot mount at " + in_quotes(text_member(mount.as_object(), "Target")) +
                       ", because a field of the mount contains a comma, a quote or a line end; "
                       "choose other names"};
  }
  return Done{};
}

}  // namespace containerizer

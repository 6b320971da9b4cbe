#include "engine/docker/create_fields.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <vector>

#include "host/json.h"

namespace containerizer {
namespace {

namespace json = boost::json;

using Objects = std::vector<const json::object*>;

Objects mounts_of(const json::object& body) {
  Objects mounts;
  const auto* host = object_member(body, "HostConfig");
  const auto* list = host == nullptr ? nullptr : host->if_contains("Mounts");
  if (list == nullptr || !list->is_array()) return mounts;
  for (const auto& mount : list->get_array()) {
    if (mount.is_object()) mounts.push_back(&mount.get_object());
  }
  return mounts;
}

Objects networks_of(const json::object& body) {
  Objects networks;
  const auto* networking = object_member(body, "NetworkingConfig");
  const auto* map = networking == nullptr ? nullptr : object_member(*networking, "EndpointsConfig");
  if (map == nullptr) return networks;
  for (const auto& network : *map) {
    if (network.value().is_object()) networks.push_back(&network.value().get_object());
  }
  return networks;
}

// The objects at a place, as CreateField names it.
Objects objects_at(const json::object& body, std::string_view place) {
  const auto dot = place.find('.');
  const auto first = place.substr(0, dot);
  Objects found;
  if (first.empty()) return {&body};
  if (first == "Mount") {
    found = mounts_of(body);
  } else if (first == "Network") {
    found = networks_of(body);
  } else if (const auto* object = object_member(body, first)) {
    found = {object};
  }
  if (dot == place.npos) return found;
  Objects inner;
  for (const auto* object : found) {
    if (const auto* member = object_member(*object, place.substr(dot + 1))) inner.push_back(member);
  }
  return inner;
}

}  // namespace

bool has_field(const json::object& body, const CreateField& field) {
  for (const auto* object : objects_at(body, field.place)) {
    if (object->contains(field.name)) return true;
  }
  return false;
}

std::string text_of(const CreateField& field) {
  return std::string(field.option) + " (" + std::string(field.name) + ")";
}

}  // namespace containerizer

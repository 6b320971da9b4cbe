#include "engine/docker/newer_api.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "engine/docker/create_fields.h"
#include "host/json.h"

namespace containerizer {
namespace {

namespace json = boost::json;

constexpr unsigned first_without_kernel_memory = 42;
constexpr unsigned first_with_mac_of_network = 44;

constexpr CreateField newer_fields[] = {
    {"HostConfig", "Annotations", 43, "--annotation"},
    {"Healthcheck", "StartInterval", 44, "--health-start-interval"},
    {"Mount.BindOptions", "ReadOnlyNonRecursive", 44, "--mount bind-recursive"},
    {"Mount.BindOptions", "ReadOnlyForceRecursive", 44, "--mount bind-recursive"},
    {"Mount.VolumeOptions", "Subpath", 45, "--mount volume-subpath"},
    {"Network", "MacAddress", 44, "--network mac-address"},
    {"Network", "GwPriority", 48, "--network gw-priority"},
};

json::object& object_in(json::object& parent, std::string_view name) {
  json::value& value = parent[name];
  return value.is_object() ? value.get_object() : value.emplace_object();
}

}  // namespace

NeededApi needed_api(const json::object& body) {
  NeededApi needed;
  for (const auto& field : newer_fields) {
    if (field.since > needed.minor && has_field(body, field))
      needed = {field.since, text_of(field)};
  }
  return needed;
}

Result<json::object> create_body_for_newer(unsigned minor, const json::object& body) {
  json::object newer = body;
  if (minor >= first_without_kernel_memory && newer.contains("HostConfig")) {
    auto& host = newer["HostConfig"].as_object();
    const auto* memory = host.if_contains("KernelMemory");
    if (memory != nullptr && *memory != 0) {
      return Failure{
          Fault::refused,
          "--kernel-memory (KernelMemory): the daemon ignores it since API 1.42, and so do "
          "newer kernels; remove the option"};
    }
    host.erase("KernelMemory");
  }
  if (minor >= first_with_mac_of_network && newer.contains("MacAddress")) {
    auto network = text_member(newer["HostConfig"].as_object(), "NetworkMode");
    if (network.empty()) network = "default";
    auto& networks = object_in(object_in(newer, "NetworkingConfig"), "EndpointsConfig");
    object_in(networks, network)["MacAddress"] = newer["MacAddress"];
    newer.erase("MacAddress");
  }
  return newer;
}

}  // namespace containerizer

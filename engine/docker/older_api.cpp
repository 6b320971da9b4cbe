#include "engine/docker/older_api.h"

#include <boost/json/array.hpp>
#include <string_view>

#include "engine/docker/create_fields.h"
#include "host/json.h"

namespace containerizer {
namespace {

namespace json = boost::json;

constexpr unsigned first_with_mounts = 25;

constexpr CreateField newer_fields[] = {
    {"", "StopTimeout", 25, "--stop-timeout"},
    {"HostConfig", "Init", 25, "--init"},
    {"HostConfig", "NanoCpus", 25, "--cpus"},
    {"HostConfig", "CpuRealtimePeriod", 25, "--cpu-rt-period"},
    {"HostConfig", "CpuRealtimeRuntime", 25, "--cpu-rt-runtime"},
    {"HostConfig", "DeviceCgroupRules", 28, "--device-cgroup-rule"},
    {"Healthcheck", "StartPeriod", 29, "--health-start-period"},
    {"HostConfig", "CgroupnsMode", 41, "--cgroupns"},
};

// `kind` is what the text calls `what`.
Failure failure(unsigned minor, const std::string& what, std::string_view kind, unsigned since) {
  return {Fault::refused, what + " needs API 1." + std::to_string(since) +
                              ", but the daemon has 1." + std::to_string(minor) + "; remove the " +
                              std::string(kind) + ", or upgrade the daemon"};
}

json::array& list_at(json::object& object, std::string_view name) {
  json::value& value = object[name];
  return value.is_array() ? value.get_array() : value.emplace_array();
}

// Whether SOURCE:TARGET:MODE can express the mount. A path with a colon cannot be expressed.
bool is_simple(const json::object& mount) {
  for (const auto& [name, value] : mount) {
    if (name == "Type" || name == "ReadOnly") continue;
    if (name != "Source" && name != "Target") return false;
    if (text_member(mount, name).find(':') != std::string::npos) return false;
  }
  return true;
}

// Adds the mount in the form of `docker run -v`. Returns false if that form cannot express it.
bool add_as_volume(const json::object& mount, json::object& body) {
  const auto type = text_member(mount, "Type");
  const auto source = text_member(mount, "Source");
  const auto target = text_member(mount, "Target");
  const auto* read_only = mount.if_contains("ReadOnly");
  const bool is_read_only = read_only != nullptr && *read_only == true;
  if ((type != "bind" && type != "volume") || !is_simple(mount)) return false;
  if (!source.empty()) {
    list_at(body.at("HostConfig").as_object(), "Binds")
        .emplace_back(source + ":" + target + (is_read_only ? ":ro" : ":rw"));
    return true;
  }
  // Without a source it is an anonymous volume, whose form has no mode.
  if (type == "bind" || is_read_only) return false;
  json::value& volumes = body["Volumes"];
  (volumes.is_object() ? volumes.get_object() : volumes.emplace_object())[target].emplace_object();
  return true;
}

}  // namespace

Result<json::object> create_body_for(unsigned minor, const json::object& body) {
  for (const auto& field : newer_fields) {
    if (minor < field.since && has_field(body, field)) {
      return failure(minor, text_of(field), "option", field.since);
    }
  }
  const auto* host = object_member(body, "HostConfig");
  if (minor >= first_with_mounts || host == nullptr || !host->contains("Mounts")) return body;
  json::object older = body;
  older["HostConfig"].get_object().erase("Mounts");
  for (const auto& mount : host->at("Mounts").as_array()) {
    if (!add_as_volume(mount.as_object(), older)) {
      return failure(minor, "the mount at " + text_member(mount.as_object(), "Target"), "mount",
                     first_with_mounts);
    }
  }
  return older;
}

}  // namespace containerizer

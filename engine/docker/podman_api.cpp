#include "engine/docker/podman_api.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/docker/create_fields.h"
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

// Versions as 100 * major + minor.
constexpr unsigned never = 10'000;
constexpr CreateField ignored_fields[] = {
    {"", "Domainname", never, "--domainname"},
    {"", "MacAddress", 404, "--mac-address"},
    {"Healthcheck", "StartInterval", never, "--health-start-interval"},
    {"HostConfig", "Annotations", 501, "--annotation"},
    {"HostConfig", "CgroupnsMode", 506, "--cgroupns"},
    {"HostConfig", "DeviceCgroupRules", 404, "--device-cgroup-rule"},
    {"HostConfig", "KernelMemory", never, "--kernel-memory"},
    {"HostConfig", "MaskedPaths", never, "--security-opt systempaths=unconfined"},
    {"HostConfig", "Runtime", never, "--runtime"},
    {"HostConfig", "VolumeDriver", never, "--volume-driver"},
    {"Mount", "VolumeOptions", never, "an option of a volume"},
    {"Mount.BindOptions", "ReadOnlyNonRecursive", never, "--mount bind-recursive"},
    {"Mount.BindOptions", "ReadOnlyForceRecursive", never, "--mount bind-recursive"},
    {"Network", "DriverOpts", never, "--network driver-opt"},
    {"Network", "GwPriority", never, "--network gw-priority"},
    {"Network.IPAMConfig", "LinkLocalIPs", never, "--link-local-ip"},
};

std::string text_of(unsigned version) {
  return std::to_string(version / 100) + "." + std::to_string(version % 100);
}

Failure ignored(const CreateField& field, unsigned version) {
  const auto text =
      text_of(field) + ": Podman " + text_of(version) + " ignores it silently; remove the option";
  return {Fault::refused,
          field.since == never ? text : text + ", or upgrade to Podman " + text_of(field.since)};
}

// Docker gives a tmpfs without a mode the mode 1777. Podman takes the absent field for mode 0.
void set_modes(json::array& mounts) {
  constexpr int usual_mode = 01777;
  for (auto& mount : mounts) {
    auto* options = mount.as_object().if_contains("TmpfsOptions");
    if (options != nullptr && options->is_object() && !options->get_object().contains("Mode")) {
      options->get_object()["Mode"] = usual_mode;
    }
  }
}

}  // namespace

Result<json::object> create_body_for_podman(PodmanVersion version, const json::object& body) {
  const unsigned number = 100 * version.first + version.second;
  for (const auto& field : ignored_fields) {
    if (number < field.since && has_field(body, field)) return ignored(field, number);
  }
  auto fitting = body;
  auto* host = fitting.if_contains("HostConfig");
  const auto* swap = host == nullptr ? nullptr : host->as_object().if_contains("MemorySwap");
  if (swap != nullptr && swap->to_number<std::int64_t>() < 0) {
    return ignored({"HostConfig", "MemorySwap", never, "unlimited swap"}, number);
  }
  auto* mounts = host == nullptr ? nullptr : host->as_object().if_contains("Mounts");
  if (mounts == nullptr || !mounts->is_array()) return fitting;
  for (const auto& mount : mounts->get_array()) {
    if (!has_separator(mount)) continue;
    return Failure{Fault::refused,
                   "Podman cannot mount at " + in_quotes(text_member(mount.as_object(), "Target")) +
                       ", because a field of the mount contains a comma, a quote or a line end; "
                       "choose other names"};
  }
  set_modes(mounts->get_array());
  return fitting;
}

}  // namespace containerizer

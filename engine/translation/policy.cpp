#include "engine/translation/policy.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "engine/translation/image_name.h"
#include "engine/translation/run_flags/flag_table.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/json.h"
#include "host/text.h"

namespace containerizer {
namespace {

namespace json = boost::json;

constexpr std::string_view none_word = "none";

// Those that Docker gives to every container.
constexpr std::string_view usual_capabilities[] = {
    "CAP_AUDIT_WRITE", "CAP_CHOWN",     "CAP_DAC_OVERRIDE", "CAP_FOWNER",
    "CAP_FSETID",      "CAP_KILL",      "CAP_MKNOD",        "CAP_NET_RAW",
    "CAP_SETFCAP",     "CAP_SETGID",    "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE",
    "CAP_SETUID",      "CAP_SYS_CHROOT"};

// Those that share nothing with what runs already.
constexpr std::string_view own_ipc[] = {"private", "shareable", "none"};

template <class Range, class Item>
bool holds(const Range& range, const Item& item) {
  return std::find(std::begin(range), std::end(range), item) != std::end(range);
}

// For a setter of the settings: the caller adds the name and the value.
Failure failure(const std::string& form) { return {Fault::refused, "expected " + form}; }

// The pieces of a list, without the blanks around them; nothing in it for `none`.
std::vector<std::string> pieces_of(const std::string& value, char separator) {
  if (value == none_word) return {};
  auto pieces = split(value, separator);
  for (auto& piece : pieces) piece = one_line(piece);
  return pieces;
}

const FlagRow* flag_spelled(std::string_view name) {
  name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
  return name.size() == 1 ? find_flag(name.front()) : find_flag(name);
}

std::string listed(const std::vector<std::string>& items) {
  if (items.empty()) return std::string(none_word);
  std::string list;
  for (const auto& item : items) list += (list.empty() ? "" : ", ") + item;
  return list;
}

Failure failure(const std::string& what, std::string_view rule) {
  return {Fault::refused, fmt::format("{}: {}; ask the operator", what, rule)};
}

// --- Reading the request

const json::object& object_in(const json::object& object, std::string_view name) {
  static const json::object none;
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}

const json::array& list_in(const json::object& object, std::string_view name) {
  static const json::array none;
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}

// --- Volumes

class VolumeRule {
 public:
  VolumeRule(const std::vector<std::string>& prefixes, const std::vector<std::string>& own)
      : prefixes_(prefixes), own_(own) {}

  Status check(const json::object& host) const {
    if (!list_in(host, "VolumesFrom").empty()) return refused("--volumes-from");
    const auto driver = text_member(host, "VolumeDriver");
    if (!is_dockers(driver)) return refused("volume driver " + in_quotes(driver));
    for (const auto& bind : list_in(host, "Binds")) {
      const auto source = split_pair(bind.get_string(), ':').first;
      if (!source.starts_with('/')) continue;
      if (Status good = check_path(source); !good.ok()) return good;
    }
    for (const auto& mount : list_in(host, "Mounts")) {
      if (Status good = check_mount(mount.get_object()); !good.ok()) return good;
    }
    return Done{};
  }

 private:
  Status refused(const std::string& what) const {
    return failure(what,
                   fmt::format("outside CONTAINERIZER_ALLOWED_VOLUMES ({})", listed(prefixes_)));
  }

  static bool is_dockers(const std::string& driver) { return driver.empty() || driver == "local"; }

  static bool is_below(const std::string& path, const std::string& prefix) {
    return path == prefix || path.starts_with(prefix == "/" ? prefix : prefix + "/");
  }

  Status check_path(const std::string& path) const {
    const auto normal = normal_path(path);
    const bool allowed = holds(own_, path) ||
                         std::any_of(prefixes_.begin(), prefixes_.end(),
                                     [&](const auto& prefix) { return is_below(normal, prefix); });
    return allowed ? Status(Done{}) : refused("volume " + in_quotes(path));
  }

  Status check_mount(const json::object& mount) const {
    const auto type = text_member(mount, "Type");
    if (type == "tmpfs") return Done{};
    if (type == "bind") return check_path(text_member(mount, "Source"));
    if (type != "volume") return refused("mount of the type " + in_quotes(type));
    const auto& driver = object_in(object_in(mount, "VolumeOptions"), "DriverConfig");
    const auto name = text_member(driver, "Name");
    if (!is_dockers(name)) return refused("volume driver " + in_quotes(name));
    return check_options(object_in(driver, "Options"));
  }

  // The driver `local` mounts whatever its options say, by mount(2).
  Status check_options(const json::object& options) const {
    const auto type = text_member(options, "type");
    const auto device = text_member(options, "device");
    // A file system's type gives way to these alone.
    const auto flags = split(text_member(options, "o"), ',');
    if (holds(flags, "bind") || holds(flags, "rbind")) return check_path(device);
    if (type == "tmpfs" || (type.empty() && device.empty())) return Done{};
    return refused(
        fmt::format("volume of the type {} from {}", in_quotes(type), in_quotes(device)));
  }

  const std::vector<std::string>& prefixes_;
  const std::vector<std::string>& own_;
};

// --- Privileges

bool tightens(const std::string& security_option) {
  for (const auto* const form :
       {"no-new-privileges", "no-new-privileges=true", "no-new-privileges:true"}) {
    if (security_option == form) return true;
  }
  return false;
}

// What makes a container privileged, or as good as that; "" for nothing.
std::string privilege_in(const json::object& host) {
  const auto* privileged = host.if_contains("Privileged");
  if (privileged != nullptr && privileged->get_bool()) return "--privileged";
  for (const auto& capability : list_in(host, "CapAdd")) {
    const std::string name(capability.get_string());
    if (!holds(usual_capabilities, name)) return "--cap-add " + in_quotes(name);
  }
  for (const auto& device : list_in(host, "Devices")) {
    return "--device " + in_quotes(text_member(device.get_object(), "PathOnHost"));
  }
  if (!list_in(host, "DeviceCgroupRules").empty()) return "--device-cgroup-rule";
  if (const auto pid = text_member(host, "PidMode"); !pid.empty()) return "--pid " + in_quotes(pid);
  if (!text_member(host, "UsernsMode").empty()) return "--userns";
  const auto ipc = text_member(host, "IpcMode");
  if (!ipc.empty() && !holds(own_ipc, ipc)) return "--ipc " + in_quotes(ipc);
  const auto network = text_member(host, "NetworkMode");
  if (network.starts_with("container:")) return "--network " + in_quotes(network);
  // An operator may have registered any program as one.
  if (const auto runtime = text_member(host, "Runtime"); !runtime.empty()) {
    return "--runtime " + in_quotes(runtime);
  }
  for (const auto& option : list_in(host, "SecurityOpt")) {
    const std::string text(option.get_string());
    if (!tightens(text)) return "--security-opt " + in_quotes(text);
  }
  if (host.contains("MaskedPaths")) return "--security-opt systempaths=unconfined";
  return "";
}

}  // namespace

// --- Settings

Status set_options(std::vector<RunFlag>& options, const std::string& value) {
  auto parsed = parse_run_line(value);
  if (!parsed.ok()) return parsed.failure();
  if (parsed.value().command) return failure("flags of docker run, without // and a command");
  auto& flags = parsed.value().flags;
  if (const auto network = network_flag(flags); !network.ok()) return network.failure();
  // Of a network that may have any flag of networks.
  CreateRequest trial;
  field(trial.body, "HostConfig.NetworkMode") = "any";
  if (Status applied = apply_run_flags(flags, trial); !applied.ok()) return applied;
  options = std::move(flags);
  return Done{};
}

Status set_ignored(Policy& policy, const std::string& value) {
  for (const auto& piece : pieces_of(value, ',')) {
    if (piece != "options" && piece != "image") return failure("options, image, or both");
    (piece == "image" ? policy.ignores_image : policy.ignores_options) = true;
  }
  return Done{};
}

Status set_flags(std::vector<std::string>& names, const std::string& value) {
  for (const auto& piece : pieces_of(value, ',')) {
    const auto* row = flag_spelled(piece);
    if (row == nullptr) {
      return failure(fmt::format("flags of docker run; {} is not one", in_quotes(piece)));
    }
    names.emplace_back(row->name);
  }
  return Done{};
}

Status set_volumes(std::vector<std::string>& prefixes, const std::string& value) {
  for (const auto& piece : pieces_of(value, ':')) {
    if (!piece.starts_with('/')) return failure("absolute paths, separated by colons, or none");
    prefixes.push_back(normal_path(piece));
  }
  return Done{};
}

Status set_registries(std::vector<std::string>& registries, const std::string& value) {
  for (const auto& piece : pieces_of(value, ',')) {
    const auto reference = image_reference(piece + "/image");
    const auto registry = registry_of(piece + "/image");
    const bool is_path = piece.find('/') != piece.npos;
    // What looks like the first part of a repository is of Docker Hub.
    if (!reference.ok() || is_path || (registry == docker_hub && !piece.ends_with(docker_hub))) {
      return failure(
          "registries as HOST or HOST:PORT, separated by commas; docker.io is Docker Hub");
    }
    registries.push_back(registry);
  }
  return Done{};
}

Status set_privileged(Policy& policy, const std::string& value) {
  if (value != "allow" && value != "refuse") return failure("one of allow, refuse");
  policy.refuses_privileged = value == "refuse";
  return Done{};
}

// --- Rules

Status check_flags(const Policy& policy, const std::vector<RunFlag>& flags) {
  for (const auto& flag : flags) {
    const auto name = "docker run --" + flag.name;
    if (holds(policy.forbidden_flags, flag.name)) {
      return failure(name, "forbidden by CONTAINERIZER_FORBIDDEN_FLAGS");
    }
    if (policy.allowed_flags && !holds(*policy.allowed_flags, flag.name)) {
      return failure(name, fmt::format("not among CONTAINERIZER_ALLOWED_FLAGS ({})",
                                       listed(*policy.allowed_flags)));
    }
  }
  return Done{};
}

Status check_image(const Policy& policy, const std::string& reference) {
  // The id of an image on the host says nothing of where it came from.
  const auto registry = reference.starts_with("sha256:") ? "unknown" : registry_of(reference);
  if (!policy.allowed_registries || holds(*policy.allowed_registries, registry)) return Done{};
  return failure(fmt::format("image {}: registry {}", reference, registry),
                 fmt::format("not among CONTAINERIZER_ALLOWED_REGISTRIES ({})",
                             listed(*policy.allowed_registries)));
}

Status check_health_check(const Policy& policy, const mesos::TaskInfo& task) {
  if (!policy.refuses_privileged || !task.health_check().has_command()) return Done{};
  return failure("health check by a command, which runs on the host",
                 "refused by CONTAINERIZER_PRIVILEGED");
}

Status check_request(const Policy& policy, const json::object& create,
                     const std::vector<std::string>& own) {
  const auto& host = object_in(create, "HostConfig");
  if (policy.refuses_privileged) {
    const auto privilege = privilege_in(host);
    if (!privilege.empty()) return failure(privilege, "refused by CONTAINERIZER_PRIVILEGED");
  }
  if (policy.allowed_volumes) return VolumeRule(*policy.allowed_volumes, own).check(host);
  return Done{};
}

}  // namespace containerizer

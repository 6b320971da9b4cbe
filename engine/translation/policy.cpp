#include "engine/translation/policy.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "engine/translation/image_name.h"
#include "engine/translation/run_flags/flag_table.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/text.h"

namespace containerizer {
namespace {

namespace json = boost::json;

constexpr std::string_view none_word = "none";

// The capabilities that Docker grants by default.
constexpr std::string_view default_capabilities[] = {
    "CAP_AUDIT_WRITE", "CAP_CHOWN",     "CAP_DAC_OVERRIDE", "CAP_FOWNER",
    "CAP_FSETID",      "CAP_KILL",      "CAP_MKNOD",        "CAP_NET_RAW",
    "CAP_SETFCAP",     "CAP_SETGID",    "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE",
    "CAP_SETUID",      "CAP_SYS_CHROOT"};

// The modes that share nothing with existing processes.
constexpr std::string_view own_ipc[] = {"private", "shareable", "none"};

template <class Range, class Item>
bool contains(const Range& range, const Item& item) {
  return std::find(std::begin(range), std::end(range), item) != std::end(range);
}

// For a setter: the caller adds the setting's name and value.
Failure failure(const std::string& form) { return {Fault::refused, "expected " + form}; }

// The pieces of a list, without spaces around them. No pieces for `none`.
std::vector<std::string> pieces_of(const std::string& value, char separator) {
  if (value == none_word) return {};
  auto pieces = split(value, separator);
  for (auto& piece : pieces) piece = one_line(piece);
  return pieces;
}

const FlagRow* find_flag_of_setting(std::string_view name) {
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

// --- Reading the request. A missing member is treated as empty

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
      // A name: a volume that Docker keeps.
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
    return failure(
        what, fmt::format("not allowed by CONTAINERIZER_ALLOWED_VOLUMES ({})", listed(prefixes_)));
  }

  static bool is_dockers(const std::string& driver) { return driver.empty() || driver == "local"; }

  static bool is_below(const std::string& path, const std::string& prefix) {
    return path == prefix || path.starts_with(prefix == "/" ? prefix : prefix + "/");
  }

  Status check_path(const std::string& path) const {
    const auto normal = normal_path(path);
    const bool allowed = contains(own_, path) ||
                         std::any_of(prefixes_.begin(), prefixes_.end(),
                                     [&](const auto& prefix) { return is_below(normal, prefix); });
    return allowed ? Status(Done{}) : refused("volume " + in_quotes(path));
  }

  Status check_mount(const json::object& mount) const {
    const auto type = text_member(mount, "Type");
    if (type == "tmpfs") return Done{};
    if (type == "bind") return check_path(text_member(mount, "Source"));
    if (type != "volume") return refused("mount of type " + in_quotes(type));
    const auto& driver = object_in(object_in(mount, "VolumeOptions"), "DriverConfig");
    const auto name = text_member(driver, "Name");
    if (!is_dockers(name)) return refused("volume driver " + in_quotes(name));
    return check_options(object_in(driver, "Options"));
  }

  // The driver `local` passes its options to mount(2), so they can mount a path of the host.
  Status check_options(const json::object& options) const {
    const auto type = text_member(options, "type");
    const auto device = text_member(options, "device");
    // With one of these flags, mount(2) ignores the type of the file system.
    const auto flags = split(text_member(options, "o"), ',');
    if (contains(flags, "bind") || contains(flags, "rbind")) return check_path(device);
    if (type == "tmpfs" || (type.empty() && device.empty())) return Done{};
    return refused(fmt::format("volume of type {} from {}", in_quotes(type), in_quotes(device)));
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

// Returns the first request that makes a container privileged or equivalent to that, or "". Each
// check compares with harmless values. A feature that Docker adds later is rejected until it is
// known to be harmless.
std::string privilege_in(const json::object& host) {
  const auto* privileged = host.if_contains("Privileged");
  if (privileged != nullptr && privileged->get_bool()) return "--privileged";
  for (const auto& capability : list_in(host, "CapAdd")) {
    const std::string name(capability.get_string());
    if (!contains(default_capabilities, name)) return "--cap-add " + in_quotes(name);
  }
  for (const auto& device : list_in(host, "Devices")) {
    return "--device " + in_quotes(text_member(device.get_object(), "PathOnHost"));
  }
  if (!list_in(host, "DeviceCgroupRules").empty()) return "--device-cgroup-rule";
  if (const auto pid = text_member(host, "PidMode"); !pid.empty()) return "--pid " + in_quotes(pid);
  if (!text_member(host, "UsernsMode").empty()) return "--userns";
  const auto ipc = text_member(host, "IpcMode");
  if (!ipc.empty() && !contains(own_ipc, ipc)) return "--ipc " + in_quotes(ipc);
  const auto network = text_member(host, "NetworkMode");
  if (network.starts_with("container:")) return "--network " + in_quotes(network);
  // The operator may have registered any program as a runtime.
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
  if (parsed.value().command) {
    return failure("only `docker run` flags; \"//\" and a command are not allowed");
  }
  auto& flags = parsed.value().flags;
  if (const auto network = network_flag(flags); !network.ok()) return network.failure();
  // A trial, so that an error shows at once and not at each launch. A network of this name may have
  // any flag of networks.
  CreateRequest trial;
  field(trial.body, "HostConfig.NetworkMode") = "any";
  if (Status applied = apply_run_flags(flags, trial); !applied.ok()) return applied;
  options = std::move(flags);
  return Done{};
}

Status set_ignored(Policy& policy, const std::string& value) {
  for (const auto& piece : pieces_of(value, ',')) {
    if (piece != "options" && piece != "image") {
      return failure("options, image, or both, separated by a comma");
    }
    (piece == "image" ? policy.ignores_image : policy.ignores_options) = true;
  }
  return Done{};
}

Status set_flags(std::vector<std::string>& names, const std::string& value) {
  for (const auto& piece : pieces_of(value, ',')) {
    const auto* row = find_flag_of_setting(piece);
    if (row == nullptr) {
      return failure(
          fmt::format("a comma-separated list of `docker run` flags, or \"none\"; {} is "
                      "not a `docker run` flag",
                      in_quotes(piece)));
    }
    names.emplace_back(row->name);
  }
  return Done{};
}

Status set_volumes(std::vector<std::string>& prefixes, const std::string& value) {
  for (const auto& piece : pieces_of(value, ':')) {
    if (!piece.starts_with('/')) return failure("colon-separated absolute paths, or \"none\"");
    prefixes.push_back(normal_path(piece));
  }
  return Done{};
}

Status set_registries(std::vector<std::string>& registries, const std::string& value) {
  for (const auto& piece : pieces_of(value, ',')) {
    const auto reference = image_reference(piece + "/image");
    const auto registry = registry_of(piece + "/image");
    const bool is_path = piece.find('/') != piece.npos;
    // "team" in "team/image" is the first part of a repository on Docker Hub, not a registry.
    if (!reference.ok() || is_path || (registry == docker_hub && !piece.ends_with(docker_hub))) {
      return failure(
          "comma-separated registries, each HOST or HOST:PORT; Docker Hub is \"docker.io\"");
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
    if (contains(policy.forbidden_flags, flag.name)) {
      return failure(name, "forbidden by CONTAINERIZER_FORBIDDEN_FLAGS");
    }
    if (policy.allowed_flags && !contains(*policy.allowed_flags, flag.name)) {
      return failure(name, fmt::format("not allowed by CONTAINERIZER_ALLOWED_FLAGS ({})",
                                       listed(*policy.allowed_flags)));
    }
  }
  return Done{};
}

Status check_image(const Policy& policy, const std::string& reference) {
  // The ID of an image on the host does not show where the image came from.
  const auto registry = reference.starts_with("sha256:") ? "unknown" : registry_of(reference);
  if (!policy.allowed_registries || contains(*policy.allowed_registries, registry)) return Done{};
  return failure(fmt::format("image {}: registry {}", reference, registry),
                 fmt::format("not allowed by CONTAINERIZER_ALLOWED_REGISTRIES ({})",
                             listed(*policy.allowed_registries)));
}

Status check_health_check(const Policy& policy, const mesos::TaskInfo& task) {
  if (!policy.refuses_privileged || !task.health_check().has_command()) return Done{};
  return failure("command health check (it would run on the host)",
                 "forbidden by CONTAINERIZER_PRIVILEGED=refuse");
}

Status check_request(const Policy& policy, const json::object& create,
                     const std::vector<std::string>& own) {
  const auto& host = object_in(create, "HostConfig");
  if (policy.refuses_privileged) {
    const auto privilege = privilege_in(host);
    if (!privilege.empty())
      return failure(privilege, "forbidden by CONTAINERIZER_PRIVILEGED=refuse");
  }
  return failure(breach->what, fmt::format("outside CONTAINERIZER_ALLOWED_VOLUMES ({})",
                                           listed(*policy.allowed_volumes)));
}

}  // namespace containerizer

#include "engine/translation/run_flags/flag_table.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "engine/translation/run_flags/flag_values.h"
#include "engine/translation/run_flags/flag_writers.h"
#include "engine/translation/run_flags/network_flags.h"
#include "host/options.h"

namespace containerizer {
namespace {

namespace json = boost::json;

// Labels with this prefix belong to the containerizer. No flag may set one.
constexpr std::string_view reserved_labels = "docker-containerizer.";

using namespace flag_writers;

// --- One value ---

template <class T>
Status store(const FlagRow& row, const std::string& value, CreateRequest& request,
             const std::optional<T>& parsed, std::string_view form) {
  if (!parsed) return wrong_form(value, form);
  field(request.body, row.target) = *parsed;
  return Done{};
}

Status boolean(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return store(row, value, request, parse_switch(value), "true or false");
}

Status integer(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return store(row, value, request, parse_integer_literal(value), "a whole number");
}

Status octal(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return store(row, value, request, parse_integer(value, 8), "a mode in octal");
}

Status bytes(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return store(row, value, request, parse_bytes(value), "a size such as 512m");
}

Status bytes_or_unlimited(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return store(row, value, request, parse_bytes_or_unlimited(value), "a size such as 512m or -1");
}

Status duration(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return store(row, value, request, parse_nanoseconds(value), "a duration such as 1m30s");
}

Status cpus(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return store(row, value, request, parse_nano_cpus(value), "a number of CPUs such as 1.5");
}

Status lower_text(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return text(row, lower_case(value), request);
}

// The namespace is the container's own ("") or that of the host.
Status host_or_own(const FlagRow& row, const std::string& value, CreateRequest& request) {
  if (!value.empty() && value != "host") return wrong_form(value, "\"host\" or nothing");
  return text(row, value, request);
}

Status pid_mode(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const bool is_shared =
      value.starts_with(other_container) && value.size() > other_container.size();
  if (!is_shared && !value.empty() && value != "host") {
    return wrong_form(value, "\"host\", container:NAME or nothing");
  }
  return text(row, value, request);
}

// --- Lists and maps ---

// A list whose only entry is the value. The docker command does not split --entrypoint either.
Status only_entry(const FlagRow& row, const std::string& value, CreateRequest& request) {
  field(request.body, row.target) = json::array{json::value(value)};
  return Done{};
}

Status label(const FlagRow& row, const std::string& value, CreateRequest& request) {
  if (value.starts_with(reserved_labels)) {
    return failure("labels that start with \"" + std::string(reserved_labels) +
                   "\" belong to the containerizer; use another name");
  }
  return map(row, value, request);
}

Status environment(const FlagRow&, const std::string& value, CreateRequest& request) {
  const auto equals = value.find('=');
  if (equals == value.npos || equals == 0) {
    return failure(
        "a NAME without a value would be read from the slave's environment; write NAME=VALUE");
  }
  set_variable(request.body, value.substr(0, equals), value.substr(equals + 1));
  return Done{};
}

Status extra_host(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto separator = value.find_first_of("=:");
  if (separator == value.npos || separator == 0) return wrong_form(value, "HOST:IP");
  return list(row, value.substr(0, separator) + ":" + without_brackets(value.substr(separator + 1)),
              request);
}

template <std::optional<std::string> (*Parse)(std::string_view)>
Status checked_list(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto first = value.find_first_not_of(" \t");
  const auto end = value.find_last_not_of(" \t") + 1;
  const auto parsed = first == value.npos ? std::nullopt : Parse(value.substr(first, end - first));
  if (!parsed) return wrong_form(value, row.name == "dns" ? "an IP address" : "a domain");
  return list(row, *parsed, request);
}

// Writes capabilities as the docker command does: CAP_… in capital letters, or ALL, sorted, each
// once. policy.cpp compares with names in this form.
Status capability(const FlagRow& row, const std::string& value, CreateRequest& request) {
  constexpr std::string_view prefix = "cap_";
  std::string name = lower_case(value);
  if (name != "all" && !name.starts_with(prefix)) name.insert(0, prefix);
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  json::value& all = field(request.body, row.target);
  json::array& names = all.is_array() ? all.get_array() : all.emplace_array();
  const auto* const place = std::lower_bound(
      names.begin(), names.end(), name,
      [](const json::value& one, const std::string& other) { return one.get_string() < other; });
  if (place == names.end() || place->get_string() != name) names.insert(place, json::value(name));
  return Done{};
}

// Accepts the settings that belong to a namespace. All others apply to the whole host, and runc
// would fail to start the container.
Status sysctl(const FlagRow& row, const std::string& value, CreateRequest& request) {
  static constexpr std::string_view of_namespaces[] = {
      "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
      "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"};
  const std::string name = split_pair(value, '=').first;
  const bool known = name.starts_with("net.") || name.starts_with("fs.mqueue.") ||
                     std::find(std::begin(of_namespaces), std::end(of_namespaces), name) !=
                         std::end(of_namespaces);
  if (!known || name == value) {
    return wrong_form(value, "NAME=VALUE for a setting that belongs to a namespace, such as net.…");
  }
  return map(row, value, request);
}

// --- Files and devices ---

bool is_absolute(const std::string& path) { return path.starts_with('/'); }

Status volume(const FlagRow&, const std::string& value, CreateRequest& request) {
  const auto parts = split(value, ':');
  const bool anonymous = parts.size() == 1;
  if (parts.size() > 3 || !is_absolute(anonymous ? parts[0] : parts[1])) {
    return wrong_form(value, "[SOURCE:]/PATH/IN/CONTAINER[:MODE]");
  }
  // The daemon creates anonymous volumes from this map.
  if (anonymous) {
    object_at(request.body, "Volumes")[value].emplace_object();
    return Done{};
  }
  if (parts[0].empty() || parts[0].starts_with('.')) {
    // The docker command resolves a relative path in its working directory. A task has none.
    return failure("source " + in_quotes(parts[0]) +
                   " must be an absolute path or the name of a volume");
  }
  append(request.body, "HostConfig.Binds", json::value(value));
  return Done{};
}

Status tmpfs(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto [path, options] = split_pair(value, ':');
  if (!is_absolute(path)) return wrong_form(value, "/PATH/IN/CONTAINER[:OPTIONS]");
  object_at(request.body, row.target)[path] = options;
  return Done{};
}

bool is_device_mode(const std::string& mode) {
  return !mode.empty() && mode.find_first_not_of("rwm") == mode.npos;
}

Status device(const FlagRow& row, const std::string& value, CreateRequest& request) {
  auto parts = split(value, ':');
  if (parts.size() == 2 && is_device_mode(parts[1])) parts.insert(parts.begin() + 1, parts[0]);
  if (parts.size() == 1) parts.push_back(parts[0]);
  if (parts.size() == 2) parts.emplace_back("rwm");
  if (parts.size() != 3 || !is_absolute(parts[0]) || !is_absolute(parts[1]) ||
      !is_device_mode(parts[2])) {
    return wrong_form(value, "/DEVICE[:/DEVICE/IN/CONTAINER][:rwm]");
  }
  append(request.body, row.target,
         json::object{{"PathOnHost", parts[0]},
                      {"PathInContainer", parts[1]},
                      {"CgroupPermissions", parts[2]}});
  return Done{};
}

Status device_rule(const FlagRow& row, const std::string& value, CreateRequest& request) {
  constexpr std::size_t longest_mode = 3;
  const auto is_number = [](const std::string& text) {
    return text == "*" ||
           (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos);
  };
  const auto parts = split(value, ' ');
  const bool good = parts.size() == 3 && (parts[0] == "a" || parts[0] == "b" || parts[0] == "c") &&
                    split(parts[1], ':').size() == 2 &&
                    is_number(split_pair(parts[1], ':').first) &&
                    is_number(split_pair(parts[1], ':').second) && is_device_mode(parts[2]) &&
                    parts[2].size() <= longest_mode;
  if (!good) return wrong_form(value, "TYPE MAJOR:MINOR MODE such as \"c 1:3 rwm\"");
  return list(row, value, request);
}

// A device and a number, such as "/dev/sda:1mb". `what` is the number's field in the request.
Status device_number(const FlagRow& row, const std::string& value, CreateRequest& request,
                     const char* what, std::optional<std::int64_t> (*parse)(std::string_view)) {
  const auto [path, amount] = split_pair(value, ':');
  const auto number = parse(amount);
  if (!is_absolute(path) || !number || *number < 0) return wrong_form(value, "/DEVICE:NUMBER");
  append(request.body, row.target, json::object{{"Path", path}, {what, *number}});
  return Done{};
}

Status device_bytes(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return device_number(row, value, request, "Rate", parse_bytes);
}

std::optional<std::int64_t> parse_decimal(std::string_view text) { return parse_integer(text); }

Status device_count(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return device_number(row, value, request, "Rate", parse_decimal);
}

// 0 means no weight.
std::optional<std::int64_t> parse_weight(std::string_view text) {
  constexpr std::int64_t least = 10, most = 1000;
  const auto weight = parse_integer(text);
  return weight == 0 || (weight >= least && weight <= most) ? weight : std::nullopt;
}

Status device_weight(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return device_number(row, value, request, "Weight", parse_weight);
}

// The fields of --mount. Targets are paths within the mount.
constexpr std::string_view mount_form = "type=…,source=…,target=…";
Status recursion(const FlagRow& row, const std::string& value, CreateRequest& mount);

// Registries' rules judge the image that a container is made of, and no other.
Status mount_type(const FlagRow& row, const std::string& value, CreateRequest& mount) {
  if (lower_case(value) == "image")
    return failure("type=image is not supported; copy the files into a volume");
  return lower_text(row, value, mount);
}

Status subpath(const FlagRow& row, const std::string& value, CreateRequest& mount) {
  const auto parts = split(value, '/');
  if (value.starts_with('/') || std::find(parts.begin(), parts.end(), "..") != parts.end()) {
    return wrong_form(value, "a path within the volume");
  }
  return text(row, value, mount);
}

constexpr FlagRow mount_fields[] = {
    {"type", mount_type, "Type"},
    {"source", text, "Source"},
    {"src", text, "Source"},
    {"target", text, "Target"},
    {"destination", text, "Target"},
    {"dst", text, "Target"},
    {"readonly", boolean, "ReadOnly", '\0', true},
    {"ro", boolean, "ReadOnly", '\0', true},
    {"consistency", lower_text, "Consistency"},
    {"bind-propagation", lower_text, "BindOptions.Propagation"},
    {"bind-nonrecursive", boolean, "BindOptions.NonRecursive", '\0', true},
    {"bind-recursive", recursion, "BindOptions.NonRecursive"},
    {"volume-nocopy", boolean, "VolumeOptions.NoCopy", '\0', true},
    {"volume-label", map, "VolumeOptions.Labels"},
    {"volume-driver", text, "VolumeOptions.DriverConfig.Name"},
    {"volume-opt", map, "VolumeOptions.DriverConfig.Options"},
    {"volume-subpath", subpath, "VolumeOptions.Subpath"},
    {"image-subpath", not_applied, "it belongs to type=image, which is not supported"},
    {"tmpfs-size", bytes, "TmpfsOptions.SizeBytes"},
    {"tmpfs-mode", octal, "TmpfsOptions.Mode"},
};

Status recursion(const FlagRow& row, const std::string& value, CreateRequest& mount) {
  if (value == "writable") {
    field(mount.body, "BindOptions.ReadOnlyNonRecursive") = true;
  } else if (value == "readonly") {
    field(mount.body, "BindOptions.ReadOnlyForceRecursive") = true;
  } else if (value == "disabled") {
    field(mount.body, row.target) = true;
  } else if (value != "enabled") {
    return wrong_form(value, "enabled, disabled, writable or readonly");
  }
  return Done{};
}

Status mount(const FlagRow& row, const std::string& value, CreateRequest& request) {
  CreateRequest mount;
  mount.body["Type"] = "volume";  // docker's default
  if (Status set = apply_fields(mount_fields, value, mount); !set.ok()) return set;
  const json::value& target = mount.body["Target"];
  if (!target.is_string() || !target.get_string().starts_with('/')) {
    return failure("the target must be an absolute path; expected " + std::string(mount_form));
  }
  static constexpr std::pair<const char*, const char*> known_options[] = {
      {"BindOptions", "bind"}, {"VolumeOptions", "volume"}, {"TmpfsOptions", "tmpfs"}};
  for (const auto& [options, type] : known_options) {
    if (mount.body.contains(options) && mount.body["Type"] != type) {
      return failure(std::string("some of its fields are only valid for type=") + type);
    }
  }
  append(request.body, row.target, std::move(mount.body));
  return Done{};
}

// --- All the rest ---

// Writes limits as the docker command does: sorted by name, the last value of each.
Status ulimit(const FlagRow& row, const std::string& value, CreateRequest& request) {
  static constexpr std::string_view flag_names[] = {
      "core",   "cpu",   "data", "fsize",  "locks",  "memlock",    "msgqueue", "nice",
      "nofile", "nproc", "rss",  "rtprio", "rttime", "sigpending", "stack"};
  const auto pair = split_pair(value, '=');
  const std::string& name = pair.first;
  const auto parts = split(pair.second, ':');
  const auto soft = parse_integer(parts.front());
  const auto hard = parse_integer(parts.back());
  const bool known =
      std::find(std::begin(flag_names), std::end(flag_names), name) != std::end(flag_names);
  if (!known || parts.size() > 2 || !soft || !hard) return wrong_form(value, "NAME=SOFT[:HARD]");
  if (*hard != -1 && (*soft == -1 || *soft > *hard)) {
    return failure("the soft limit in " + in_quotes(value) + " exceeds the hard limit");
  }
  json::value& all = field(request.body, row.target);
  json::array& ulimits = all.is_array() ? all.get_array() : all.emplace_array();
  auto* place = std::find_if(ulimits.begin(), ulimits.end(), [&](const json::value& other) {
    return other.at("Name").get_string() >= name;
  });
  if (place == ulimits.end() || place->at("Name").get_string() != name) {
    place = ulimits.insert(place, json::object{{"Name", name}});
  }
  place->get_object()["Soft"] = *soft;
  place->get_object()["Hard"] = *hard;
  return Done{};
}

Status health_command(const FlagRow& row, const std::string& value, CreateRequest& request) {
  // An empty command means the image's own health check.
  if (value.empty()) {
    object_at(request.body, "Healthcheck").erase("Test");
    return Done{};
  }
  field(request.body, row.target) = json::array{"CMD-SHELL", json::value(value)};
  return Done{};
}

Status no_health_check(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto wanted = parse_switch(value);
  if (!wanted) return wrong_form(value, "true or false");
  if (*wanted) field(request.body, row.target) = json::array{"NONE"};
  return Done{};
}

Status security_option(const FlagRow& row, const std::string& value, CreateRequest& request) {
  // Not an option of the daemon: the docker command turns it into two empty lists of paths.
  if (value == "systempaths=unconfined") {
    field(request.body, "HostConfig.MaskedPaths").emplace_array();
    field(request.body, "HostConfig.ReadonlyPaths").emplace_array();
    return Done{};
  }
  const auto separator = std::min(value.find_first_of("=:"), value.size());
  const std::string profile = value.substr(std::min(separator + 1, value.size()));
  if (value.substr(0, separator) == "seccomp" && profile != "unconfined" && profile != "builtin") {
    return failure(
        "seccomp profiles are files on the host, which are not read for a task; use \"unconfined\" "
        "or \"builtin\"");
  }
  return list(row, value, request);
}

// Docker waits forever if the number is negative, but a destroy must end.
Status seconds_to_stop(const FlagRow& row, const std::string& value, CreateRequest& request) {
  if (parse_integer_literal(value).value_or(0) < 0) {
    return failure(in_quotes(value) + " would wait forever; give 0 seconds or more");
  }
  return integer(row, value, request);
}

Status pull(const FlagRow&, const std::string& value, CreateRequest& request) {
  if (value != "always" && value != "missing") {
    return failure(
        "must be \"always\" or \"missing\"; only the operator can forbid pulls, with "
        "CONTAINERIZER_PULL=never");
  }
  // Not a field of the request: the supervisor pulls before it creates the container.
  request.force_pull = value == "always";
  return Done{};
}

Status restart(const FlagRow&, const std::string& value, CreateRequest&) {
  if (value.empty() || value == "no") return Done{};
  return failure("only \"no\" is allowed, because the framework decides what is started again");
}

constexpr std::string_view no_terminal =
    "not supported, because the container runs detached; its output goes to the sandbox";
constexpr std::string_view host_file =
    "not supported, because files of the host are not read for a task";
constexpr std::string_view windows = "not supported, because it is only for Windows";
constexpr std::string_view of_the_cli =
    "not supported, because it affects the docker command, not the container";

// Sorted by name, like the help text of `docker run`.
constexpr FlagRow flag_rows[] = {
    {"add-host", extra_host, "HostConfig.ExtraHosts"},
    {"annotation", map, "HostConfig.Annotations"},
    {"attach", not_applied, no_terminal, 'a'},
    {"blkio-weight", integer, "HostConfig.BlkioWeight"},
    {"blkio-weight-device", device_weight, "HostConfig.BlkioWeightDevice"},
    {"cap-add", capability, "HostConfig.CapAdd"},
    {"cap-drop", capability, "HostConfig.CapDrop"},
    {"cgroup-parent", text, "HostConfig.CgroupParent"},
    {"cgroupns", text, "HostConfig.CgroupnsMode"},
    {"cidfile", not_applied, "not supported, because the containerizer stores the container's ID"},
    {"cpu-count", not_applied, windows},
    {"cpu-percent", not_applied, windows},
    {"cpu-period", integer, "HostConfig.CpuPeriod"},
    {"cpu-quota", integer, "HostConfig.CpuQuota"},
    {"cpu-rt-period", integer, "HostConfig.CpuRealtimePeriod"},
    {"cpu-rt-runtime", integer, "HostConfig.CpuRealtimeRuntime"},
    {"cpu-shares", integer, "HostConfig.CpuShares", 'c'},
    {"cpus", cpus, "HostConfig.NanoCpus"},
    {"cpuset-cpus", text, "HostConfig.CpusetCpus"},
    {"cpuset-mems", text, "HostConfig.CpusetMems"},
    {"detach", not_applied, no_terminal, 'd', true},
    {"detach-keys", not_applied, no_terminal},
    {"device", device, "HostConfig.Devices"},
    {"device-cgroup-rule", device_rule, "HostConfig.DeviceCgroupRules"},
    {"device-read-bps", device_bytes, "HostConfig.BlkioDeviceReadBps"},
    {"device-read-iops", device_count, "HostConfig.BlkioDeviceReadIOps"},
    {"device-write-bps", device_bytes, "HostConfig.BlkioDeviceWriteBps"},
    {"device-write-iops", device_count, "HostConfig.BlkioDeviceWriteIOps"},
    {"disable-content-trust", not_applied, of_the_cli, '\0', true},
    {"dns", checked_list<parse_ip>, "HostConfig.Dns"},
    {"dns-option", list, "HostConfig.DnsOptions"},
    {"dns-search", checked_list<parse_domain>, "HostConfig.DnsSearch"},
    {"domainname", text, "Domainname"},
    {"entrypoint", only_entry, "Entrypoint"},
    {"env", environment, "Env", 'e'},
    {"env-file", not_applied, host_file},
    {"expose", expose, "ExposedPorts"},
    {"gpus", not_applied, "GPUs are not supported; add devices with --device"},
    {"group-add", list, "HostConfig.GroupAdd"},
    {"health-cmd", health_command, "Healthcheck.Test"},
    {"health-interval", duration, "Healthcheck.Interval"},
    {"health-retries", integer, "Healthcheck.Retries"},
    {"health-start-interval", duration, "Healthcheck.StartInterval"},
    {"health-start-period", duration, "Healthcheck.StartPeriod"},
    {"health-timeout", duration, "Healthcheck.Timeout"},
    {"help", not_applied, of_the_cli, '\0', true},
    {"hostname", text, "Hostname", 'h'},
    {"init", boolean, "HostConfig.Init", '\0', true},
    {"interactive", not_applied, no_terminal, 'i', true},
    {"io-maxbandwidth", not_applied, windows},
    {"io-maxiops", not_applied, windows},
    {"ip", endpoint_text, "IPAMConfig.IPv4Address"},
    {"ip6", endpoint_text, "IPAMConfig.IPv6Address"},
    {"ipc", text, "HostConfig.IpcMode"},
    {"isolation", text, "HostConfig.Isolation"},
    {"kernel-memory", bytes, "HostConfig.KernelMemory"},
    {"label", label, "Labels", 'l'},
    {"label-file", not_applied, host_file},
    {"link", link, "HostConfig.Links"},
    {"link-local-ip", endpoint_list, "IPAMConfig.LinkLocalIPs"},
    {"log-driver", text, "HostConfig.LogConfig.Type"},
    {"log-opt", map, "HostConfig.LogConfig.Config"},
    {"mac-address", mac_address, "MacAddress"},
    {"memory", bytes, "HostConfig.Memory", 'm'},
    {"memory-reservation", bytes, "HostConfig.MemoryReservation"},
    {"memory-swap", bytes_or_unlimited, "HostConfig.MemorySwap"},
    {"memory-swappiness", integer, "HostConfig.MemorySwappiness"},
    {"mount", mount, "HostConfig.Mounts"},
    {"name", not_applied,
     "not supported, because the containerizer finds containers by its own names"},
    {"network", network, "HostConfig.NetworkMode"},
    {"network-alias", endpoint_list, "Aliases"},
    {"no-healthcheck", no_health_check, "Healthcheck.Test", '\0', true},
    {"oom-kill-disable", boolean, "HostConfig.OomKillDisable", '\0', true},
    {"oom-score-adj", integer, "HostConfig.OomScoreAdj"},
    {"pid", pid_mode, "HostConfig.PidMode"},
    {"pids-limit", integer, "HostConfig.PidsLimit"},
    {"platform", not_applied,
     "not supported, because a container runs on the platform of its host"},
    {"privileged", boolean, "HostConfig.Privileged", '\0', true},
    {"publish", publish, "HostConfig.PortBindings", 'p'},
    {"publish-all", boolean, "HostConfig.PublishAllPorts", 'P', true},
    {"pull", pull, ""},
    {"quiet", not_applied, of_the_cli, 'q', true},
    {"read-only", boolean, "HostConfig.ReadonlyRootfs", '\0', true},
    {"restart", restart, "HostConfig.RestartPolicy"},
    {"rm", not_applied,
     "not supported, because the containerizer removes the container after reporting its exit",
     '\0', true},
    {"runtime", text, "HostConfig.Runtime"},
    {"security-opt", security_option, "HostConfig.SecurityOpt"},
    {"shm-size", bytes, "HostConfig.ShmSize"},
    {"sig-proxy", not_applied, no_terminal, '\0', true},
    {"stop-signal", text, "StopSignal"},
    {"stop-timeout", seconds_to_stop, "StopTimeout"},
    {"storage-opt", map, "HostConfig.StorageOpt"},
    {"sysctl", sysctl, "HostConfig.Sysctls"},
    {"tmpfs", tmpfs, "HostConfig.Tmpfs"},
    {"tty", boolean, "Tty", 't', true},
    {"ulimit", ulimit, "HostConfig.Ulimits"},
    {"use-api-socket", not_applied, "not supported, because tasks may not use the daemon's socket",
     '\0', true},
    {"user", text, "User", 'u'},
    {"userns", host_or_own, "HostConfig.UsernsMode"},
    {"uts", host_or_own, "HostConfig.UTSMode"},
    {"volume", volume, "HostConfig.Binds", 'v'},
    {"volume-driver", text, "HostConfig.VolumeDriver"},
    {"volumes-from", list, "HostConfig.VolumesFrom"},
    {"workdir", text, "WorkingDir", 'w'},
};

// Names that older versions of the docker command accept.
struct Alias {
  std::string_view older, name;
};
constexpr Alias aliases[] = {
    {"cpuset", "cpuset-cpus"},
    {"dns-opt", "dns-option"},
    {"net", "network"},
    {"net-alias", "network-alias"},
};

}  // namespace

const FlagRow* find_flag(std::string_view name) {
  for (const Alias& alias : aliases) {
    if (name == alias.older) name = alias.name;
  }
  for (const FlagRow& row : flag_rows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::span<const FlagRow> all_flags() { return flag_rows; }

const FlagRow* find_flag(char letter) {
  for (const FlagRow& row : flag_rows) {
    if (row.letter == letter && letter != '\0') return &row;
  }
  return nullptr;
}

}  // namespace containerizer

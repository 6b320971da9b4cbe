#include "engine/translation/request_table.h"

#include <algorithm>
#include <boost/json/array.hpp>

#include "engine/translation/root_mounts.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/format.h"
#include "host/json.h"

namespace containerizer {
namespace {

namespace json = boost::json;
using Refused = std::optional<std::string>;
using Words = std::initializer_list<std::string_view>;

const Refused allowed;

template <class Range = Words>
bool is_one_of(std::string_view word, const Range& words) {
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : "";
}

std::int64_t number_of(const json::value& value) {
  return value.is_int64() ? value.get_int64() : 0;
}

// The value of an option, refused.
std::string refused(std::string_view flag, const std::string& value) {
  return formatted("--{} {}", flag, in_quotes(value));
}

// A name as daemons give names: it cannot contain what separates one field from the next.
bool is_name(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  return !text.empty() && text[0] != '.' && text[0] != '-' &&
         std::all_of(text.begin(), text.end(), is_plain);
}

bool goes_up(const std::string& path) {
  const auto parts = split(path, '/');
  return std::find(parts.begin(), parts.end(), "..") != parts.end();
}

// --- Privileges

Refused privileged(const json::value& value, const json::object&, const RequestContext&) {
  return value == true ? Refused("--privileged") : allowed;
}

Refused capabilities(const json::value& value, const json::object&, const RequestContext&) {
  // Docker gives these to every container.
  static constexpr std::string_view usual[] = {
      "CAP_AUDIT_WRITE", "CAP_CHOWN",  "CAP_DAC_OVERRIDE", "CAP_FOWNER",          "CAP_FSETID",
      "CAP_KILL",        "CAP_MKNOD",  "CAP_NET_RAW",      "CAP_SETFCAP",         "CAP_SETGID",
      "CAP_SETPCAP",     "CAP_SETUID", "CAP_SYS_CHROOT",   "CAP_NET_BIND_SERVICE"};
  for (const auto& name : value.as_array()) {
    if (!is_one_of(text_of(name), usual)) return refused("cap-add", text_of(name));
  }
  return allowed;
}

Refused devices(const json::value& value, const json::object&, const RequestContext&) {
  for (const auto& device : value.as_array()) {
    return refused("device", text_member(device.as_object(), "PathOnHost"));
  }
  return allowed;
}

Refused device_rules(const json::value& value, const json::object&, const RequestContext&) {
  return value.as_array().empty() ? allowed : Refused("--device-cgroup-rule");
}

Refused unmasked(const json::value&, const json::object&, const RequestContext&) {
  return "--security-opt systempaths=unconfined";
}

// Runtimes read them, and can take any of them for an order.
Refused annotations(const json::value& value, const json::object&, const RequestContext&) {
  for (const auto& annotation : value.as_object()) return refused("annotation", annotation.key());
  return allowed;
}

Refused runtime(const json::value& value, const json::object&, const RequestContext&) {
  // An operator may have registered any program as one.
  return text_of(value).empty() ? allowed : refused("runtime", text_of(value));
}

Refused security_options(const json::value& value, const json::object&, const RequestContext&) {
  for (const auto& option : value.as_array()) {
    const auto text = text_of(option);
    if (!is_one_of(text, {"no-new-privileges", "no-new-privileges=true", "no-new-privileges:true"}))
      return refused("security-opt", text);
  }
  return allowed;
}

// --- Namespaces: the container's own, and the host's network, which is Mesos' default.

Refused network_mode(const json::value& value, const json::object&, const RequestContext&) {
  const auto mode = text_of(value);
  // With a colon, daemons take it for another container, a file of the host, or options.
  return mode.empty() || is_name(mode) ? allowed : refused("network", mode);
}

Refused pid_mode(const json::value& value, const json::object&, const RequestContext&) {
  return text_of(value).empty() ? allowed : refused("pid", text_of(value));
}

Refused ipc_mode(const json::value& value, const json::object&, const RequestContext&) {
  const auto mode = text_of(value);
  return is_one_of(mode, {"", "private", "shareable", "none"}) ? allowed : refused("ipc", mode);
}

// Whoever shares the host's name cannot change it without CAP_SYS_ADMIN.
Refused uts_mode(const json::value& value, const json::object&, const RequestContext&) {
  return is_one_of(text_of(value), {"", "host"}) ? allowed : refused("uts", text_of(value));
}

Refused user_mode(const json::value& value, const json::object&, const RequestContext&) {
  return text_of(value).empty() ? allowed : refused("userns", text_of(value));
}

Refused cgroup_mode(const json::value& value, const json::object&, const RequestContext&) {
  return is_one_of(text_of(value), {"", "private"}) ? allowed : refused("cgroupns", text_of(value));
}

// --- Other containers

Refused links(const json::value& value, const json::object&, const RequestContext&) {
  for (const auto& link : value.as_array()) return refused("link", text_of(link));
  return allowed;
}

Refused volumes_from(const json::value& value, const json::object&, const RequestContext&) {
  return value.as_array().empty() ? allowed : Refused("--volumes-from");
}

Refused cgroup_parent(const json::value& value, const json::object&, const RequestContext&) {
  return text_of(value).empty() ? allowed : refused("cgroup-parent", text_of(value));
}

// Drivers read them, and any plugin can be a driver.
Refused driver_options(const json::value& value, const json::object&, const RequestContext&) {
  for (const auto& option : value.as_object())
    return "--network driver-opt=" + in_quotes(option.key());
  return allowed;
}

// Podman gives the container the groups of its own process.
Refused groups(const json::value& value, const json::object&, const RequestContext&) {
  for (const auto& group : value.as_array()) {
    const auto name = text_of(group);
    if (name == "keep-groups" || !is_name(name)) return refused("group-add", name);
  }
  return allowed;
}

// --- The daemon's log: drivers that stay in the daemon's own files

Refused log_driver(const json::value& value, const json::object&, const RequestContext&) {
  return is_one_of(text_of(value), {"", "json-file", "k8s-file", "local"})
             ? allowed
             : refused("log-driver", text_of(value));
}

Refused log_options(const json::value& value, const json::object&, const RequestContext&) {
  for (const auto& option : value.as_object()) {
    if (!is_one_of(option.key(), {"compress", "env", "env-regex", "labels", "labels-regex",
                                  "max-buffer-size", "max-file", "max-size", "mode", "tag"}))
      return refused("log-opt", option.key());
  }
  return allowed;
}

// --- Shares of the host: a task may ask for less than the slave has allotted, not for more

Refused too_much(std::string_view flag, std::int64_t value) {
  if (value <= 0) return formatted("--{} {} removes the limit", flag, value);
  return formatted("--{} {} exceeds the task's resources", flag, value);
}

Refused memory(const json::value& value, const json::object&, const RequestContext& context) {
  if (!context.resources.memory) return allowed;
  const auto most = memory_limit(*context.resources.memory);
  const auto wanted = number_of(value);
  return wanted > 0 && wanted <= most ? allowed : too_much("memory", wanted);
}

// Docker gives as much swap as memory when nothing is asked for.
Refused memory_swap(const json::value& value, const json::object&, const RequestContext& context) {
  if (!context.resources.memory) return allowed;
  const auto most = 2 * memory_limit(*context.resources.memory);
  const auto wanted = number_of(value);
  return wanted >= 0 && wanted <= most ? allowed : too_much("memory-swap", wanted);
}

Refused shares(const json::value& value, const json::object&, const RequestContext& context) {
  if (!context.resources.cpus) return allowed;
  const auto wanted = number_of(value);
  return wanted >= 0 && wanted <= cpu_shares(*context.resources.cpus)
             ? allowed
             : too_much("cpu-shares", wanted);
}

Refused quota(const json::value& value, const json::object& host, const RequestContext& context) {
  if (!context.has_cpu_quota || !context.resources.cpus) return allowed;
  const auto* period = host.if_contains("CpuPeriod");
  const auto length =
      period == nullptr || number_of(*period) <= 0 ? cpu_period : number_of(*period);
  const auto wanted = number_of(value);
  return wanted > 0 && wanted <= cpu_quota(*context.resources.cpus, length)
             ? allowed
             : too_much("cpu-quota", wanted);
}

Refused nano_cpus(const json::value& value, const json::object&, const RequestContext& context) {
  if (!context.has_cpu_quota || !context.resources.cpus) return allowed;
  constexpr std::int64_t of_quota = 1'000'000'000 / cpu_period;
  const auto wanted = number_of(value);
  return wanted > 0 && wanted / of_quota <= cpu_quota(*context.resources.cpus)
             ? allowed
             : Refused("--cpus exceeds the task's resources");
}

Refused realtime(const json::value& value, const json::object&, const RequestContext&) {
  return number_of(value) == 0 ? allowed : Refused("--cpu-rt-period or --cpu-rt-runtime");
}

Refused oom_kill_disable(const json::value& value, const json::object&, const RequestContext&) {
  return value == true ? Refused("--oom-kill-disable") : allowed;
}

// Below 0, the kernel kills other processes instead.
Refused oom_score(const json::value& value, const json::object&, const RequestContext&) {
  return number_of(value) >= 0 ? allowed
                               : Refused(formatted("--oom-score-adj {}", number_of(value)));
}

// 0 and below lift the limit that the daemon sets.
Refused pids_limit(const json::value& value, const json::object&, const RequestContext&) {
  return number_of(value) > 0 ? allowed : Refused(formatted("--pids-limit {}", number_of(value)));
}

// How other processes fare on the disk depends on it.
Refused weight(const json::value& value, const json::object&, const RequestContext&) {
  const bool none = value.is_array() ? value.get_array().empty() : number_of(value) == 0;
  return none ? allowed : Refused("--blkio-weight or --blkio-weight-device");
}

// The daemon looks at the file as root, and reports what it finds.
Refused throttled(const json::value& value, const json::object&, const RequestContext&) {
  for (const auto& device : value.as_array()) {
    const auto path = text_member(device.as_object(), "Path");
    if (goes_up(path) || !path.starts_with("/dev/"))
      return refused("device-read-bps (or a similar flag)", path);
  }
  return allowed;
}

// A process that may raise its priority keeps others from running.
Refused ulimits(const json::value& value, const json::object&, const RequestContext&) {
  for (const auto& limit : value.as_array()) {
    const auto name = text_member(limit.as_object(), "Name");
    if (is_one_of(name, {"nice", "rtprio"})) return refused("ulimit", name);
  }
  return allowed;
}

Refused sysctls(const json::value& value, const json::object& host, const RequestContext&) {
  const bool is_hosts = text_member(host, "NetworkMode") == "host";
  for (const auto& setting : value.as_object()) {
    const std::string_view name = setting.key();
    if (name.starts_with("net.") && is_hosts) return refused("sysctl", std::string(name));
  }
  return allowed;
}

Refused storage_options(const json::value& value, const json::object&, const RequestContext&) {
  for (const auto& option : value.as_object()) {
    if (option.key() != "size") return refused("storage-opt", option.key());
  }
  return allowed;
}

// The daemon runs the check as often as the task asks for.
Refused check_interval(const json::value& value, const json::object&, const RequestContext&) {
  constexpr std::int64_t second = 1'000'000'000;
  const auto wanted = number_of(value);
  return wanted == 0 || wanted >= second ? allowed : Refused("--health-interval below 1s");
}

// --- Ports: those that the slave has allotted

bool is_allotted(const Resources& resources, std::uint32_t first, std::uint32_t last) {
  return std::any_of(resources.ports.begin(), resources.ports.end(), [&](const auto& range) {
    return range.first <= first && last <= range.second;
  });
}

Refused ports(const json::value& value, const json::object&, const RequestContext& context) {
  for (const auto& bindings : value.as_object()) {
    for (const auto& binding : bindings.value().as_array()) {
      // Without one, the daemon chooses a port, which is not the task's either.
      const auto text = text_member(binding.as_object(), "HostPort");
      const auto range = parse_ports(text);
      if (range && is_allotted(context.resources, range->first, range->last)) continue;
      if (text.empty())
        return Refused("--publish names no host port (name one of the task's allocated ports)");
      return formatted("--publish {} is not among the task's ports", in_quotes(text));
    }
  }
  return allowed;
}

// Any number of ports, which the daemon chooses.
Refused all_ports(const json::value& value, const json::object&, const RequestContext&) {
  return value == true ? Refused("--publish-all") : allowed;
}

// --- Mounts

std::string volume(const std::string& source) { return "volume " + in_quotes(source); }

Refused no_root(const std::string& source, bool is_read_only, const RequestContext& context) {
  const auto& own = context.own_paths;
  const bool is_judged = context.own_places != nullptr && source.starts_with('/') &&
                         std::find(own.begin(), own.end(), source) == own.end();
  if (!is_judged) return allowed;
  const bool is_bad = goes_up(source) || source.find('\0') != source.npos ||
                      makes_root(source, is_read_only, *context.own_places);
  return is_bad ? volume(source) : allowed;
}

Refused no_root_of_mount(const json::value& value, const json::object& mount,
                         const RequestContext& context) {
  if (text_member(mount, "Type") != "bind") return allowed;
  return no_root(text_of(value), is_read_only_mount(mount), context);
}

// Options of a bind, behind its second colon. They can name more paths, and change the source.
Refused bind_options(const json::value& value, const json::object&, const RequestContext& context) {
  for (const auto& bind : value.as_array()) {
    const auto source = split_pair(text_of(bind), ':').first;
    if (auto bad = no_root(source, is_read_only_bind(text_of(bind)), context)) return bad;
    const auto parts = split(text_of(bind), ':');
    const auto words = parts.size() > 2 ? split(parts[2], ',') : std::vector<std::string>();
    for (const auto& word : words) {
      if (!is_one_of(word, {"", "Z", "cached", "consistent", "delegated", "nocopy", "private", "ro",
                            "rprivate", "rslave", "rw", "slave", "z"}))
        return refused("volume with the mode", word);
    }
  }
  return allowed;
}

Refused propagation(const json::value& value, const json::object&, const RequestContext&) {
  return is_one_of(text_of(value), {"", "private", "rprivate", "rslave", "slave"})
             ? allowed
             : refused("mount bind-propagation", text_of(value));
}

Refused consistency(const json::value& value, const json::object&, const RequestContext&) {
  return is_one_of(text_of(value), {"", "cached", "consistent", "default", "delegated"})
             ? allowed
             : refused("mount consistency", text_of(value));
}

Refused path_of_host(const std::string& path, const RequestContext& context) {
  if (context.allowed_paths == nullptr) return allowed;
  const auto& own = context.own_paths;
  if (std::find(own.begin(), own.end(), path) != own.end()) return allowed;
  const auto normal = normal_path(path);
  const auto is_good = [&](const auto& directory) { return is_below(normal, directory); };
  const auto& paths = *context.allowed_paths;
  // The kernel goes up from what a link leads to, which is not what the text says.
  const bool is_allowed = !goes_up(path) && path.find('\0') == path.npos &&
                          std::any_of(paths.begin(), paths.end(), is_good);
  return is_allowed ? allowed : volume(path);
}

Refused volume_name(const std::string& name) {
  return name.empty() || is_name(name) ? allowed : volume(name);
}

Refused binds(const json::value& value, const json::object&, const RequestContext& context) {
  for (const auto& bind : value.as_array()) {
    const auto source = split_pair(text_of(bind), ':').first;
    auto bad = source.starts_with('/') ? path_of_host(source, context) : volume_name(source);
    if (bad) return bad;
  }
  return allowed;
}

Refused mount_type(const json::value& value, const json::object&, const RequestContext&) {
  return is_one_of(text_of(value), {"bind", "tmpfs", "volume"})
             ? allowed
             : Refused("mount of type " + in_quotes(text_of(value)));
}

Refused mount_source(const json::value& value, const json::object& mount,
                     const RequestContext& context) {
  const auto source = text_of(value);
  return text_member(mount, "Type") == "bind" ? path_of_host(source, context) : volume_name(source);
}

Refused volume_driver(const json::value& value, const json::object&, const RequestContext&) {
  const auto name = text_of(value);
  return is_one_of(name, {"", "local"}) ? allowed : Refused("volume driver " + in_quotes(name));
}

// The driver `local` mounts what its options ask for, by mount(2) or by mount(8): a tmpfs, or
// nothing. The volume keeps the options, so that a path in them could be another one later.
Refused local_options(const json::value& value, const json::object&, const RequestContext&) {
  const auto& options = value.as_object();
  const auto type = text_member(options, "type");
  const auto device = text_member(options, "device");
  const auto bad = [&] {
    return formatted("volume of type {} from {}", in_quotes(type), in_quotes(device));
  };
  for (const auto& option : options) {
    if (!is_one_of(option.key(), {"device", "o", "size", "type"}))
      return "volume option " + in_quotes(option.key());
  }
  if (type != "tmpfs" && (!type.empty() || !device.empty())) return bad();
  for (const auto& word : split(text_member(options, "o"), ',')) {
    const auto name = split_pair(word, '=').first;
    if (!is_one_of(name, {"", "gid", "mode", "noatime", "nodev", "noexec", "nosuid", "nr_inodes",
                          "ro", "rw", "size", "uid"}))
      return bad();
  }
  return allowed;
}

// Without allowed volumes, other drivers are the operator's choice.
Refused privileged_type(const json::value& value, const json::object& mount,
                        const RequestContext& context) {
  return context.own_places == nullptr ? allowed : mount_type(value, mount, context);
}

Refused privileged_options(const json::value& value, const json::object& driver,
                           const RequestContext& context) {
  const auto name = text_member(driver, "Name");
  if (context.own_places == nullptr || !is_one_of(name, {"", "local"})) return allowed;
  return local_options(value, driver, context);
}

// Podman takes them for values of -v.
Refused anonymous(const json::value& value, const json::object&, const RequestContext&) {
  for (const auto& each : value.as_object()) {
    if (std::string_view(each.key()).find(':') != std::string_view::npos) return volume(each.key());
  }
  return allowed;
}

constexpr auto harmless = FieldKind::harmless;
constexpr auto judged = FieldKind::judged;
constexpr auto ours = FieldKind::ours;
constexpr auto by_privilege = Rule::privileged;
constexpr auto by_volumes = Rule::volumes;

// In the order of their paths.
constexpr FieldRow fields[] = {
    {"Cmd", harmless},
    {"Domainname", harmless},
    {"Entrypoint", harmless},
    {"Env", harmless},
    {"ExposedPorts", harmless},
    {"Healthcheck.Interval", judged, by_privilege, check_interval},
    {"Healthcheck.Retries", harmless},
    {"Healthcheck.StartInterval", judged, by_privilege, check_interval},
    {"Healthcheck.StartPeriod", harmless},
    {"Healthcheck.Test", harmless},
    {"Healthcheck.Timeout", harmless},
    {"HostConfig.Annotations", judged, by_privilege, annotations},
    {"HostConfig.AutoRemove", ours},
    {"HostConfig.Binds", judged, by_privilege, bind_options},
    {"HostConfig.Binds", judged, by_volumes, binds},
    {"HostConfig.BlkioDeviceReadBps", judged, by_privilege, throttled},
    {"HostConfig.BlkioDeviceReadIOps", judged, by_privilege, throttled},
    {"HostConfig.BlkioDeviceWriteBps", judged, by_privilege, throttled},
    {"HostConfig.BlkioDeviceWriteIOps", judged, by_privilege, throttled},
    {"HostConfig.BlkioWeight", judged, by_privilege, weight},
    {"HostConfig.BlkioWeightDevice", judged, by_privilege, weight},
    {"HostConfig.CapAdd", judged, by_privilege, capabilities},
    {"HostConfig.CapDrop", harmless},
    {"HostConfig.CgroupParent", judged, by_privilege, cgroup_parent},
    {"HostConfig.CgroupnsMode", judged, by_privilege, cgroup_mode},
    {"HostConfig.CpuPeriod", harmless},  // the quota is judged against it
    {"HostConfig.CpuQuota", judged, by_privilege, quota},
    {"HostConfig.CpuRealtimePeriod", judged, by_privilege, realtime},
    {"HostConfig.CpuRealtimeRuntime", judged, by_privilege, realtime},
    {"HostConfig.CpuShares", judged, by_privilege, shares},
    {"HostConfig.CpusetCpus", harmless},
    {"HostConfig.CpusetMems", harmless},
    {"HostConfig.DeviceCgroupRules", judged, by_privilege, device_rules},
    {"HostConfig.Devices", judged, by_privilege, devices},
    {"HostConfig.Dns", harmless},
    {"HostConfig.DnsOptions", harmless},
    {"HostConfig.DnsSearch", harmless},
    {"HostConfig.ExtraHosts", harmless},
    {"HostConfig.GroupAdd", judged, by_privilege, groups},
    {"HostConfig.Init", harmless},
    {"HostConfig.IpcMode", judged, by_privilege, ipc_mode},
    {"HostConfig.Isolation", harmless},
    {"HostConfig.KernelMemory", harmless},
    {"HostConfig.Links", judged, by_privilege, links},
    {"HostConfig.LogConfig.Config", judged, by_privilege, log_options},
    {"HostConfig.LogConfig.Type", judged, by_privilege, log_driver},
    {"HostConfig.MaskedPaths", judged, by_privilege, unmasked},
    {"HostConfig.Memory", judged, by_privilege, memory},
    {"HostConfig.MemoryReservation", harmless},
    {"HostConfig.MemorySwap", judged, by_privilege, memory_swap},
    {"HostConfig.MemorySwappiness", harmless},
    {"HostConfig.Mounts[].BindOptions.NonRecursive", harmless},
    {"HostConfig.Mounts[].BindOptions.Propagation", judged, by_privilege, propagation},
    {"HostConfig.Mounts[].BindOptions.ReadOnlyForceRecursive", harmless},
    {"HostConfig.Mounts[].BindOptions.ReadOnlyNonRecursive", harmless},
    {"HostConfig.Mounts[].Consistency", judged, by_privilege, consistency},
    {"HostConfig.Mounts[].ReadOnly", harmless},
    {"HostConfig.Mounts[].Source", judged, by_privilege, no_root_of_mount},
    {"HostConfig.Mounts[].Source", judged, by_volumes, mount_source},
    {"HostConfig.Mounts[].Target", harmless},
    {"HostConfig.Mounts[].TmpfsOptions.Mode", harmless},
    {"HostConfig.Mounts[].TmpfsOptions.SizeBytes", harmless},
    {"HostConfig.Mounts[].Type", judged, by_privilege, privileged_type},
    {"HostConfig.Mounts[].Type", judged, by_volumes, mount_type},
    {"HostConfig.Mounts[].VolumeOptions.DriverConfig.Name", judged, by_volumes, volume_driver},
    {"HostConfig.Mounts[].VolumeOptions.DriverConfig.Options", judged, by_privilege,
     privileged_options},
    {"HostConfig.Mounts[].VolumeOptions.DriverConfig.Options", judged, by_volumes, local_options},
    {"HostConfig.Mounts[].VolumeOptions.Labels", harmless},
    {"HostConfig.Mounts[].VolumeOptions.NoCopy", harmless},
    {"HostConfig.Mounts[].VolumeOptions.Subpath", harmless},
    {"HostConfig.NanoCpus", judged, by_privilege, nano_cpus},
    {"HostConfig.NetworkMode", judged, by_privilege, network_mode},
    {"HostConfig.OomKillDisable", judged, by_privilege, oom_kill_disable},
    {"HostConfig.OomScoreAdj", judged, by_privilege, oom_score},
    {"HostConfig.PidMode", judged, by_privilege, pid_mode},
    {"HostConfig.PidsLimit", judged, by_privilege, pids_limit},
    {"HostConfig.PortBindings", judged, by_privilege, ports},
    {"HostConfig.Privileged", judged, by_privilege, privileged},
    {"HostConfig.PublishAllPorts", judged, by_privilege, all_ports},
    {"HostConfig.ReadonlyPaths", judged, by_privilege, unmasked},
    {"HostConfig.ReadonlyRootfs", harmless},
    {"HostConfig.RestartPolicy.Name", ours},
    {"HostConfig.Runtime", judged, by_privilege, runtime},
    {"HostConfig.SecurityOpt", judged, by_privilege, security_options},
    {"HostConfig.ShmSize", harmless},  // the container's memory limit covers it
    {"HostConfig.StorageOpt", judged, by_privilege, storage_options},
    {"HostConfig.Sysctls", judged, by_privilege, sysctls},
    {"HostConfig.Tmpfs", harmless},
    {"HostConfig.UTSMode", judged, by_privilege, uts_mode},
    {"HostConfig.Ulimits", judged, by_privilege, ulimits},
    {"HostConfig.UsernsMode", judged, by_privilege, user_mode},
    {"HostConfig.VolumeDriver", judged, by_volumes, volume_driver},
    {"HostConfig.VolumesFrom", judged, by_privilege, volumes_from},
    {"HostConfig.VolumesFrom", judged, by_volumes, volumes_from},
    {"Hostname", harmless},
    {"Image", harmless},   // CONTAINERIZER_ALLOWED_REGISTRIES, in policy.h
    {"Labels", harmless},  // flags cannot set those of ours
    {"MacAddress", harmless},
    {"NetworkingConfig.EndpointsConfig.*.Aliases", harmless},
    {"NetworkingConfig.EndpointsConfig.*.DriverOpts", judged, by_privilege, driver_options},
    {"NetworkingConfig.EndpointsConfig.*.GwPriority", harmless},
    {"NetworkingConfig.EndpointsConfig.*.IPAMConfig.IPv4Address", harmless},
    {"NetworkingConfig.EndpointsConfig.*.IPAMConfig.IPv6Address", harmless},
    {"NetworkingConfig.EndpointsConfig.*.IPAMConfig.LinkLocalIPs", harmless},
    {"NetworkingConfig.EndpointsConfig.*.Links", judged, by_privilege, links},
    {"NetworkingConfig.EndpointsConfig.*.MacAddress", harmless},
    {"StopSignal", harmless},
    {"StopTimeout", harmless},
    {"Tty", harmless},
    {"User", harmless},
    {"Volumes", judged, by_volumes, anonymous},
    {"WorkingDir", harmless},
};

}  // namespace

std::span<const FieldRow> request_fields() { return fields; }

std::span<const FieldRow> rows_of(std::string_view path) {
  const auto is_it = [&](const FieldRow& row) { return row.path == path; };
  const auto* const first = std::find_if(std::begin(fields), std::end(fields), is_it);
  const auto* const last = std::find_if_not(first, std::end(fields), is_it);
  return {first, last};
}

}  // namespace containerizer

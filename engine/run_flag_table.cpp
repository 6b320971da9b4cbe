#include "engine/run_flag_table.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "engine/flag_values.h"

namespace containerizer {
namespace {

namespace json = boost::json;

Status refuse(std::string reason) { return Failure{Fault::refused, std::move(reason)}; }

Status refuse_form(const std::string& value, std::string_view form) {
  return refuse(in_quotes(value) + " is not " + std::string(form));
}

// --- One value ---

Status text(const FlagRow& row, const std::string& value, CreateRequest& request) {
  field(request.body, row.target) = value;
  return Done{};
}

template <class T>
Status store(const FlagRow& row, const std::string& value, CreateRequest& request,
             const std::optional<T>& parsed, std::string_view form) {
  if (!parsed) return refuse_form(value, form);
  field(request.body, row.target) = *parsed;
  return Done{};
}

Status boolean(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return store(row, value, request, parse_switch(value), "true or false");
}

Status integer(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return store(row, value, request, parse_integer(value), "a whole number");
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

// --- Lists and maps ---

Status list(const FlagRow& row, const std::string& value, CreateRequest& request) {
  append(request.body, row.target, json::value(value));
  return Done{};
}

Status one_word_list(const FlagRow& row, const std::string& value, CreateRequest& request) {
  field(request.body, row.target) = json::array{json::value(value)};
  return Done{};
}

Status map(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto [key, content] = split_pair(value, '=');
  if (key.empty()) return refuse("the key before = is missing");
  object_at(request.body, row.target)[key] = content;
  return Done{};
}

Status label(const FlagRow& row, const std::string& value, CreateRequest& request) {
  if (value.starts_with(kReservedLabels)) {
    return refuse("labels that begin with " + std::string(kReservedLabels) +
                  " belong to the containerizer");
  }
  return map(row, value, request);
}

Status environment(const FlagRow&, const std::string& value, CreateRequest& request) {
  const auto equals = value.find('=');
  if (equals == value.npos || equals == 0) {
    return refuse("must be NAME=VALUE; a bare NAME would take its value from the slave");
  }
  set_variable(request.body, value.substr(0, equals), value.substr(equals + 1));
  return Done{};
}

Status extra_host(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto separator = value.find_first_of("=:");
  if (separator == value.npos || separator == 0) return refuse_form(value, "HOST:IP");
  std::string entry = value;
  entry[separator] = ':';
  return list(row, entry, request);
}

// --- Files and devices ---

bool is_absolute(const std::string& path) { return path.starts_with('/'); }

Status volume(const FlagRow&, const std::string& value, CreateRequest& request) {
  const auto parts = split(value, ':');
  const bool anonymous = parts.size() == 1;
  if (parts.size() > 3 || !is_absolute(anonymous ? parts[0] : parts[1])) {
    return refuse_form(value, "[SOURCE:]/PATH/IN/CONTAINER[:MODE]");
  }
  if (anonymous) {
    object_at(request.body, "Volumes")[value].emplace_object();
    return Done{};
  }
  if (parts[0].empty() || parts[0].starts_with('.')) {
    return refuse("source " + in_quotes(parts[0]) +
                  " must be an absolute path or the name of a volume");
  }
  append(request.body, "HostConfig.Binds", json::value(value));
  return Done{};
}

Status tmpfs(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto [path, options] = split_pair(value, ':');
  if (!is_absolute(path)) return refuse_form(value, "/PATH/IN/CONTAINER[:OPTIONS]");
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
    return refuse_form(value, "/DEVICE[:/DEVICE/IN/CONTAINER][:rwm]");
  }
  append(request.body, row.target,
         json::object{{"PathOnHost", parts[0]},
                      {"PathInContainer", parts[1]},
                      {"CgroupPermissions", parts[2]}});
  return Done{};
}

// A device and a number of it: "/dev/sda:1mb".
Status device_number(const FlagRow& row, const std::string& value, CreateRequest& request,
                     const char* what, std::optional<std::int64_t> (*parse)(std::string_view)) {
  const auto [path, amount] = split_pair(value, ':');
  const auto number = parse(amount);
  if (!is_absolute(path) || !number || *number < 0) return refuse_form(value, "/DEVICE:NUMBER");
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

Status device_weight(const FlagRow& row, const std::string& value, CreateRequest& request) {
  return device_number(row, value, request, "Weight", parse_decimal);
}

// The fields of --mount, by the same kind of table; targets lie within the mount.
constexpr std::string_view kMountForm = "type=…,source=…,target=…";
constexpr FlagRow kMountFields[] = {
    {"type", text, "Type"},
    {"source", text, "Source"},
    {"src", text, "Source"},
    {"target", text, "Target"},
    {"destination", text, "Target"},
    {"dst", text, "Target"},
    {"readonly", boolean, "ReadOnly", '\0', true},
    {"ro", boolean, "ReadOnly", '\0', true},
    {"consistency", text, "Consistency"},
    {"bind-propagation", text, "BindOptions.Propagation"},
    {"bind-nonrecursive", boolean, "BindOptions.NonRecursive", '\0', true},
    {"volume-nocopy", boolean, "VolumeOptions.NoCopy", '\0', true},
    {"volume-label", map, "VolumeOptions.Labels"},
    {"volume-driver", text, "VolumeOptions.DriverConfig.Name"},
    {"volume-opt", map, "VolumeOptions.DriverConfig.Options"},
    {"tmpfs-size", bytes, "TmpfsOptions.SizeBytes"},
    {"tmpfs-mode", octal, "TmpfsOptions.Mode"},
};

Status mount(const FlagRow& row, const std::string& value, CreateRequest& request) {
  CreateRequest mount;
  mount.body["Type"] = "volume";
  for (const std::string& part : split(value, ',')) {
    auto [name, content] = split_pair(part, '=');
    const FlagRow* known = nullptr;
    for (const FlagRow& candidate : kMountFields) {
      if (candidate.name == name) known = &candidate;
    }
    if (known == nullptr) return refuse_form(part, "a field of a mount that is known here");
    if (known->is_switch && part.find('=') == part.npos) content = "true";
    if (Status set = known->apply(*known, content, mount); !set.ok()) return set;
  }
  const json::value& target = mount.body["Target"];
  if (!target.is_string() || !target.get_string().starts_with('/')) {
    return refuse_form(value, kMountForm);
  }
  append(request.body, row.target, std::move(mount.body));
  return Done{};
}

// --- Network ---

// The settings within the container's network, which the flags of the network come after.
json::object& endpoint(json::object& body) {
  const json::string network = field(body, "HostConfig.NetworkMode").get_string();
  json::value& endpoint = object_at(body, "NetworkingConfig.EndpointsConfig")[network];
  return endpoint.is_object() ? endpoint.get_object() : endpoint.emplace_object();
}

Status endpoint_text(const FlagRow& row, const std::string& value, CreateRequest& request) {
  field(endpoint(request.body), row.target) = value;
  return Done{};
}

Status endpoint_list(const FlagRow& row, const std::string& value, CreateRequest& request) {
  append(endpoint(request.body), row.target, json::value(value));
  return Done{};
}

// A word of a range stands for thousands of entries: some lines of them would take all memory.
Status count_ports(std::size_t more, CreateRequest& request) {
  constexpr std::size_t kMostPorts = std::size_t{3} * 65535;  // of tcp, udp and sctp
  request.ports += more;
  if (request.ports <= kMostPorts) return Done{};
  return refuse("more ports in all than a host has");
}

Status expose(const FlagRow&, const std::string& value, CreateRequest& request) {
  const auto [range, suffix] = split_pair(value, '/');
  const auto ports = parse_ports(range);
  const auto protocol = parse_protocol(suffix);
  if (!ports || !protocol) return refuse_form(value, "PORT[-PORT][/PROTOCOL]");
  if (Status few = count_ports(ports->last - ports->first + 1, request); !few.ok()) return few;
  for (std::uint32_t port = ports->first; port <= ports->last; ++port) {
    object_at(request.body, "ExposedPorts")[std::to_string(port) + "/" + *protocol]
        .emplace_object();
  }
  return Done{};
}

// Cuts the last piece that ends with `separator` before it, or all of it, off `text`.
std::string take_last(std::string& text, char separator) {
  const auto position = text.rfind(separator);
  std::string last = position == text.npos ? text : text.substr(position + 1);
  text.erase(position == text.npos ? 0 : position);
  return last;
}

Status publish(const FlagRow&, const std::string& value, CreateRequest& request) {
  constexpr std::string_view kForm = "[[IP:]HOST_PORT:]CONTAINER_PORT[/PROTOCOL]";
  auto [address, suffix] = split_pair(value, '/');
  const auto protocol = parse_protocol(suffix);
  const auto container = parse_ports(take_last(address, ':'));
  const std::string host_text = take_last(address, ':');
  const auto host = parse_ports(host_text);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  if (!protocol || !container || (!host && !host_text.empty())) return refuse_form(value, kForm);

  const std::uint32_t width = container->last - container->first;
  const bool pairwise = !host || host->last - host->first == width;
  if (!pairwise && width != 0) return refuse_form(value, "two ranges of the same length");
  if (Status few = count_ports(width + 1, request); !few.ok()) return few;
  for (std::uint32_t i = 0; i <= width; ++i) {
    // Without a pair for each port, the daemon picks one of the range.
    const std::string host_port = !host      ? ""
                                  : pairwise ? std::to_string(host->first + i)
                                             : host_text;
    publish_port(request.body, address, host_port, container->first + i, *protocol);
  }
  return Done{};
}

// --- All the rest ---

Status ulimit(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto [name, limits] = split_pair(value, '=');
  const auto parts = split(limits, ':');
  const auto soft = parse_integer(parts.front());
  const auto hard = parse_integer(parts.back());
  if (name.empty() || parts.size() > 2 || !soft || !hard)
    return refuse_form(value, "NAME=SOFT[:HARD]");
  append(request.body, row.target, json::object{{"Name", name}, {"Soft", *soft}, {"Hard", *hard}});
  return Done{};
}

Status health_command(const FlagRow& row, const std::string& value, CreateRequest& request) {
  field(request.body, row.target) = json::array{"CMD-SHELL", json::value(value)};
  return Done{};
}

Status no_health_check(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto wanted = parse_switch(value);
  if (!wanted) return refuse_form(value, "true or false");
  if (*wanted) field(request.body, row.target) = json::array{"NONE"};
  return Done{};
}

Status security_option(const FlagRow& row, const std::string& value, CreateRequest& request) {
  if (value == "systempaths=unconfined") {
    field(request.body, "HostConfig.MaskedPaths").emplace_array();
    field(request.body, "HostConfig.ReadonlyPaths").emplace_array();
    return Done{};
  }
  if (value.starts_with("seccomp=") && value != "seccomp=unconfined" &&
      value != "seccomp=builtin") {
    return refuse("a seccomp profile would be a file of the host; only unconfined or builtin");
  }
  return list(row, value, request);
}

Status log_driver(const FlagRow& row, const std::string& value, CreateRequest& request) {
  if (value == "none") return refuse("the output could not be copied to the sandbox");
  return text(row, value, request);
}

Status pull(const FlagRow&, const std::string& value, CreateRequest& request) {
  if (value != "always" && value != "missing") return refuse_form(value, "always or missing");
  request.force_pull = value == "always";
  return Done{};
}

Status restart(const FlagRow&, const std::string& value, CreateRequest&) {
  if (value.empty() || value == "no") return Done{};
  return refuse("only no is possible: the framework decides what is started again");
}

constexpr ApplyFlag kRefused = nullptr;
constexpr std::string_view kNoTerminal =
    "the container runs on its own, its output goes to the sandbox; nobody is attached to it";
constexpr std::string_view kHostFile = "files of the host are not read for a task";
constexpr std::string_view kWindows = "is for Windows only";
constexpr std::string_view kTooNew = "is newer than API 1.41, daemons would ignore it";
constexpr std::string_view kOfTheCli = "concerns the command line of docker, not the container";

// Ordered by name, as in the help text of `docker run`.
constexpr FlagRow kFlags[] = {
    {"add-host", extra_host, "HostConfig.ExtraHosts"},
    {"annotation", kRefused, kTooNew},
    {"attach", kRefused, kNoTerminal, 'a'},
    {"blkio-weight", integer, "HostConfig.BlkioWeight"},
    {"blkio-weight-device", device_weight, "HostConfig.BlkioWeightDevice"},
    {"cap-add", list, "HostConfig.CapAdd"},
    {"cap-drop", list, "HostConfig.CapDrop"},
    {"cgroup-parent", text, "HostConfig.CgroupParent"},
    {"cgroupns", text, "HostConfig.CgroupnsMode"},
    {"cidfile", kRefused, "the containerizer keeps the container's id itself"},
    {"cpu-count", kRefused, kWindows},
    {"cpu-percent", kRefused, kWindows},
    {"cpu-period", integer, "HostConfig.CpuPeriod"},
    {"cpu-quota", integer, "HostConfig.CpuQuota"},
    {"cpu-rt-period", integer, "HostConfig.CpuRealtimePeriod"},
    {"cpu-rt-runtime", integer, "HostConfig.CpuRealtimeRuntime"},
    {"cpu-shares", integer, "HostConfig.CpuShares", 'c'},
    {"cpus", cpus, "HostConfig.NanoCpus"},
    {"cpuset-cpus", text, "HostConfig.CpusetCpus"},
    {"cpuset-mems", text, "HostConfig.CpusetMems"},
    {"detach", kRefused, kNoTerminal, 'd'},
    {"detach-keys", kRefused, kNoTerminal},
    {"device", device, "HostConfig.Devices"},
    {"device-cgroup-rule", list, "HostConfig.DeviceCgroupRules"},
    {"device-read-bps", device_bytes, "HostConfig.BlkioDeviceReadBps"},
    {"device-read-iops", device_count, "HostConfig.BlkioDeviceReadIOps"},
    {"device-write-bps", device_bytes, "HostConfig.BlkioDeviceWriteBps"},
    {"device-write-iops", device_count, "HostConfig.BlkioDeviceWriteIOps"},
    {"disable-content-trust", kRefused, kOfTheCli},
    {"dns", list, "HostConfig.Dns"},
    {"dns-option", list, "HostConfig.DnsOptions"},
    {"dns-search", list, "HostConfig.DnsSearch"},
    {"domainname", text, "Domainname"},
    {"entrypoint", one_word_list, "Entrypoint"},
    {"env", environment, "Env", 'e'},
    {"env-file", kRefused, kHostFile},
    {"expose", expose, "ExposedPorts"},
    {"gpus", kRefused, "GPUs are not supported; give devices with --device"},
    {"group-add", list, "HostConfig.GroupAdd"},
    {"health-cmd", health_command, "Healthcheck.Test"},
    {"health-interval", duration, "Healthcheck.Interval"},
    {"health-retries", integer, "Healthcheck.Retries"},
    {"health-start-interval", kRefused, kTooNew},
    {"health-start-period", duration, "Healthcheck.StartPeriod"},
    {"health-timeout", duration, "Healthcheck.Timeout"},
    {"help", kRefused, kOfTheCli},
    {"hostname", text, "Hostname", 'h'},
    {"init", boolean, "HostConfig.Init", '\0', true},
    {"interactive", kRefused, kNoTerminal, 'i'},
    {"io-maxbandwidth", kRefused, kWindows},
    {"io-maxiops", kRefused, kWindows},
    {"ip", endpoint_text, "IPAMConfig.IPv4Address"},
    {"ip6", endpoint_text, "IPAMConfig.IPv6Address"},
    {"ipc", text, "HostConfig.IpcMode"},
    {"isolation", text, "HostConfig.Isolation"},
    {"kernel-memory", bytes, "HostConfig.KernelMemory"},
    {"label", label, "Labels", 'l'},
    {"label-file", kRefused, kHostFile},
    {"link", list, "HostConfig.Links"},
    {"link-local-ip", endpoint_list, "IPAMConfig.LinkLocalIPs"},
    {"log-driver", log_driver, "HostConfig.LogConfig.Type"},
    {"log-opt", map, "HostConfig.LogConfig.Config"},
    {"mac-address", text, "MacAddress"},
    {"memory", bytes, "HostConfig.Memory", 'm'},
    {"memory-reservation", bytes, "HostConfig.MemoryReservation"},
    {"memory-swap", bytes_or_unlimited, "HostConfig.MemorySwap"},
    {"memory-swappiness", integer, "HostConfig.MemorySwappiness"},
    {"mount", mount, "HostConfig.Mounts"},
    {"name", kRefused, "the containerizer finds its containers by the names it gives them"},
    {"network", text, "HostConfig.NetworkMode"},
    {"network-alias", endpoint_list, "Aliases"},
    {"no-healthcheck", no_health_check, "Healthcheck.Test", '\0', true},
    {"oom-kill-disable", boolean, "HostConfig.OomKillDisable", '\0', true},
    {"oom-score-adj", integer, "HostConfig.OomScoreAdj"},
    {"pid", text, "HostConfig.PidMode"},
    {"pids-limit", integer, "HostConfig.PidsLimit"},
    {"platform", kRefused, "the container runs on the platform of its host"},
    {"privileged", boolean, "HostConfig.Privileged", '\0', true},
    {"publish", publish, "HostConfig.PortBindings", 'p'},
    {"publish-all", boolean, "HostConfig.PublishAllPorts", 'P', true},
    {"pull", pull, ""},
    {"quiet", kRefused, kOfTheCli, 'q'},
    {"read-only", boolean, "HostConfig.ReadonlyRootfs", '\0', true},
    {"restart", restart, "HostConfig.RestartPolicy"},
    {"rm", kRefused, "the containerizer removes the container once its end is reported"},
    {"runtime", text, "HostConfig.Runtime"},
    {"security-opt", security_option, "HostConfig.SecurityOpt"},
    {"shm-size", bytes, "HostConfig.ShmSize"},
    {"sig-proxy", kRefused, kNoTerminal},
    {"stop-signal", text, "StopSignal"},
    {"stop-timeout", integer, "StopTimeout"},
    {"storage-opt", map, "HostConfig.StorageOpt"},
    {"sysctl", map, "HostConfig.Sysctls"},
    {"tmpfs", tmpfs, "HostConfig.Tmpfs"},
    {"tty", kRefused, kNoTerminal, 't'},
    {"ulimit", ulimit, "HostConfig.Ulimits"},
    {"use-api-socket", kRefused, "the daemon's socket is not given to tasks"},
    {"user", text, "User", 'u'},
    {"userns", text, "HostConfig.UsernsMode"},
    {"uts", text, "HostConfig.UTSMode"},
    {"volume", volume, "HostConfig.Binds", 'v'},
    {"volume-driver", text, "HostConfig.VolumeDriver"},
    {"volumes-from", list, "HostConfig.VolumesFrom"},
    {"workdir", text, "WorkingDir", 'w'},
};

struct Alias {
  std::string_view older, name;
};
constexpr Alias kAliases[] = {
    {"cpuset", "cpuset-cpus"},
    {"dns-opt", "dns-option"},
    {"net", "network"},
    {"net-alias", "network-alias"},
};

}  // namespace

const FlagRow* find_flag(std::string_view name) {
  for (const Alias& alias : kAliases) {
    if (name == alias.older) name = alias.name;
  }
  for (const FlagRow& row : kFlags) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

const FlagRow* find_flag(char letter) {
  for (const FlagRow& row : kFlags) {
    if (row.letter == letter && letter != '\0') return &row;
  }
  return nullptr;
}

}  // namespace containerizer

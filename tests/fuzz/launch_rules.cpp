// Whole launches of a hostile author, under rules of the operator. The create request is then read
// the way each daemon reads it, by code that shares nothing with the rules.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <set>

#include "engine/docker/podman_api.h"
#include "engine/translation/launch_plan.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;
using mesos::containerizer::Launch;

namespace {

namespace json = boost::json;
using Pieces = std::vector<std::string>;

// Takes decisions off the input.
class Choice {
 public:
  explicit Choice(std::string_view bytes) : bytes_(bytes) {}
  bool over() const { return bytes_.empty(); }
  std::size_t below(std::size_t most) {
    if (bytes_.empty()) return 0;
    const auto value = static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
    return value % most;
  }
  template <std::size_t N>
  std::string of(const char* const (&words)[N]) {
    return words[below(N)];
  }

 private:
  std::string_view bytes_;
};

constexpr const char* flags[] = {"add-host",
                                 "blkio-weight",
                                 "cap-add",
                                 "cap-drop",
                                 "cgroup-parent",
                                 "cgroupns",
                                 "cpu-quota",
                                 "cpu-shares",
                                 "cpus",
                                 "device",
                                 "device-read-bps",
                                 "dns",
                                 "env",
                                 "group-add",
                                 "health-cmd",
                                 "health-interval",
                                 "hostname",
                                 "init",
                                 "ipc",
                                 "label",
                                 "link",
                                 "log-driver",
                                 "log-opt",
                                 "memory",
                                 "memory-swap",
                                 "mount",
                                 "network",
                                 "network-alias",
                                 "oom-kill-disable",
                                 "oom-score-adj",
                                 "pid",
                                 "pids-limit",
                                 "privileged",
                                 "publish",
                                 "read-only",
                                 "runtime",
                                 "security-opt",
                                 "shm-size",
                                 "storage-opt",
                                 "sysctl",
                                 "tmpfs",
                                 "ulimit",
                                 "user",
                                 "userns",
                                 "uts",
                                 "volume",
                                 "volume-driver",
                                 "volumes-from",
                                 "workdir"};

// Pieces of values: what separates, what names something, and what is harmless.
constexpr const char* pieces[] = {",",
                                  ":",
                                  "=",
                                  "\"",
                                  "/",
                                  "..",
                                  "\n",
                                  " ",
                                  "\\",
                                  ";",
                                  "/ok",
                                  "/ok/a",
                                  "/ok/../etc",
                                  "/etc",
                                  "/",
                                  "/okay",
                                  "//ok",
                                  "/ok/./b",
                                  "a",
                                  "b",
                                  "type=bind",
                                  "type=volume",
                                  "type=tmpfs",
                                  "type=image",
                                  "TYPE=",
                                  "source=",
                                  "src=",
                                  "Source=",
                                  "target=/x",
                                  "dst=/x",
                                  "readonly",
                                  "bind-propagation=",
                                  "consistency=",
                                  "volume-opt=",
                                  "volume-driver=",
                                  "volume-label=",
                                  "device=",
                                  "o=bind",
                                  "o=",
                                  "type=none",
                                  "bind",
                                  "rbind",
                                  "ro",
                                  "host",
                                  "none",
                                  "bridge",
                                  "container:x",
                                  "ns:/proc/1/ns/net",
                                  "private",
                                  "shareable",
                                  "rshared",
                                  "name=",
                                  "alias=",
                                  "driver-opt=",
                                  "link-local-ip=",
                                  "z",
                                  "O,upperdir=/etc",
                                  "0",
                                  "1",
                                  "-1",
                                  "true",
                                  "false",
                                  "999999999999",
                                  "64m",
                                  "8080:80",
                                  "31000:80",
                                  "80",
                                  "31000-31001:80-81",
                                  "ALL",
                                  "SYS_ADMIN",
                                  "chown",
                                  "NET_RAW",
                                  "seccomp=unconfined",
                                  "no-new-privileges",
                                  "systempaths=unconfined",
                                  "syslog",
                                  "json-file",
                                  "syslog-address=",
                                  "path=/etc",
                                  "max-size=1m",
                                  "net.ipv4.ip_forward=1",
                                  "kernel.sem=1",
                                  "rtprio=9",
                                  "nofile=9",
                                  "size=1m",
                                  "1ms",
                                  "5s",
                                  "x:y",
                                  "/dev/sda",
                                  "/dev/../etc/shadow:1mb",
                                  "keep-groups",
                                  "100",
                                  "%2e%2e",
                                  "a=b"};

constexpr const char* volume_options[] = {"o", "device", "type", "size"};

std::string value_of(Choice& choice) {
  std::string value;
  for (auto left = choice.below(7); left-- > 0;) value += choice.of(pieces);
  return value;
}

void add_volume(Choice& choice, mesos::ContainerInfo& container) {
  auto& volume = *container.add_volumes();
  volume.set_container_path((choice.below(2) == 0 ? "/x" : "") + value_of(choice));
  volume.set_mode(choice.below(2) == 0 ? mesos::Volume::RW : mesos::Volume::RO);
  switch (choice.below(3)) {
    case 0:
      volume.set_host_path(value_of(choice));
      break;
    case 1: {
      volume.mutable_source()->set_type(mesos::Volume::Source::DOCKER_VOLUME);
      auto& source = *volume.mutable_source()->mutable_docker_volume();
      source.set_name(value_of(choice));
      if (choice.below(3) == 0) source.set_driver(value_of(choice));
      for (auto left = choice.below(4); left-- > 0;) {
        auto& option = *source.mutable_driver_options()->add_parameter();
        option.set_key(choice.below(2) == 0 ? value_of(choice) : choice.of(volume_options));
        option.set_value(value_of(choice));
      }
      break;
    }
    default:
      break;
  }
}

Launch launch_of(Choice& choice) {
  Launch launch;
  launch.mutable_container_id()->set_value("c1");
  launch.set_directory("/work/runs/c1" + (choice.below(4) == 0 ? value_of(choice) : ""));
  auto& executor = *launch.mutable_executor_info();
  executor.mutable_command()->set_value("true");
  for (const auto& [name, amount] : {std::pair("cpus", 0.5), std::pair("mem", 64.0)}) {
    auto& resource = *executor.add_resources();
    resource.set_name(name);
    resource.mutable_scalar()->set_value(amount);
  }
  auto& ports = *executor.add_resources();
  ports.set_name("ports");
  ports.mutable_ranges()->add_range()->set_begin(31000);
  ports.mutable_ranges()->mutable_range(0)->set_end(31001);
  auto& container = *executor.mutable_container();
  container.set_type(mesos::ContainerInfo::DOCKER);
  auto& docker = *container.mutable_docker();
  docker.set_image("busybox");
  if (choice.below(8) == 0) docker.set_privileged(true);
  if (choice.below(4) == 0) docker.set_volume_driver(value_of(choice));
  docker.set_network(static_cast<mesos::ContainerInfo::DockerInfo::Network>(1 + choice.below(4)));
  if (choice.below(4) == 0) container.add_network_infos()->set_name(value_of(choice));
  while (!choice.over()) {
    if (choice.below(3) == 0) {
      add_volume(choice, container);
    } else {
      auto& parameter = *docker.add_parameters();
      parameter.set_key(choice.of(flags));
      parameter.set_value(value_of(choice));
    }
  }
  return launch;
}

// --- The oracle

Pieces cut(const std::string& text, char at) {
  Pieces parts(1);
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

// Whether a path leads from a directory only downwards. Nothing is known behind "..", because a
// link may be anywhere.
bool leads_down(std::string_view way) {
  for (const auto& name : cut(std::string(way), '/')) {
    if (name == "..") return false;
  }
  return true;
}

bool is_allowed_path(const std::string& path, const std::string& sandbox) {
  if (path == sandbox) return true;
  const auto base = sandbox.ends_with('/') ? sandbox : sandbox + "/";
  if (path.starts_with(base)) return leads_down(path.substr(base.size()));
  Pieces names;
  for (auto& name : cut(path, '/')) {
    if (!name.empty() && name != ".") names.push_back(std::move(name));
  }
  return path.starts_with('/') && leads_down(path) && !names.empty() && names[0] == "ok";
}

bool is_volume_name(const std::string& text) {
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == text.npos;
}

std::string text_at(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

void check_source(const std::string& type, const std::string& source, const std::string& sandbox,
                  const std::string& about) {
  if (type == "bind") expect(is_allowed_path(source, sandbox), "a path is allowed", about);
  if (type == "volume") expect(is_volume_name(source), "a volume has a name", about);
  expect(type == "bind" || type == "volume" || type == "tmpfs", "a mount is of a known type",
         about);
}

void check_driver(const json::object& mount, const std::string& about) {
  const auto* options = mount.if_contains("VolumeOptions");
  const auto* driver =
      options == nullptr ? nullptr : options->as_object().if_contains("DriverConfig");
  if (driver == nullptr) return;
  const auto name = text_at(driver->as_object(), "Name");
  expect(name.empty() || name == "local", "a volume is Docker's own", about);
  const auto* map = driver->as_object().if_contains("Options");
  if (map == nullptr) return;
  const auto type = text_at(map->as_object(), "type");
  expect(type == "tmpfs" || (type.empty() && text_at(map->as_object(), "device").empty()),
         "a volume mounts nothing of the host", about);
  expect(text_at(map->as_object(), "o").find("bind") == std::string::npos, "nor by its options",
         about);
}

// Podman writes a mount as one line and reads it again; the last field of a name wins.
void check_as_podman(const json::object& mount, const std::string& sandbox,
                     const std::string& about) {
  std::map<std::string, std::string> read;
  const auto line = "type=" + text_at(mount, "Type") + ",source=" + text_at(mount, "Source") +
                    ",target=" + text_at(mount, "Target") +
                    ",consistency=" + text_at(mount, "Consistency");
  for (const auto& part : cut(line, ',')) {
    const auto equals = part.find('=');
    auto name = part.substr(0, equals);
    if (name == "src") name = "source";
    read[name] = equals == part.npos ? "" : part.substr(equals + 1);
  }
  check_source(read["type"], read["source"], sandbox, about);
}

void check_mounts(const json::object& create, const std::string& sandbox) {
  const auto about = json::serialize(create);
  const auto& host = create.at("HostConfig").as_object();
  const bool suits_podman = create_body_for_podman({5, 8}, create).ok();
  if (const auto* mounts = host.if_contains("Mounts")) {
    for (const auto& mount : mounts->as_array()) {
      const auto& fields = mount.as_object();
      check_source(text_at(fields, "Type"), text_at(fields, "Source"), sandbox, about);
      check_driver(fields, about);
      if (suits_podman) check_as_podman(fields, sandbox, about);
    }
  }
  if (const auto* binds = host.if_contains("Binds")) {
    for (const auto& bind : binds->as_array()) {
      const auto parts = cut(std::string(bind.as_string()), ':');
      expect(parts.size() == 2 || parts.size() == 3, "a bind has two or three parts", about);
      check_source(parts[0].starts_with('/') ? "bind" : "volume", parts[0], sandbox, about);
      static const std::set<std::string> modes{
          "",   "Z",        "cached", "consistent", "delegated", "nocopy", "private",
          "ro", "rprivate", "rslave", "rw",         "slave",     "z"};
      for (const auto& mode : cut(parts.size() > 2 ? parts[2] : "", ',')) {
        expect(modes.contains(mode), "a bind has known options", about);
      }
    }
  }
  if (const auto* volumes = create.if_contains("Volumes")) {
    for (const auto& volume : volumes->as_object()) {
      expect(std::string_view(volume.key()).find(':') == std::string_view::npos,
             "an anonymous volume has no source", about);
    }
  }
}

void check_privileges(const json::object& create) {
  const auto about = json::serialize(create);
  const auto& host = create.at("HostConfig").as_object();
  const auto is_empty = [&](const char* name) {
    const auto* value = host.if_contains(name);
    return value == nullptr || *value == false || *value == "" || *value == 0 ||
           (value->is_array() && value->get_array().empty());
  };
  for (const auto* name :
       {"Privileged", "Devices", "DeviceCgroupRules", "PidMode", "UsernsMode", "Runtime", "Links",
        "VolumesFrom", "CgroupParent", "OomKillDisable", "MaskedPaths", "ReadonlyPaths",
        "PublishAllPorts", "CpuRealtimeRuntime", "BlkioWeight"}) {
    expect(is_empty(name), "no privilege", about);
  }
  expect(text_at(host, "NetworkMode").find_first_of(":/,") == std::string::npos, "no namespace",
         about);
  for (const auto* name : {"IpcMode", "CgroupnsMode", "UTSMode"}) {
    expect(text_at(host, name).find(':') == std::string::npos, "no namespace of others", about);
  }
  expect(text_at(host, "IpcMode") != "host", "no namespace of the host", about);
  if (const auto* added = host.if_contains("CapAdd")) {
    for (const auto& name : added->as_array()) {
      const std::string text(name.as_string());
      for (const auto* part :
           {"ADMIN", "MODULE", "PTRACE", "RAWIO", "ALL", "TIME", "BOOT", "SEARCH"})
        expect(text.find(part) == text.npos, "no capability", about);
    }
  }
  if (const auto* options = host.if_contains("SecurityOpt")) {
    for (const auto& option : options->as_array()) {
      expect(option.as_string().starts_with("no-new-privileges"), "confinement stays", about);
    }
  }
  if (const auto* log = host.if_contains("LogConfig")) {
    const auto type = text_at(log->as_object(), "Type");
    expect(type.empty() || type == "json-file" || type == "local" || type == "k8s-file",
           "the log stays with the daemon", about);
    if (const auto* settings = log->as_object().if_contains("Config")) {
      for (const auto& each : settings->as_object()) {
        expect(each.key().find("address") == each.key().npos && each.key() != "path" &&
                   each.key().find("url") == each.key().npos,
               "a log leads nowhere", about);
      }
    }
  }
  const auto* memory = host.if_contains("Memory");
  expect(memory != nullptr && memory->as_int64() > 0 && memory->as_int64() <= 64 << 20,
         "memory is limited", about);
  if (const auto* ports = host.if_contains("PortBindings")) {
    for (const auto& port : ports->as_object()) {
      for (const auto& binding : port.value().as_array()) {
        const auto wanted = text_at(binding.as_object(), "HostPort");
        expect(wanted.starts_with("3100"), "a port is the task's", about);
      }
    }
  }
}

TaskSettings rules() {
  TaskSettings settings;
  settings.policy.refuses_privileged = true;
  settings.policy.allowed_volumes = {"/ok"};
  return settings;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choice choice(as_text(data, std::min<std::size_t>(size, 512)));
  const auto launch = launch_of(choice);
  const auto plan = make_launch_plan(launch, {}, rules(), "1000:1000");
  if (!plan.ok()) {
    expect_readable(plan.failure());
    expect(plan.failure().text.size() < 8192, "a refusal is short", plan.failure().text);
    return 0;
  }
  check_mounts(plan.value().create, launch.directory());
  check_privileges(plan.value().create);
  return 0;
}

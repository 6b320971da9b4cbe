#include "engine/translation/launch_plan.h"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>
#include <limits>
#include <set>

#include "engine/translation/port_plan.h"
#include "recorded.h"

using namespace containerizer;
namespace json = boost::json;
using mesos::ContainerInfo;
using mesos::containerizer::Launch;

namespace {

const Environment usual_environment{{"MESOS_DEFAULT_CONTAINER_IMAGE", "docker:///busybox:test"}};

// A command task in the dialect of 0.20 and later. Each case adds what it needs.
Launch command_task() {
  Launch launch;
  launch.mutable_container_id()->set_value("c1");
  launch.set_directory("/work/runs/c1");
  launch.mutable_task_info()->mutable_command()->set_value("run it");
  launch.mutable_executor_info()->mutable_command()->set_value("/libexec/mesos-executor");
  return launch;
}

ContainerInfo& container(Launch& launch, ContainerInfo::Type type = ContainerInfo::DOCKER) {
  ContainerInfo& info = *launch.mutable_task_info()->mutable_container();
  info.set_type(type);
  return info;
}

ContainerInfo::DockerInfo& docker(Launch& launch) { return *container(launch).mutable_docker(); }

void add_parameter(Launch& launch, const std::string& key, const std::string& value) {
  auto& parameter = *docker(launch).add_parameters();
  parameter.set_key(key);
  parameter.set_value(value);
}

void add_scalar(Launch& launch, const std::string& name, double value) {
  auto& resource = *launch.mutable_executor_info()->add_resources();
  resource.set_name(name);
  resource.mutable_scalar()->set_value(value);
}

void add_ports(Launch& launch, std::uint64_t begin, std::uint64_t end) {
  auto& resource = *launch.mutable_executor_info()->add_resources();
  resource.set_name("ports");
  auto& range = *resource.mutable_ranges()->add_range();
  range.set_begin(begin);
  range.set_end(end);
}

mesos::Volume& add_volume(Launch& launch, const std::string& host, const std::string& inside) {
  mesos::Volume& volume = *container(launch).add_volumes();
  volume.set_container_path(inside);
  if (!host.empty()) volume.set_host_path(host);
  volume.set_mode(mesos::Volume::RW);
  return volume;
}

LaunchPlan plan(const Launch& launch, const Environment& environment = usual_environment,
                const TaskSettings& settings = {}, const std::string& owner = "") {
  auto result = make_launch_plan(launch, environment, settings, owner);
  if (!result.ok()) throw std::runtime_error("refused: " + result.failure().text);
  return result.value();
}

std::string refusal(const Launch& launch, const Environment& environment = usual_environment) {
  const auto result = make_launch_plan(launch, environment, {}, "");
  if (result.ok()) return "planned: " + json::serialize(result.value().create);
  CHECK(result.failure().fault == Fault::refused);
  return result.failure().text;
}

json::value host_field(const LaunchPlan& plan, const std::string& name) {
  const json::object& host = plan.create.at("HostConfig").as_object();
  return host.contains(name) ? host.at(name) : json::value();
}

json::value field_of(const LaunchPlan& plan, const std::string& name) {
  return plan.create.contains(name) ? plan.create.at(name) : json::value();
}

// The variable's value. Empty if it is not set. A failure if it is set twice.
std::optional<std::string> variable(const LaunchPlan& plan, const std::string& name) {
  std::optional<std::string> value;
  for (const json::value& entry : plan.create.at("Env").as_array()) {
    const std::string text(entry.as_string());
    if (!text.starts_with(name + "=")) continue;
    CHECK(!value);
    value = text.substr(name.size() + 1);
  }
  return value;
}

}  // namespace

TEST_CASE("a command task of 0.19 becomes a create request") {
  const auto [launch, environment] = recorded("mesos-0.19.1/launch-1");
  const LaunchPlan result = plan(launch, environment);
  CHECK(result.kind == TaskKind::command);
  CHECK(result.image == "busybox:test");
  CHECK(!result.force_pull);
  CHECK(result.uris.empty());
  CHECK(!result.kill_grace);
  json::object expected = json::parse(R"({
    "Image": "busybox:test",
    "Entrypoint": ["/bin/sh"],
    "Cmd": ["-c", "echo hello; exit 0"],
    "Env": ["GREETING=hello",
            "MESOS_CONTAINER_NAME=containerizer-6a7883c4-63d1-4c40-9f37-4a056a87d0fc",
            "MESOS_SANDBOX=/mnt/mesos/sandbox"],
    "HostConfig": {
      "AutoRemove": false,
      "Binds": ["/srv/shared:/shared"],
      "CpuShares": 512,
      "Memory": 67108864,
      "MemoryReservation": 67108864,
      "Mounts": [{"Type": "bind", "Target": "/mnt/mesos/sandbox", "ReadOnly": false}],
      "NetworkMode": "host",
      "RestartPolicy": {"Name": "no"}},
    "WorkingDir": "/mnt/mesos/sandbox"})")
                              .as_object();
  expected["HostConfig"].at("Mounts").at(0).as_object()["Source"] = launch.directory();
  CHECK(json::value(result.create) == json::value(expected));
}

TEST_CASE("a command task of 1.0 becomes a create request, with its overhead included once") {
  const auto [launch, environment] = recorded("mesos-1.0.4/launch-2");
  const LaunchPlan result = plan(launch, environment);
  CHECK(result.kind == TaskKind::command);
  CHECK(result.image == "busybox:test");
  CHECK(field_of(result, "Cmd") == json::parse(R"(["-c", "echo hi"])"));
  CHECK(host_field(result, "CpuShares") == 307);
  CHECK(host_field(result, "Memory") == 72 * 1024 * 1024);
  std::set<std::string> names;
  for (const auto& entry : result.create.at("Env").as_array()) {
    names.insert(std::string(entry.as_string()).substr(0, entry.as_string().find('=')));
  }
  CHECK(names == std::set<std::string>{"A", "MESOS_SANDBOX", "MESOS_CONTAINER_NAME"});
  CHECK(variable(result, "A") == "b c");
}

TEST_CASE(
    "a custom executor runs in the container, with everything that it needs to reach the slave") {
  const auto [launch, environment] = recorded("mesos-0.19.1/launch-5");
  const LaunchPlan result = plan(launch, environment);
  CHECK(result.kind == TaskKind::custom);
  CHECK(result.image == "team/exec:2");
  CHECK(field_of(result, "Entrypoint") == json::parse(R"(["/bin/sh"])"));
  CHECK(field_of(result, "Cmd") == json::parse(R"(["-c", "/opt/my-executor --flag"])"));
  REQUIRE(result.uris.size() == 3);
  CHECK(result.uris[1].executable());
  CHECK(result.resources.cpus == Approx(0.6));
  CHECK(result.resources.memory == 96u * 1024 * 1024);
  CHECK(result.resources.ports == decltype(result.resources.ports){{31000, 31002}});
  CHECK(host_field(result, "PortBindings").is_null());

  const Environment expected{
      {"COLOR", "blue"},
      {"LIBPROCESS_IP", "127.0.0.1"},
      {"LIBPROCESS_PORT", "0"},
      {"MESOS_AGENT_ENDPOINT", "127.0.0.1:5051"},
      {"MESOS_CHECKPOINT", "1"},
      {"MESOS_CONTAINER_NAME", "containerizer-0b452846-d1b9-4845-8508-7bca67af173e"},
      {"MESOS_DIRECTORY", "/mnt/mesos/sandbox"},
      {"MESOS_EXECUTOR_ID", "custom-exec"},
      {"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "5secs"},
      {"MESOS_FRAMEWORK_ID", "20261122-150149-16777343-5050-30681-0004"},
      {"MESOS_HTTP_COMMAND_EXECUTOR", "0"},
      {"MESOS_NATIVE_JAVA_LIBRARY", "/usr/lib/libmesos-0.19.1.so"},
      {"MESOS_NATIVE_LIBRARY", "/usr/lib/libmesos-0.19.1.so"},
      {"MESOS_RECOVERY_TIMEOUT", "15mins"},
      {"MESOS_SANDBOX", "/mnt/mesos/sandbox"},
      {"MESOS_SLAVE_ID", "20261122-150149-16777343-5050-30681-1"},
      {"MESOS_SLAVE_PID", "slave(1)@127.0.0.1:5051"},
      {"MESOS_SUBSCRIPTION_BACKOFF_MAX", "2secs"},
  };
  Environment variables;
  for (const auto& entry : result.create.at("Env").as_array()) {
    const std::string text(entry.as_string());
    variables[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
  }
  CHECK(variables == expected);
  CHECK(result.create.at("Env").as_array().size() == expected.size());
}

TEST_CASE("the first source that names an image wins") {
  Launch launch = command_task();
  auto& executor = *launch.mutable_executor_info();
  Environment environment{{"MESOS_DEFAULT_CONTAINER_IMAGE", "e"}};
  TaskSettings settings;
  settings.default_image = "f";

  // Removed one by one, starting with the one that overrides all others.
  docker(launch).set_image("a");
  executor.mutable_container()->mutable_docker()->set_image("b");
  launch.mutable_task_info()->mutable_command()->mutable_container()->set_image("docker:///c");
  executor.mutable_command()->mutable_container()->set_image("docker:///d");
  CHECK(plan(launch, environment, settings).image == "a:latest");
  docker(launch).clear_image();
  CHECK(plan(launch, environment, settings).image == "b:latest");
  executor.clear_container();
  CHECK(plan(launch, environment, settings).image == "c:latest");
  launch.mutable_task_info()->mutable_command()->mutable_container()->set_image("docker:///");
  CHECK(plan(launch, environment, settings).image == "d:latest");
  executor.mutable_command()->clear_container();
  CHECK(plan(launch, environment, settings).image == "e:latest");
  environment.clear();
  CHECK(plan(launch, environment, settings).image == "f:latest");
  settings.default_image.clear();
  CHECK_THAT(refusal(launch, environment), Catch::Contains("--default_container_image"));
}

TEST_CASE("a container of type MESOS may name a Docker image") {
  Launch launch = command_task();
  auto& image = *container(launch, ContainerInfo::MESOS).mutable_mesos()->mutable_image();
  CHECK(plan(launch).image == "busybox:test");
  image.set_type(mesos::Image::DOCKER);
  image.mutable_docker()->set_name("team/app");
  CHECK(plan(launch).image == "team/app:latest");
  image.clear_docker();
  image.mutable_appc()->set_name("x");
  CHECK_THAT(refusal(launch), Catch::Contains("Appc"));
}

TEST_CASE("an image of type MESOS is pulled as its message says") {
  Launch launch = command_task();
  auto& image = *container(launch, ContainerInfo::MESOS).mutable_mesos()->mutable_image();
  image.mutable_docker()->set_name("a");
  CHECK(!plan(launch).force_pull);
  CHECK(plan(launch).login.user.empty());
  image.set_cached(false);
  image.mutable_docker()->mutable_credential()->set_principal("user");
  image.mutable_docker()->mutable_credential()->set_secret("secret");
  CHECK(plan(launch).force_pull);
  CHECK(plan(launch).login.user == "user");
  CHECK(plan(launch).login.secret == "secret");
}

TEST_CASE("settings of another type of container are refused") {
  Launch launch = command_task();
  docker(launch).set_image("a");
  container(launch, ContainerInfo::MESOS);
  CHECK_THAT(refusal(launch), Catch::Contains("only valid with type DOCKER"));
  container(launch).mutable_mesos()->mutable_image();
  CHECK_THAT(refusal(launch), Catch::Contains("only valid with type MESOS"));
}

TEST_CASE("options are refused next to an image of another message") {
  Launch launch = command_task();
  auto& legacy = *launch.mutable_task_info()->mutable_command()->mutable_container();
  legacy.set_image("docker:///");
  legacy.add_options("--read-only");
  CHECK(host_field(plan(launch), "ReadonlyRootfs") == true);
  docker(launch).set_image("a");
  CHECK_THAT(refusal(launch), Catch::Contains("put the options into its DockerInfo.parameters"));
}

TEST_CASE("a ContainerInfo without an image is not mixed with one of the slave's") {
  Launch launch = command_task();
  auto& slaves = *launch.mutable_executor_info()->mutable_container();
  slaves.set_type(ContainerInfo::DOCKER);
  slaves.mutable_docker()->set_image("a");
  slaves.mutable_docker()->set_network(ContainerInfo::DockerInfo::BRIDGE);
  container(launch, ContainerInfo::MESOS);
  CHECK(plan(launch).image == "a:latest");
  CHECK(host_field(plan(launch), "NetworkMode") == "bridge");
  container(launch, ContainerInfo::MESOS).set_hostname("name");
  CHECK_THAT(refusal(launch), Catch::Contains("name the image in the task's ContainerInfo"));
}

TEST_CASE("an invalid image is refused, not replaced by a default") {
  Launch launch = command_task();
  docker(launch).set_image("Not An Image");
  CHECK_THAT(refusal(launch), Catch::Contains("\"Not An Image\""));
}

TEST_CASE("command, shell and arguments become entrypoint and command") {
  struct Case {
    std::optional<bool> shell;
    std::optional<std::string> value;
    std::vector<std::string> arguments;
    std::string entrypoint, command;
  };
  const std::string shell = R"(["/bin/sh"])";
  const auto example = GENERATE_COPY(values<Case>({
      {std::nullopt, "a b", {}, shell, R"(["-c", "a b"])"},
      {true, "a b", {"ignored"}, shell, R"(["-c", "a b"])"},
      {std::nullopt, "", {}, "null", "null"},
      {false, "a b", {"c", "d e"}, "null", R"(["a b", "c", "d e"])"},
      {false, std::nullopt, {"c", "d"}, "null", R"(["c", "d"])"},
      {false, std::nullopt, {}, "null", "null"},
  }));
  Launch launch = command_task();
  auto& command = *launch.mutable_task_info()->mutable_command();
  command.Clear();
  if (example.shell) command.set_shell(*example.shell);
  if (example.value) command.set_value(*example.value);
  for (const auto& argument : example.arguments) command.add_arguments(argument);
  const LaunchPlan result = plan(launch);
  CHECK(field_of(result, "Entrypoint") == json::parse(example.entrypoint));
  CHECK(field_of(result, "Cmd") == json::parse(example.command));
}

TEST_CASE("a shell without a command is refused") {
  Launch launch = command_task();
  launch.mutable_task_info()->mutable_command()->clear_value();
  CHECK_THAT(refusal(launch), Catch::Contains("command"));
}

TEST_CASE("two slashes in the options replace the task's command") {
  Launch launch = command_task();
  auto& legacy = *launch.mutable_task_info()->mutable_command()->mutable_container();
  for (const char* word : {"-P", "//", "serve", "a b"}) legacy.add_options(word);
  const LaunchPlan result = plan(launch);
  CHECK(field_of(result, "Entrypoint").is_null());
  CHECK(field_of(result, "Cmd") == json::parse(R"(["serve", "a b"])"));
}

TEST_CASE("the network is the host's unless the task asks for another one") {
  Launch launch = command_task();
  CHECK(host_field(plan(launch), "NetworkMode") == "host");
  CHECK(host_field(plan(launch), "PortBindings").is_null());
  using Info = ContainerInfo::DockerInfo;
  for (const auto& [network, name] : std::map<Info::Network, const char*>{
           {Info::HOST, "host"}, {Info::BRIDGE, "bridge"}, {Info::NONE, "none"}}) {
    docker(launch).set_network(network);
    CHECK(host_field(plan(launch), "NetworkMode") == name);
  }
  SECTION("a user's network has its name in network_infos") {
    docker(launch).set_network(Info::USER);
    CHECK_THAT(refusal(launch), Catch::Contains("network_infos"));
    container(launch).add_network_infos()->set_name("blue");
    CHECK(host_field(plan(launch), "NetworkMode") == "blue");
    container(launch).add_network_infos()->set_name("green");
    CHECK_THAT(refusal(launch), Catch::Contains("network_infos"));
  }
  SECTION("a flag overrides it") {
    add_parameter(launch, "net", "bridge");
    CHECK(host_field(plan(launch), "NetworkMode") == "bridge");
  }
}

TEST_CASE("ports are published if the container has its own network") {
  Launch launch = command_task();
  add_ports(launch, 31000, 31001);
  docker(launch).set_network(ContainerInfo::DockerInfo::BRIDGE);
  const json::value each = json::parse(R"({"31000/tcp": [{"HostIp": "", "HostPort": "31000"}],
                                           "31001/tcp": [{"HostIp": "", "HostPort": "31001"}]})");
  SECTION("each under its own number, if the framework cannot map ports") {
    Launch old = command_task();
    add_ports(old, 31000, 31001);
    old.mutable_task_info()->mutable_command()->mutable_container()->add_options("--net=bridge");
    CHECK(host_field(plan(old), "PortBindings") == each);
    CHECK(field_of(plan(old), "ExposedPorts") == json::parse(R"({"31000/tcp":{},"31001/tcp":{}})"));
  }
  SECTION("only those that a DockerInfo names") {
    CHECK(host_field(plan(launch), "PortBindings").is_null());
  }
  SECTION("as mapped") {
    auto& mapping = *docker(launch).add_port_mappings();
    mapping.set_host_port(31001);
    mapping.set_container_port(80);
    mapping.set_protocol("UDP");
    CHECK(host_field(plan(launch), "PortBindings") ==
          json::parse(R"({"80/udp": [{"HostIp": "", "HostPort": "31001"}]})"));
    mapping.clear_protocol();
    CHECK(host_field(plan(launch), "PortBindings").as_object().contains("80/tcp"));
  }
  SECTION("as a flag says") {
    add_parameter(launch, "publish", "31000:80");
    CHECK(host_field(plan(launch), "PortBindings") ==
          json::parse(R"({"80/tcp": [{"HostIp": "", "HostPort": "31000"}]})"));
  }
  SECTION("never into another container's network") {
    add_parameter(launch, "net", "container:x");
    CHECK(host_field(plan(launch), "PortBindings").is_null());
  }
}

TEST_CASE("impossible port mappings are refused") {
  struct Case {
    ContainerInfo::DockerInfo::Network network;
    std::uint32_t host, inside;
    std::string protocol, text;
  };
  const auto bridge = ContainerInfo::DockerInfo::BRIDGE;
  const auto example = GENERATE_COPY(values<Case>({
      {ContainerInfo::DockerInfo::HOST, 31000, 80, "tcp", "\"host\""},
      {ContainerInfo::DockerInfo::NONE, 31000, 80, "tcp", "\"none\""},
      {bridge, 30999, 80, "tcp", "30999:80: the host port is not in"},
      {bridge, 31011, 80, "tcp", "31011:80: the host port is not in"},
      {bridge, 31000, 0, "tcp", "container port"},
      {bridge, 31000, 65536, "tcp", "container port"},
      {bridge, 31000, 80, "icmp", "icmp"},
  }));
  Launch launch = command_task();
  add_ports(launch, 31000, 31010);
  docker(launch).set_network(example.network);
  auto& mapping = *docker(launch).add_port_mappings();
  mapping.set_host_port(example.host);
  mapping.set_container_port(example.inside);
  mapping.set_protocol(example.protocol);
  CHECK_THAT(refusal(launch), Catch::Contains(example.text));
}

TEST_CASE("volumes become mounts beside the sandbox") {
  struct Case {
    std::string host, inside, mount;
  };
  const auto example = GENERATE(values<Case>({
      {"/srv/a:b", "/x", R"({"Type": "bind", "Source": "/srv/a:b", "Target": "/x"})"},
      {"data", "/x", R"({"Type": "bind", "Source": "/work/runs/c1/data", "Target": "/x"})"},
      {"./a/../b", "/x", R"({"Type": "bind", "Source": "/work/runs/c1/b", "Target": "/x"})"},
      {"/srv:", "x/y",
       R"({"Type": "bind", "Source": "/srv:", "Target": "/mnt/mesos/sandbox/x/y"})"},
      {"", "/x", R"({"Type": "volume", "Target": "/x"})"},
  }));
  Launch launch = command_task();
  add_volume(launch, example.host, example.inside).set_mode(mesos::Volume::RO);
  json::value expected = json::parse(example.mount);
  expected.as_object()["ReadOnly"] = true;
  const LaunchPlan result = plan(launch);
  REQUIRE(host_field(result, "Mounts").as_array().size() == 2);
  CHECK(host_field(result, "Mounts").at(0) == expected);
  const bool in_sandbox = !example.host.empty() && example.host[0] != '/';
  CHECK(result.sandbox_paths.size() == (in_sandbox ? 1 : 0));
}

TEST_CASE("a path of the host is bound as by docker run -v, which creates a missing path") {
  Launch launch = command_task();
  add_volume(launch, "/srv", "x/y").set_mode(mesos::Volume::RO);
  add_volume(launch, "/data", "/data").set_mode(mesos::Volume::RW);
  CHECK(host_field(plan(launch), "Binds") ==
        json::parse(R"(["/srv:/mnt/mesos/sandbox/x/y:ro", "/data:/data:rw"])"));
}

TEST_CASE("volumes of a driver keep its options") {
  Launch launch = command_task();
  SECTION("from the volume's source") {
    auto& volume = *add_volume(launch, "", "/x").mutable_source()->mutable_docker_volume();
    volume.set_name("v");
    volume.set_driver("d");
    auto& option = *volume.mutable_driver_options()->add_parameter();
    option.set_key("a.b");
    option.set_value("c");
    CHECK(host_field(plan(launch), "Mounts").at(0) ==
          json::parse(R"({"Type": "volume", "Source": "v", "Target": "/x", "ReadOnly": false,
            "VolumeOptions": {"DriverConfig": {"Name": "d", "Options": {"a.b": "c"}}}})"));
  }
  SECTION("from the container's volume driver") {
    add_volume(launch, "v", "/x");
    docker(launch).set_volume_driver("d");
    CHECK(host_field(plan(launch), "Mounts").at(0) ==
          json::parse(R"({"Type": "volume", "Source": "v", "Target": "/x", "ReadOnly": false,
            "VolumeOptions": {"DriverConfig": {"Name": "d"}}})"));
  }
  SECTION("from the container's volume driver, for volumes of every kind") {
    add_volume(launch, "", "/x");
    add_volume(launch, "", "/y").mutable_source()->mutable_docker_volume()->set_name("v");
    docker(launch).set_volume_driver("d");
    const json::value mounts = host_field(plan(launch), "Mounts");
    for (const json::value& mount : mounts.as_array()) {
      if (mount.at("Type") != "volume") continue;
      CHECK(mount.at("VolumeOptions").at("DriverConfig").at("Name") == "d");
    }
    // Volumes from flags.
    CHECK(host_field(plan(launch), "VolumeDriver") == "d");
    add_parameter(launch, "volume-driver", "e");
    CHECK(host_field(plan(launch), "VolumeDriver") == "e");
  }
}

TEST_CASE("volumes that cannot be mounted are refused") {
  struct Case {
    std::string host, inside, text;
  };
  const auto example = GENERATE(values<Case>({
      {"a", "b", "relative"},
      {"../a", "/x", "out of the sandbox"},
      {"a/../../b", "/x", "out of the sandbox"},
      {"/srv", "../x", "out of the sandbox"},
      {"/srv", "", "missing"},
      {"/srv", "/mnt/mesos/sandbox", "sandbox is mounted there"},
      {"/srv", "/mnt/./mesos/x/../sandbox/", "sandbox is mounted there"},
  }));
  CAPTURE(example.host, example.inside);
  Launch launch = command_task();
  add_volume(launch, example.host, example.inside);
  CHECK_THAT(refusal(launch), Catch::Contains(example.text));
}

TEST_CASE("no flag replaces the sandbox") {
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"volume", "/srv:/mnt/mesos/sandbox:ro"},
           {"volume ", "/mnt/mesos/sandbox"},
           {"tmpfs", "/mnt/mesos/sandbox"},
           {"mount", "type=bind,source=/srv,target=/mnt/mesos/sandbox"}}) {
    CAPTURE(name, value);
    Launch launch = command_task();
    add_parameter(launch, name.substr(0, name.find(' ')), value);
    CHECK_THAT(refusal(launch), Catch::Contains("the sandbox is mounted there"));
  }
}

TEST_CASE("flags override messages, and our own labels and name override flags") {
  Launch launch = command_task();
  add_scalar(launch, "cpus", 1);
  add_scalar(launch, "mem", 256);
  add_parameter(launch, "cpu-shares", "7");
  add_parameter(launch, "memory", "64m");
  add_parameter(launch, "env", "MESOS_SANDBOX=/elsewhere");
  add_parameter(launch, "env", "MINE=flag");
  add_parameter(launch, "restart", "no");
  auto& own =
      *launch.mutable_task_info()->mutable_command()->mutable_environment()->add_variables();
  own.set_name("MINE");
  own.set_value("task");
  const LaunchPlan result = plan(launch);
  CHECK(host_field(result, "CpuShares") == 7);
  CHECK(host_field(result, "Memory") == 64 * 1024 * 1024);
  CHECK(host_field(result, "MemoryReservation") == 64 * 1024 * 1024);
  CHECK(variable(result, "MINE") == "flag");
  CHECK(variable(result, "MESOS_SANDBOX") == "/mnt/mesos/sandbox");
  CHECK(host_field(result, "RestartPolicy") == json::parse(R"({"Name": "no"})"));
  CHECK(host_field(result, "AutoRemove") == false);

  add_parameter(launch, "label", "docker-containerizer.id=x");
  CHECK_THAT(refusal(launch), Catch::Contains("--label"));
}

TEST_CASE("a custom executor's own variables replace only those that depend on the image") {
  auto [launch, environment] = recorded("mesos-0.19.1/launch-5");
  for (const char* name : {"MESOS_NATIVE_LIBRARY", "LIBPROCESS_IP", "LIBPROCESS_PORT",
                           "MESOS_SLAVE_PID", "MESOS_DIRECTORY"}) {
    auto& own = *launch.mutable_executor_info()->mutable_command()->mutable_environment();
    auto& added = *own.add_variables();
    added.set_name(name);
    added.set_value("mine");
  }
  const LaunchPlan result = plan(launch, environment);
  CHECK(variable(result, "MESOS_NATIVE_LIBRARY") == "mine");
  CHECK(variable(result, "LIBPROCESS_IP") == "mine");
  CHECK(variable(result, "LIBPROCESS_PORT") == "0");
  CHECK(variable(result, "MESOS_SLAVE_PID") == "slave(1)@127.0.0.1:5051");
  CHECK(variable(result, "MESOS_DIRECTORY") == "/mnt/mesos/sandbox");
}

TEST_CASE("the slave's address stays in the slave's network") {
  auto [launch, environment] = recorded("mesos-0.19.1/launch-5");
  launch.mutable_executor_info()->mutable_command()->mutable_container()->add_options(
      "--net=bridge");
  const LaunchPlan result = plan(launch, environment);
  CHECK(variable(result, "LIBPROCESS_IP") == std::nullopt);
  CHECK(host_field(result, "PortBindings").as_object().size() == 3);
}

TEST_CASE("user, hostname, privileges and force pull are passed on") {
  Launch launch = command_task();
  launch.set_user("root");
  docker(launch).set_network(ContainerInfo::DockerInfo::BRIDGE);
  CHECK(field_of(plan(launch), "User").is_null());
  CHECK(host_field(plan(launch), "Privileged").is_null());

  launch.mutable_task_info()->mutable_command()->set_user("alice");
  container(launch).set_hostname("web1");
  docker(launch).set_privileged(true);
  docker(launch).set_force_pull_image(true);
  const LaunchPlan result = plan(launch);
  CHECK(field_of(result, "User") == "alice");
  CHECK(field_of(result, "Hostname") == "web1");
  CHECK(host_field(result, "Privileged") == true);
  CHECK(result.force_pull);

  CHECK(field_of(plan(launch, usual_environment, {}, "1000:1001"), "User") == "1000:1001");

  docker(launch).set_network(ContainerInfo::DockerInfo::HOST);
  CHECK_THAT(refusal(launch), Catch::Contains("hostname"));
}

TEST_CASE("a task's own grace period is rounded up to milliseconds") {
  Launch launch = command_task();
  auto& grace = *launch.mutable_task_info()->mutable_kill_policy()->mutable_grace_period();
  grace.set_nanoseconds(2'000'000'001);
  CHECK(plan(launch).kill_grace == Duration(2001));
  grace.set_nanoseconds(-1);
  CHECK(plan(launch).kill_grace == Duration(0));
  grace.set_nanoseconds(std::numeric_limits<std::int64_t>::max());
  CHECK(plan(launch).kill_grace == no_limit);
}

TEST_CASE("unsupported resources are refused") {
  Launch launch = command_task();
  SECTION("GPUs") {
    add_scalar(launch, "gpus", 0);
    CHECK(plan(launch).image == "busybox:test");
    add_scalar(launch, "gpus", 1);
    CHECK_THAT(refusal(launch), Catch::Contains("gpus"));
  }
}

TEST_CASE("a persistent volume is mounted from the slave's directory") {
  auto environment = usual_environment;
  environment["MESOS_WORK_DIRECTORY"] = "/var/mesos";
  Launch launch = command_task();
  add_scalar(launch, "disk", 64);
  auto& resource = *launch.mutable_executor_info()->mutable_resources(0);
  resource.set_role("web");
  auto& disk = *resource.mutable_disk();
  disk.mutable_persistence()->set_id("p1");
  disk.mutable_volume()->set_container_path("data");
  disk.mutable_volume()->set_mode(mesos::Volume::RW);
  const auto mounted = [&] {
    return plan(launch, environment).create.at("HostConfig").at("Mounts").at(0).as_object();
  };
  SECTION("in the sandbox") {
    CHECK(mounted().at("Source") == "/var/mesos/volumes/roles/web/p1");
    CHECK(mounted().at("Target") == "/mnt/mesos/sandbox/data");
    CHECK(mounted().at("ReadOnly") == false);
  }
  SECTION("elsewhere in the container, read-only") {
    disk.mutable_volume()->set_container_path("/data");
    disk.mutable_volume()->set_mode(mesos::Volume::RO);
    CHECK(mounted().at("Target") == "/data");
    CHECK(mounted().at("ReadOnly") == true);
  }
  SECTION("also where a volume names its place in the sandbox") {
    add_volume(launch, "./data/", "/var/lib/mysql").set_mode(mesos::Volume::RO);
    const auto mounts = plan(launch, environment).create.at("HostConfig").at("Mounts");
    REQUIRE(mounts.as_array().size() == 3);
    CHECK(mounts.at(1) == json::parse(R"({"Type": "bind", "Target": "/var/lib/mysql",
        "Source": "/var/mesos/volumes/roles/web/p1", "ReadOnly": true})"));
    CHECK(plan(launch, environment).sandbox_paths.empty());
  }
  SECTION("from its own disk") {
    auto& source = *disk.mutable_source();
    source.set_type(mesos::Resource::DiskInfo::Source::PATH);
    source.mutable_path()->set_root("/disk1");
    CHECK(mounted().at("Source") == "/disk1/volumes/roles/web/p1");
    source.clear_path();
    source.set_type(mesos::Resource::DiskInfo::Source::MOUNT);
    source.mutable_mount()->set_root("/disk2");
    CHECK(mounted().at("Source") == "/disk2");
  }
  SECTION("not from anywhere else") {
    const auto name = GENERATE(as<std::string>(), "", "..", "../../etc", "a/b");
    disk.mutable_persistence()->set_id(name);
    CHECK_THAT(refusal(launch, environment), Catch::Contains("not a valid name of a directory"));
  }
  SECTION("not outside the sandbox") {
    disk.mutable_volume()->set_container_path("../x");
    CHECK_THAT(refusal(launch, environment), Catch::Contains("leads out of the sandbox"));
  }
}

TEST_CASE("a CPU quota, if the operator wants one") {
  Launch launch = command_task();
  add_scalar(launch, "cpus", 0.25);
  CHECK(host_field(plan(launch), "CpuQuota").is_null());
  TaskSettings settings;
  settings.cpu_quota = true;
  CHECK(host_field(plan(launch, usual_environment, settings), "CpuQuota") == 25'000);
  CHECK(host_field(plan(launch, usual_environment, settings), "CpuPeriod") == 100'000);
  auto& parameter = *docker(launch).add_parameters();
  parameter.set_key("cpu-period");
  parameter.set_value("50000");
  CHECK(host_field(plan(launch, usual_environment, settings), "CpuQuota") == 12'500);
  parameter.set_key("cpus");
  parameter.set_value("2");
  CHECK(host_field(plan(launch, usual_environment, settings), "CpuQuota").is_null());
}

TEST_CASE("swap as the operator sets it") {
  Launch launch = command_task();
  add_scalar(launch, "mem", 64);
  TaskSettings settings;
  CHECK(host_field(plan(launch, usual_environment, settings), "MemorySwap").is_null());
  settings.swap = SwapPolicy::unlimited;
  CHECK(host_field(plan(launch, usual_environment, settings), "MemorySwap") == -1);
  settings.swap = SwapPolicy::none;
  CHECK(host_field(plan(launch, usual_environment, settings), "MemorySwap") == 64 << 20);
  auto& parameter = *docker(launch).add_parameters();
  parameter.set_key("memory-swap");
  parameter.set_value("1g");
  CHECK(host_field(plan(launch, usual_environment, settings), "MemorySwap") == 1 << 30);
}

TEST_CASE("an invalid launch is refused") {
  Launch launch = command_task();
  SECTION("the symbolic link in --launcher_dir of 0.19") {
    launch.clear_task_info();
    CHECK_THAT(refusal(launch),
               Catch::Contains("--launcher_dir") && Catch::Contains("\"/libexec/mesos-executor\""));
  }
  SECTION("no sandbox") {
    launch.clear_directory();
    CHECK_THAT(refusal(launch), Catch::Contains("sandbox"));
  }
  SECTION("a variable without a name") {
    const auto name = GENERATE(as<std::string>(), "", "A=B");
    auto& variables = *launch.mutable_task_info()->mutable_command()->mutable_environment();
    auto& added = *variables.add_variables();
    added.set_name(name);
    added.set_value("hidden");
    CHECK_THAT(refusal(launch), Catch::Contains("environment") && !Catch::Contains("hidden"));
  }
  SECTION("an unknown flag") {
    add_parameter(launch, "frobnicate", "hidden");
    CHECK_THAT(refusal(launch), Catch::Contains("frobnicate") && !Catch::Contains("hidden"));
  }
}

TEST_CASE("the working directory is the sandbox in the older dialect, and else the image's") {
  const auto directory = [](const Launch& launch, WorkingDirectory setting) {
    TaskSettings settings;
    settings.working_directory = setting;
    const auto value = field_of(plan(launch, usual_environment, settings), "WorkingDir");
    return value.is_null() ? std::string("the image's") : std::string(value.as_string());
  };
  const auto automatic = WorkingDirectory::by_dialect;
  const std::string sandbox = "/mnt/mesos/sandbox";
  Launch older = command_task();
  CHECK(directory(older, automatic) == sandbox);
  older.mutable_task_info()->mutable_command()->mutable_container()->set_image("docker:///a");
  CHECK(directory(older, automatic) == sandbox);
  CHECK(directory(older, WorkingDirectory::image) == "the image's");
  older.mutable_task_info()->mutable_command()->mutable_container()->add_options("--workdir=/w");
  CHECK(directory(older, automatic) == "/w");
  CHECK(directory(older, WorkingDirectory::sandbox) == "/w");

  Launch newer = command_task();
  docker(newer).set_image("a");
  CHECK(directory(newer, automatic) == "the image's");
  CHECK(directory(newer, WorkingDirectory::sandbox) == sandbox);
  add_parameter(newer, "workdir", "/w");
  CHECK(directory(newer, WorkingDirectory::sandbox) == "/w");
  Launch unified = command_task();
  container(unified, ContainerInfo::MESOS).mutable_mesos()->mutable_image();
  auto& image = *container(unified, ContainerInfo::MESOS).mutable_mesos()->mutable_image();
  image.set_type(mesos::Image::DOCKER);
  image.mutable_docker()->set_name("a");
  CHECK(directory(unified, automatic) == "the image's");
}

TEST_CASE("the operator chooses the network of tasks of the older dialect that name none") {
  TaskSettings settings;
  settings.network = "bridge";
  const auto network = [&](const Launch& launch) {
    return host_field(plan(launch, usual_environment, settings), "NetworkMode");
  };
  Launch older = command_task();
  CHECK(network(older) == "bridge");
  older.mutable_task_info()->mutable_command()->mutable_container()->add_options("--net=none");
  CHECK(network(older) == "none");
  Launch newer = command_task();
  docker(newer).set_image("a");
  CHECK(network(newer) == "host");
  Launch unified = command_task();
  auto& image = *container(unified, ContainerInfo::MESOS).mutable_mesos()->mutable_image();
  image.mutable_docker()->set_name("a");
  CHECK(network(unified) == "host");
}

TEST_CASE("allocated ports are paired with the ports that the image declares") {
  Launch launch = command_task();
  launch.mutable_task_info()->mutable_command()->mutable_container()->add_options("--net=bridge");
  const auto bindings = [&](const std::map<std::uint32_t, std::vector<std::string>>& exposed,
                            std::size_t unpublished = 0) {
    LaunchPlan result = plan(launch);
    REQUIRE(result.pairs_ports);
    CHECK(pair_ports(exposed, result.resources, result.create).size() == unpublished);
    std::string text;
    const auto bound = host_field(result, "PortBindings");
    for (const auto& each : bound.as_object()) {
      CHECK(field_of(result, "ExposedPorts").as_object().contains(each.key()));
      for (const auto& binding : each.value().as_array()) {
        text +=
            std::string(binding.at("HostPort").as_string()) + ">" + std::string(each.key()) + " ";
      }
    }
    return text;
  };
  SECTION("one") {
    add_ports(launch, 31014, 31014);
    CHECK(bindings({}) == "31014>31014/tcp ");
    CHECK(bindings({{3000, {"tcp"}}}) == "31014>3000/tcp ");
    CHECK(bindings({{53, {"tcp", "udp"}}}) == "31014>53/tcp 31014>53/udp ");
    CHECK(bindings({{80, {"tcp"}}, {443, {"tcp"}}}, 1) == "31014>80/tcp ");
  }
  SECTION("two, and more than the image declares") {
    add_ports(launch, 31000, 31001);
    CHECK(bindings({{80, {"tcp"}}, {443, {"tcp"}}}) == "31000>80/tcp 31001>443/tcp ");
    CHECK(bindings({{80, {"tcp"}}}) == "31001>31001/tcp 31000>80/tcp ");
    CHECK(bindings({{31001, {"tcp"}}}) == "31001>31001/tcp 31000>31001/tcp ");
  }
  SECTION("not what options publish, and not for a DockerInfo") {
    add_ports(launch, 31000, 31000);
    launch.mutable_task_info()->mutable_command()->mutable_container()->add_options("-p31000:80");
    CHECK_FALSE(plan(launch).pairs_ports);
    Launch newer = command_task();
    add_ports(newer, 31000, 31000);
    docker(newer).set_network(ContainerInfo::DockerInfo::BRIDGE);
    CHECK_FALSE(plan(newer).pairs_ports);
  }
}

TEST_CASE("a published port in a network that publishes none is noted") {
  Launch launch = command_task();
  add_parameter(launch, "publish", "31000:80");
  REQUIRE(plan(launch).notes.size() == 1);
  CHECK_THAT(plan(launch).notes[0], Catch::Contains("--publish has no effect"));
  docker(launch).set_network(ContainerInfo::DockerInfo::BRIDGE);
  CHECK(plan(launch).notes.empty());
}

TEST_CASE("an entrypoint and a shell command are settled as the task's dialect has them") {
  const auto shell = json::parse(R"(["/bin/sh", "-c", "run it"])");
  Launch older = command_task();
  older.mutable_task_info()->mutable_command()->mutable_container()->add_options(
      "--entrypoint=/init");
  CHECK(field_of(plan(older), "Entrypoint") == json::parse(R"(["/init"])"));
  CHECK(field_of(plan(older), "Cmd") == shell);

  // The native containerizer's shell comes after the parameters.
  Launch newer = command_task();
  add_parameter(newer, "entrypoint", "/init");
  CHECK(field_of(plan(newer), "Entrypoint") == json::parse(R"(["/bin/sh"])"));
  CHECK(field_of(plan(newer), "Cmd") == json::parse(R"(["-c", "run it"])"));
  CHECK(plan(newer).notes.size() == 1);
  newer.mutable_task_info()->mutable_command()->set_shell(false);
  CHECK(field_of(plan(newer), "Entrypoint") == json::parse(R"(["/init"])"));
  CHECK(field_of(plan(newer), "Cmd") == json::parse(R"(["run it"])"));
  CHECK(plan(newer).notes.empty());

  TaskSettings settings;
  settings.policy.append_options = {{"entrypoint", "/wrap"}};
  newer.mutable_task_info()->mutable_command()->set_shell(true);
  const auto wrapped = plan(newer, usual_environment, settings);
  CHECK(field_of(wrapped, "Entrypoint") == json::parse(R"(["/wrap"])"));
  CHECK(field_of(wrapped, "Cmd") == shell);
}

TEST_CASE("the operator's limits replace the task's that are written in another way") {
  Launch launch = command_task();
  add_scalar(launch, "mem", 64);
  TaskSettings settings;
  const auto with = [&](const std::vector<RunFlag>& flags) {
    settings.policy.append_options = flags;
    return plan(launch, usual_environment, settings);
  };
  SECTION("cpus and a quota") {
    add_parameter(launch, "cpu-quota", "50000");
    add_parameter(launch, "cpu-period", "100000");
    const auto result = with({{"cpus", "2"}});
    CHECK(host_field(result, "NanoCpus") == 2'000'000'000);
    CHECK(host_field(result, "CpuQuota").is_null());
    CHECK(host_field(result, "CpuPeriod").is_null());
  }
  SECTION("a quota and cpus") {
    add_parameter(launch, "cpus", "2");
    const auto result = with({{"cpu-quota", "50000"}});
    CHECK(host_field(result, "NanoCpus").is_null());
    CHECK(host_field(result, "CpuQuota") == 50'000);
  }
  SECTION("memory and swap") {
    add_parameter(launch, "memory-swap", "100m");
    CHECK(host_field(with({{"memory", "200m"}}), "MemorySwap") == 200 << 20);
    CHECK(host_field(with({{"memory", "80m"}}), "MemorySwap") == 100 << 20);
    add_parameter(launch, "memory-swap", "32m");
    CHECK(host_field(plan(launch), "Memory") == 32 << 20);
    CHECK(host_field(plan(launch), "MemoryReservation") == 32 << 20);
    add_parameter(launch, "memory", "64m");
    CHECK_THAT(refusal(launch), Catch::Contains("--memory-swap"));
  }
  SECTION("a health check that the operator switches off") {
    add_parameter(launch, "health-cmd", "true");
    add_parameter(launch, "health-interval", "9s");
    CHECK(field_of(with({{"no-healthcheck", "true"}}), "Healthcheck") ==
          json::parse(R"({"Test": ["NONE"]})"));
  }
}

TEST_CASE("bytes that are not UTF-8 are refused, not replaced") {
  Launch launch = command_task();
  SECTION("in a variable, whose value is not quoted") {
    auto& own = *launch.mutable_task_info()->mutable_command()->mutable_environment();
    auto& variable = *own.add_variables();
    variable.set_name("LATIN");
    variable.set_value("gr\xfc\xdf");
    CHECK_THAT(refusal(launch), Catch::StartsWith("variable \"LATIN\""));
    CHECK_THAT(refusal(launch), !Catch::Contains("gr"));
  }
  SECTION("in the command") {
    launch.mutable_task_info()->mutable_command()->set_value("echo \xff");
    CHECK_THAT(refusal(launch), Catch::StartsWith("Cmd: "));
  }
  SECTION("in a label") {
    add_parameter(launch, "label", "a=\xff");
    CHECK_THAT(refusal(launch), Catch::Contains("not UTF-8"));
  }
  SECTION("characters outside ASCII are passed on") {
    launch.mutable_task_info()->mutable_command()->set_value("echo gr\u00fc\u00df");
    CHECK(field_of(plan(launch), "Cmd").at(1) == "echo gr\u00fc\u00df");
  }
}

TEST_CASE("the sandbox is where mdc and Deimos had it, if the operator wants that") {
  const auto path = GENERATE(as<std::string>(), "/mesos-sandbox", "/tmp/mesos-sandbox");
  TaskSettings settings;
  settings.sandbox = path;
  const auto result = plan(command_task(), usual_environment, settings);
  CHECK(host_field(result, "Mounts").at(0).at("Target") == json::value(path));
  CHECK(field_of(result, "WorkingDir") == json::value(path));
  CHECK(variable(result, "MESOS_SANDBOX") == path);
}

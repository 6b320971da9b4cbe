// Every field that a launch can fill is in the table, with the reason why a task may fill it.
#include "engine/translation/request_table.h"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <set>

#include "engine/translation/launch_plan.h"
#include "engine/translation/run_flags/flag_table.h"
#include "engine/translation/run_flags/flag_translation.h"
#include "tests/integration/docker_flags_samples.h"

using namespace containerizer;
namespace json = boost::json;
using mesos::containerizer::Launch;

namespace {

std::set<std::string> unlisted_in(const json::object& body) {
  std::set<std::string> paths;
  walk_request(body, "",
               [&](std::span<const FieldRow> rows, const std::string& path, const json::value&,
                   const json::object&) {
                 if (rows.empty()) paths.insert(path);
               });
  return paths;
}

const std::set<std::string> none;

std::vector<RunFlag> flags_of(const integration::Sample& sample) {
  std::vector<RunFlag> flags;
  for (const auto& text : sample) {
    const auto equals = text.find('=');
    flags.push_back(
        {std::string(find_flag(text.substr(0, equals))->name), text.substr(equals + 1)});
  }
  return flags;
}

json::object body_of(const std::vector<RunFlag>& flags) {
  CreateRequest request;
  field(request.body, "HostConfig.NetworkMode") = "any";
  if (const auto network = network_flag(flags); network.ok() && network.value()) {
    field(request.body, "HostConfig.NetworkMode") = *network.value();
  }
  [[maybe_unused]] const auto applied = apply_run_flags(flags, request);
  return request.body;
}

Launch launch_of_everything() {
  Launch launch;
  launch.mutable_container_id()->set_value("c1");
  launch.set_directory("/work/runs/c1");
  launch.set_user("someone");
  auto& executor = *launch.mutable_executor_info();
  auto& command = *executor.mutable_command();
  command.set_value("run it");
  command.set_user("someone");
  auto& variable = *command.mutable_environment()->add_variables();
  variable.set_name("A");
  variable.set_value("b");
  auto& container = *executor.mutable_container();
  container.set_type(mesos::ContainerInfo::DOCKER);
  container.set_hostname("name");
  auto& docker = *container.mutable_docker();
  docker.set_image("busybox");
  docker.set_privileged(true);
  docker.set_network(mesos::ContainerInfo::DockerInfo::USER);
  docker.set_volume_driver("driver");
  auto& network = *container.add_network_infos();
  network.set_name("net");
  network.set_ip_address("10.1.2.3");
  auto& mapping = *docker.add_port_mappings();
  mapping.set_host_port(31000);
  mapping.set_container_port(80);
  for (const auto* source : {"", "/data", "/da,ta", "/da:ta", "results"}) {
    auto& volume = *container.add_volumes();
    volume.set_container_path("/inside" + std::to_string(container.volumes_size()));
    volume.set_mode(mesos::Volume::RW);
    if (*source != '\0') volume.set_host_path(source);
  }
  auto& source = *container.add_volumes();
  source.set_container_path("/of-a-driver");
  source.set_mode(mesos::Volume::RO);
  auto& volume = *source.mutable_source();
  volume.set_type(mesos::Volume::Source::DOCKER_VOLUME);
  volume.mutable_docker_volume()->set_name("name");
  auto& option = *volume.mutable_docker_volume()->mutable_driver_options()->add_parameter();
  option.set_key("size");
  option.set_value("1m");
  for (const auto* name : {"cpus", "mem"}) {
    auto& resource = *executor.add_resources();
    resource.set_name(name);
    resource.mutable_scalar()->set_value(64);
  }
  auto& ports = *executor.add_resources();
  ports.set_name("ports");
  auto& range = *ports.mutable_ranges()->add_range();
  range.set_begin(31000);
  range.set_end(31001);
  auto& disk = *executor.add_resources();
  disk.set_name("disk");
  disk.set_role("role");
  disk.mutable_disk()->mutable_persistence()->set_id("id");
  disk.mutable_disk()->mutable_volume()->set_container_path("persistent");
  return launch;
}

}  // namespace

TEST_CASE("every flag writes only to fields of the table") {
  std::set<std::string_view> sampled;
  for (const auto& sample : integration::alike) {
    const auto flags = flags_of(sample);
    const auto body = body_of(flags);
    CAPTURE(json::serialize(body));
    CHECK(unlisted_in(body) == none);
    for (const auto& flag : flags) sampled.insert(find_flag(flag.name)->name);
  }
  for (const auto& beyond : integration::refused_by_docker) {
    const auto flags = flags_of(beyond.sample);
    CHECK(unlisted_in(body_of(flags)) == none);
    for (const auto& flag : flags) sampled.insert(find_flag(flag.name)->name);
  }
  for (const auto& newer : integration::needs_newer_api) {
    const auto flags = flags_of(newer.sample);
    CHECK(unlisted_in(body_of(flags)) == none);
    for (const auto& flag : flags) sampled.insert(find_flag(flag.name)->name);
  }
  for (const auto& flag : all_flags()) {
    CAPTURE(flag.name);
    // What is said of every flag is said of samples of it.
    if (flag.apply != nullptr) CHECK(sampled.contains(flag.name));
  }
}

TEST_CASE("every message writes only to fields of the table") {
  TaskSettings settings;
  settings.cpu_quota = true;
  settings.swap = GENERATE(SwapPolicy::none, SwapPolicy::unlimited);
  auto launch = launch_of_everything();
  const bool is_restricted = GENERATE(false, true);
  if (is_restricted) {
    // No driver, and no privilege.
    auto& container = *launch.mutable_executor_info()->mutable_container();
    container.mutable_docker()->clear_volume_driver();
    container.mutable_docker()->clear_privileged();
  }
  const auto plan = make_launch_plan(launch, {{"MESOS_WORK_DIRECTORY", "/work"}}, settings, "1:1");
  INFO((plan.ok() ? "" : plan.failure().text));
  REQUIRE(plan.ok());
  CAPTURE(json::serialize(plan.value().create));
  CHECK(unlisted_in(plan.value().create) == none);
}

TEST_CASE("a field that the table does not list is refused") {
  const Resources resources;
  const std::vector<std::string> own;
  const RequestContext context{nullptr, own, resources, false};
  for (const auto* path : {"StdinOnce", "HostConfig.Umask.x", "HostConfig.Mounts", "HostConfig.New",
                           "NetworkingConfig.EndpointsConfig.x.Newer"}) {
    json::object body;
    field(body, path) = 1;
    CAPTURE(path);
    const auto breach = find_breach(body, context, true);
    REQUIRE(breach);
    CHECK(breach->rule == Rule::privileged);
    CHECK_THAT(breach->what, Catch::StartsWith("field "));
  }
}

TEST_CASE("the table has each field once for each rule, in order, with a rule where it is judged") {
  std::set<std::pair<std::string_view, Rule>> seen;
  std::string_view before;
  for (const auto& row : request_fields()) {
    CAPTURE(row.path);
    CHECK(before <= row.path);
    before = row.path;
    CHECK(seen.insert({row.path, row.rule}).second);
    CHECK((row.judge != nullptr) == (row.kind == FieldKind::judged));
    CHECK(!rows_of(row.path).empty());
  }
}

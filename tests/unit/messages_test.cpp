// Each field of the messages that describe a container is either translated or refused.
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "engine/translation/launch_plan.h"

using namespace containerizer;
using mesos::ContainerInfo;
using mesos::containerizer::Launch;
using DockerInfo = ContainerInfo::DockerInfo;

namespace {

// A message, and a function that adds a field to it.
struct Sample {
  std::function<void(Launch&)> before;
  std::function<void(Launch&)> add;
};

ContainerInfo& container(Launch& launch) {
  return *launch.mutable_task_info()->mutable_container();
}
DockerInfo& docker(Launch& launch) { return *container(launch).mutable_docker(); }
mesos::CommandInfo& command(Launch& launch) {
  return *launch.mutable_task_info()->mutable_command();
}
mesos::Image& image(Launch& launch) { return *container(launch).mutable_mesos()->mutable_image(); }

void of_docker(Launch& launch) {
  container(launch).set_type(ContainerInfo::DOCKER);
  docker(launch).set_image("busybox:test");
}

void of_mesos(Launch& launch) {
  container(launch).set_type(ContainerInfo::MESOS);
  image(launch).set_type(mesos::Image::DOCKER);
  image(launch).mutable_docker()->set_name("busybox:test");
}

void on_bridge(Launch& launch) {
  of_docker(launch);
  docker(launch).set_network(DockerInfo::BRIDGE);
  auto& ports = *launch.mutable_executor_info()->add_resources();
  ports.set_name("ports");
  auto& range = *ports.mutable_ranges()->add_range();
  range.set_begin(31000);
  range.set_end(31009);
}

void with_mapping(Launch& launch) {
  on_bridge(launch);
  docker(launch).add_port_mappings()->set_host_port(31000);
  docker(launch).mutable_port_mappings(0)->set_container_port(80);
}

void with_volume(Launch& launch) {
  of_docker(launch);
  container(launch).add_volumes()->set_container_path("/data");
}

mesos::Volume& volume(Launch& launch) { return *container(launch).mutable_volumes(0); }

void with_docker_volume(Launch& launch) {
  with_volume(launch);
  volume(launch).mutable_source()->mutable_docker_volume()->set_name("data");
}

mesos::Volume::Source::DockerVolume& docker_volume(Launch& launch) {
  return *volume(launch).mutable_source()->mutable_docker_volume();
}

void in_network(Launch& launch) {
  of_docker(launch);
  docker(launch).set_network(DockerInfo::USER);
  container(launch).add_network_infos()->set_name("blue");
}

mesos::NetworkInfo& network(Launch& launch) { return *container(launch).mutable_network_infos(0); }

void with_uri(Launch& launch) { command(launch).add_uris()->set_value("http://host/file"); }

mesos::CommandInfo::URI& uri(Launch& launch) { return *command(launch).mutable_uris(0); }

void with_user(Launch& launch) { launch.set_user("alice"); }

void nothing(Launch&) {}

const std::map<std::string, Sample>& samples() {
  static const std::map<std::string, Sample> all{
      {"CommandInfo.uris", {nothing, with_uri}},
      {"CommandInfo.environment",
       {nothing,
        [](Launch& l) { command(l).mutable_environment()->add_variables()->set_name("A"); }}},
      {"CommandInfo.value", {nothing, [](Launch& l) { command(l).set_value("other"); }}},
      {"CommandInfo.container",
       {nothing, [](Launch& l) { command(l).mutable_container()->set_image("x"); }}},
      {"CommandInfo.user", {with_user, [](Launch& l) { command(l).set_user("alice"); }}},
      {"CommandInfo.shell", {nothing, [](Launch& l) { command(l).set_shell(false); }}},
      {"CommandInfo.arguments",
       {[](Launch& l) { command(l).set_shell(false); },
        [](Launch& l) { command(l).add_arguments("a"); }}},
      {"CommandInfo.URI.value", {with_uri, [](Launch& l) { uri(l).set_value("other"); }}},
      {"CommandInfo.URI.executable", {with_uri, [](Launch& l) { uri(l).set_executable(true); }}},
      {"CommandInfo.URI.extract", {with_uri, [](Launch& l) { uri(l).set_extract(false); }}},
      {"CommandInfo.URI.cache", {with_uri, [](Launch& l) { uri(l).set_cache(true); }}},
      {"CommandInfo.URI.output_file", {with_uri, [](Launch& l) { uri(l).set_output_file("a"); }}},
      {"CommandInfo.ContainerInfo.image",
       {nothing, [](Launch& l) { command(l).mutable_container()->set_image("x"); }}},
      {"CommandInfo.ContainerInfo.options",
       {nothing, [](Launch& l) { command(l).mutable_container()->add_options("--init"); }}},
      {"Credential.principal",
       {of_mesos,
        [](Launch& l) { image(l).mutable_docker()->mutable_credential()->set_principal("u"); }}},
      {"Credential.secret",
       {of_mesos,
        [](Launch& l) { image(l).mutable_docker()->mutable_credential()->set_secret("s"); }}},
      {"Image.type", {nothing, nothing}},
      {"Image.appc", {of_mesos, [](Launch& l) { image(l).mutable_appc(); }}},
      {"Image.docker", {nothing, of_mesos}},
      {"Image.cached", {of_mesos, [](Launch& l) { image(l).set_cached(false); }}},
      {"Image.Appc.name", {of_mesos, [](Launch& l) { image(l).mutable_appc()->set_name("x"); }}},
      {"Image.Appc.id", {of_mesos, [](Launch& l) { image(l).mutable_appc()->set_id("x"); }}},
      {"Image.Appc.labels",
       {of_mesos, [](Launch& l) { image(l).mutable_appc()->mutable_labels()->add_labels(); }}},
      {"Image.Docker.name",
       {of_mesos, [](Launch& l) { image(l).mutable_docker()->set_name("x"); }}},
      {"Image.Docker.credential",
       {of_mesos,
        [](Launch& l) { image(l).mutable_docker()->mutable_credential()->set_principal("u"); }}},
      {"Volume.container_path",
       {with_volume, [](Launch& l) { volume(l).set_container_path("/x"); }}},
      {"Volume.host_path", {with_volume, [](Launch& l) { volume(l).set_host_path("/x"); }}},
      {"Volume.mode", {with_volume, [](Launch& l) { volume(l).set_mode(mesos::Volume::RO); }}},
      {"Volume.image", {with_volume, [](Launch& l) { volume(l).mutable_image(); }}},
      {"Volume.source", {with_volume, [](Launch& l) { volume(l).mutable_source(); }}},
      {"Volume.Source.type",
       {with_docker_volume,
        [](Launch& l) { volume(l).mutable_source()->set_type(mesos::Volume::Source::UNKNOWN); }}},
      {"Volume.Source.docker_volume",
       {with_volume, [](Launch& l) { docker_volume(l).set_name("data"); }}},
      {"Volume.Source.DockerVolume.driver",
       {with_docker_volume, [](Launch& l) { docker_volume(l).set_driver("nfs"); }}},
      {"Volume.Source.DockerVolume.name",
       {with_docker_volume, [](Launch& l) { docker_volume(l).set_name("other"); }}},
      {"Volume.Source.DockerVolume.driver_options",
       {with_docker_volume,
        [](Launch& l) {
          docker_volume(l).mutable_driver_options()->add_parameter()->set_key("a");
        }}},
      {"NetworkInfo.protocol", {in_network, [](Launch& l) { network(l).set_protocol(2); }}},
      {"NetworkInfo.ip_address",
       {in_network, [](Launch& l) { network(l).set_ip_address("10.0.0.2"); }}},
      {"NetworkInfo.groups", {in_network, [](Launch& l) { network(l).add_groups("g"); }}},
      {"NetworkInfo.labels",
       {in_network, [](Launch& l) { network(l).mutable_labels()->add_labels()->set_key("a"); }}},
      {"NetworkInfo.ip_addresses",
       {in_network, [](Launch& l) { network(l).add_ip_addresses()->set_ip_address("10.0.0.2"); }}},
      {"NetworkInfo.name", {in_network, [](Launch& l) { network(l).set_name("green"); }}},
      {"NetworkInfo.IPAddress.protocol",
       {in_network, [](Launch& l) { network(l).add_ip_addresses()->set_protocol(2); }}},
      {"NetworkInfo.IPAddress.ip_address",
       {in_network, [](Launch& l) { network(l).add_ip_addresses()->set_ip_address("fd00::2"); }}},
      {"ContainerInfo.type",
       {[](Launch& l) { docker(l).set_image("x"); },
        [](Launch& l) { container(l).set_type(ContainerInfo::MESOS); }}},
      {"ContainerInfo.volumes", {of_docker, with_volume}},
      {"ContainerInfo.docker", {nothing, of_docker}},
      {"ContainerInfo.hostname", {on_bridge, [](Launch& l) { container(l).set_hostname("name"); }}},
      {"ContainerInfo.mesos", {nothing, of_mesos}},
      {"ContainerInfo.network_infos",
       {of_mesos, [](Launch& l) { container(l).add_network_infos()->set_name("blue"); }}},
      {"ContainerInfo.DockerInfo.image", {of_docker, [](Launch& l) { docker(l).set_image("x"); }}},
      {"ContainerInfo.DockerInfo.network",
       {of_docker, [](Launch& l) { docker(l).set_network(DockerInfo::NONE); }}},
      {"ContainerInfo.DockerInfo.port_mappings", {on_bridge, with_mapping}},
      {"ContainerInfo.DockerInfo.privileged",
       {of_docker, [](Launch& l) { docker(l).set_privileged(true); }}},
      {"ContainerInfo.DockerInfo.parameters",
       {of_docker,
        [](Launch& l) {
          docker(l).add_parameters()->set_key("user");
          docker(l).mutable_parameters(0)->set_value("1");
        }}},
      {"ContainerInfo.DockerInfo.force_pull_image",
       {of_docker, [](Launch& l) { docker(l).set_force_pull_image(true); }}},
      {"ContainerInfo.DockerInfo.volume_driver",
       {of_docker, [](Launch& l) { docker(l).set_volume_driver("nfs"); }}},
      {"ContainerInfo.DockerInfo.PortMapping.host_port",
       {with_mapping, [](Launch& l) { docker(l).mutable_port_mappings(0)->set_host_port(31001); }}},
      {"ContainerInfo.DockerInfo.PortMapping.container_port",
       {with_mapping,
        [](Launch& l) { docker(l).mutable_port_mappings(0)->set_container_port(81); }}},
      {"ContainerInfo.DockerInfo.PortMapping.protocol",
       {with_mapping, [](Launch& l) { docker(l).mutable_port_mappings(0)->set_protocol("udp"); }}},
      {"ContainerInfo.MesosInfo.image", {nothing, of_mesos}},
  };
  return all;
}

// Everything that a launch is translated to.
std::string outcome(const Launch& launch) {
  const auto made = make_launch_plan(
      launch, {{"MESOS_DEFAULT_CONTAINER_IMAGE", "docker:///default:image"}}, {}, "");
  if (!made.ok()) return made.failure().text;
  const auto& plan = made.value();
  std::ostringstream out;
  out << plan.image << '\n'
      << plan.force_pull << plan.login.user << '/' << plan.login.secret << '\n'
      << boost::json::serialize(plan.create) << '\n';
  for (const auto& directory : plan.sandbox_paths) out << directory << '\n';
  for (const auto& one : plan.uris) out << one.SerializeAsString() << '\n';
  return out.str();
}

Launch task() {
  Launch launch;
  launch.mutable_container_id()->set_value("c1");
  launch.set_directory("/work/runs/c1");
  launch.mutable_task_info()->mutable_command()->set_value("run it");
  launch.mutable_executor_info()->mutable_command()->set_value("/libexec/mesos-executor");
  return launch;
}

// "Message.field" for each field of the named messages and of their submessages.
std::set<std::string> fields_of(const std::set<std::string>& messages) {
  std::ifstream file(SOURCE_DIR "/proto/mesos.proto");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  static const std::regex piece(
      R"(//[^\n]*|(?:message|enum)\s+(\w+)\s*\{|\}|(?:optional|repeated)\s+[\w.]+\s+(\w+)\s*=)");
  std::set<std::string> fields;
  std::vector<std::string> within;
  for (std::sregex_iterator at(text.begin(), text.end(), piece), end; at != end; ++at) {
    const std::smatch& match = *at;
    if (match[1].matched) {
      within.push_back(match[1]);
    } else if (match.str() == "}") {
      within.pop_back();
    } else if (match[2].matched && messages.count(within.front()) > 0) {
      std::string name;
      for (const auto& message : within) name += message + ".";
      fields.insert(name + match[2].str());
    }
  }
  return fields;
}

}  // namespace

TEST_CASE("every field that describes a container has a sample") {
  std::set<std::string> sampled;
  for (const auto& [name, sample] : samples()) sampled.insert(name);
  CHECK(fields_of({"CommandInfo", "ContainerInfo", "Credential", "Image", "NetworkInfo",
                   "Volume"}) == sampled);
}

TEST_CASE("no field that describes a container is dropped") {
  for (const auto& [name, sample] : samples()) {
    if (name == "Image.type") continue;  // redundant: the field next to it determines the type
    CAPTURE(name);
    Launch launch = task();
    sample.before(launch);
    const auto before = outcome(launch);
    sample.add(launch);
    CHECK(before != outcome(launch));
  }
}

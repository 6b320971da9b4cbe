// The cost of translating a launch message into a create request.
#include <fmt/core.h>

#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "bench/child.h"
#include "bench/figures.h"
#include "engine/config/settings.h"
#include "engine/translation/launch_plan.h"
#include "host/format.h"

namespace containerizer::bench {
namespace {

constexpr int rounds = 200;
constexpr int options = 200;
constexpr int volumes = 100;
constexpr int ports = 1000;

using mesos::ContainerInfo;

// A quarter each of variables, labels, hosts and sysctls.
void add_options(ContainerInfo::DockerInfo& docker) {
  const char* const keys[] = {"env", "label", "add-host", "sysctl"};
  const char* const values[] = {"NAME_{}=value number {}", "org.example.{}=value {}",
                                "host-{}.example.org:10.0.0.{}", "net.core.name{}={}"};
  for (int i = 0; i < options; ++i) {
    auto& parameter = *docker.add_parameters();
    parameter.set_key(keys[i % 4]);
    parameter.set_value(formatted(fmt::runtime(values[i % 4]), i, i));
  }
}

void add_volumes(ContainerInfo& container) {
  for (int i = 0; i < volumes; ++i) {
    auto& volume = *container.add_volumes();
    volume.set_mode(i % 2 == 0 ? mesos::Volume::RW : mesos::Volume::RO);
    volume.set_host_path(formatted("{}data/part-{}", i % 3 == 0 ? "" : "/srv/", i));
    volume.set_container_path(formatted("/mnt/data/part-{}", i));
  }
}

std::string frame_of_large_launch() {
  constexpr std::uint32_t first_port = 31'000;
  mesos::containerizer::Launch launch;
  launch.mutable_container_id()->set_value("c1");
  launch.set_directory("/work/runs/c1");
  launch.mutable_task_info()->mutable_command()->set_value("exec sleep 1");
  auto& executor = *launch.mutable_executor_info();
  executor.mutable_command()->set_value("/libexec/mesos-executor");
  auto& resource = *executor.add_resources();
  resource.set_name("ports");
  auto& range = *resource.mutable_ranges()->add_range();
  range.set_begin(first_port);
  range.set_end(first_port + ports - 1);
  auto& container = *launch.mutable_task_info()->mutable_container();
  container.set_type(ContainerInfo::DOCKER);
  auto& docker = *container.mutable_docker();
  docker.set_image("busybox:test");
  docker.set_network(ContainerInfo::DockerInfo::BRIDGE);
  for (int i = 0; i < ports; ++i) {
    auto& mapping = *docker.add_port_mappings();
    mapping.set_host_port(first_port + i);
    mapping.set_container_port(1 + i);
  }
  add_options(docker);
  add_volumes(container);
  return launch.SerializePartialAsString();
}

double translate(const std::string& frame) {
  const auto begin = Clock::now();
  mesos::containerizer::Launch launch;
  if (!launch.ParsePartialFromString(frame))
    throw std::runtime_error("the frame is not a launch message");
  const auto plan = make_launch_plan(launch, {}, {}, {});
  if (!plan.ok()) throw std::runtime_error(plan.failure().text);
  const auto body = boost::json::serialize(plan.value().create);
  const double time = milliseconds_between(begin, Clock::now());
  if (body.find("1000/tcp") == std::string::npos)
    throw std::runtime_error("the request is incomplete");
  return time;
}

}  // namespace

std::vector<Figure> translation() {
  const auto frame = frame_of_large_launch();
  std::vector<double> times;
  translate(frame);
  for (int i = 0; i < rounds; ++i) times.push_back(translate(frame));
  const auto what =
      formatted("{} options, {} volumes, {} ports made a request", options, volumes, ports);
  return {{what, "ms", median_of(times), {}, {}, 2.0}};
}

}  // namespace containerizer::bench

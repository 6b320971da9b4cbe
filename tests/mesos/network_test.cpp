// Networks, ports and volumes of command tasks.
#include <catch2/catch.hpp>

#include "tests/mesos/stage.h"

using namespace containerizer::real_mesos;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

constexpr unsigned host_port = 31'500, container_port = 80;

void take_port(mesos::TaskInfo& task, unsigned port) {
  auto& resource = *task.add_resources();
  resource.set_name("ports");
  resource.set_type(mesos::Value::RANGES);
  auto& range = *resource.mutable_ranges()->add_range();
  range.set_begin(port);
  range.set_end(port);
}

}  // namespace

TEST_CASE("a task in the host's network reaches the slave") {
  Stage stage;
  // /health of the slave, whose address is that of its HTTP server.
  const auto address = stage.cluster.slave_address();
  CHECK(stage
            .run(stage.cluster.task("task", "wget -q -O - http://" + address +
                                                "/slave\\(1\\)/state.json "
                                                "| grep -q git_sha; ls /sys/class/net"))
            .state == "TASK_FINISHED");
  CHECK_THAT(stage.output_of("task"), Contains("docker0\n"));
}

TEST_CASE("a task in a bridge network serves at its mapped port", "[since-0.20]") {
  Stage stage;
  auto task = stage.cluster.task("task",
                                 "mkdir /tmp/www; echo served > /tmp/www/page; "
                                 "exec httpd -f -p 80 -h /tmp/www");
  task.mutable_container()->mutable_docker()->set_network(mesos::ContainerInfo::DockerInfo::BRIDGE);
  auto& mapping = *task.mutable_container()->mutable_docker()->add_port_mappings();
  mapping.set_host_port(host_port);
  mapping.set_container_port(container_port);
  take_port(task, host_port);
  stage.start(task);
  const auto url = "http://127.0.0.1:" + std::to_string(host_port) + "/page";
  eventually("the port replies", [&] { return run({"curl", "-sf", url}).out == "served\n"; });
  stage.framework.kill("task");
  CHECK(stage.framework.end_of("task").state == "TASK_KILLED");
  stage.check_gone("task");
  CHECK(run({"curl", "-sf", url}).status != 0);
}

TEST_CASE("a port that the offer does not contain is refused", "[since-0.20]") {
  Stage stage;
  auto task = stage.cluster.task("task", "true");
  task.mutable_container()->mutable_docker()->set_network(mesos::ContainerInfo::DockerInfo::BRIDGE);
  auto& mapping = *task.mutable_container()->mutable_docker()->add_port_mappings();
  mapping.set_host_port(host_port);
  mapping.set_container_port(container_port);
  const auto end = stage.run(task);
  INFO(end);
  CHECK(end.state == "TASK_FAILED");
  CHECK_THAT(end.message, Contains(std::to_string(host_port)));
}

TEST_CASE("a task without a network has only loopback", "[since-0.21]") {
  Stage stage;
  auto task = stage.cluster.task("task", "ls /sys/class/net");
  task.mutable_container()->mutable_docker()->set_network(mesos::ContainerInfo::DockerInfo::NONE);
  CHECK(stage.run(task).state == "TASK_FINISHED");
  CHECK_THAT(stage.output_of("task"), Contains("lo\n") && !Contains("eth0"));
}

TEST_CASE("a task in a network of the operator has its name there", "[since-1.0]") {
  Stage stage;
  docker({"network", "create", "ours"});
  auto task = stage.cluster.task("task", "hostname; ls /sys/class/net");
  task.mutable_container()->set_hostname("chosen");
  task.mutable_container()->mutable_docker()->set_network(mesos::ContainerInfo::DockerInfo::USER);
  task.mutable_container()->add_network_infos()->set_name("ours");
  const auto end = stage.run(task);
  INFO(end);
  CHECK(end.state == "TASK_FINISHED");
  CHECK_THAT(stage.output_of("task"), Contains("chosen\n") && Contains("eth0"));
  stage.check_gone("task");
  docker({"network", "rm", "ours"});
}

TEST_CASE("a task sees its volumes", "[since-0.20]") {
  Stage stage;
  const auto host = stage.place().scratch() / "volume";
  fs::create_directory(host);
  write_file(host / "given", "from the host\n");
  auto task = stage.cluster.task("task",
                                 "cat /given/given; echo written > /given/written; "
                                 "echo no > /read-only/no || echo read-only");
  for (const auto& [path, mode] :
       {std::pair{"/given", mesos::Volume::RW}, std::pair{"/read-only", mesos::Volume::RO}}) {
    auto& volume = *task.mutable_container()->add_volumes();
    volume.set_host_path(host);
    volume.set_container_path(path);
    volume.set_mode(mode);
  }
  CHECK(stage.run(task).state == "TASK_FINISHED");
  CHECK_THAT(stage.output_of("task"), Contains("from the host\nread-only\n"));
  CHECK(read_file(host / "written") == "written\n");
}

// Limits and usage: what the slave sets and reports, against the kernel.
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/mesos/stage.h"

using namespace containerizer::real_mesos;
using namespace containerizer::integration;

namespace {

constexpr double megabyte = 1024 * 1024;

// The task's entry in /monitor/statistics.json, once there is one.
boost::json::object statistics_of(Stage& stage, const std::string& executor) {
  boost::json::object found;
  eventually("the slave has statistics of " + executor, [&] {
    const auto all = stage.cluster.ask_slave("/monitor/statistics.json");
    for (const auto& one : all.as_array()) {
      const auto* statistics = one.as_object().if_contains("statistics");
      if (one.at("executor_id").as_string() != executor || statistics == nullptr) continue;
      found = statistics->as_object();
      // A slave up to 0.22 polls, so the first sample can be older than the task.
      if (found.contains("mem_rss_bytes")) return true;
    }
    return false;
  });
  return found;
}

double number(const boost::json::object& object, const char* name) {
  return object.at(name).to_number<double>();
}

std::string inspect(const std::string& docker_id, const std::string& field) {
  return docker({"inspect", "-f", "{{." + field + "}}", docker_id});
}

// A file of the container's cgroup: in the hierarchy of a controller in version 1, or else that of
// version 2.
std::string kernel_file(const std::string& docker_id, const std::string& controller,
                        const std::string& file_1, const std::string& file_2) {
  const auto pid = inspect(docker_id, "State.Pid");
  for (const auto& line : lines_of(read_file("/proc/" + pid + "/cgroup"))) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    const auto names = "," + line.substr(first + 1, second - first - 1) + ",";
    const auto path = line.substr(second + 1);
    if (names.find("," + controller + ",") != std::string::npos) {
      return read_file("/sys/fs/cgroup/" + controller + path + "/" + file_1);
    }
    if (line.starts_with("0::") && fs::exists("/sys/fs/cgroup" + path + "/" + file_2)) {
      return read_file("/sys/fs/cgroup" + path + "/" + file_2);
    }
  }
  FAIL("no cgroup of " << controller);
  return "";
}

double memory_limit(const std::string& docker_id) {
  return std::stod(kernel_file(docker_id, "memory", "memory.limit_in_bytes", "memory.max"));
}

double cpu_seconds(const std::string& docker_id) {
  static const std::string label = "usage_usec ";
  const auto text = kernel_file(docker_id, "cpuacct", "cpuacct.usage", "cpu.stat");
  return text.starts_with(label) ? std::stod(text.substr(label.size())) / 1e6
                                 : std::stod(text) / 1e9;
}

}  // namespace

TEST_CASE("a command task has the limits of its resources and its executor") {
  Stage stage;
  auto task = stage.cluster.task("task", until_go);
  const auto id = stage.cluster.docker_id(stage.start(task));
  // The slave adds what it gives mesos-executor since 0.20: 32 MB and 0.1 CPUs.
  const double overhead = stage.cluster.mesos().since(0, 20) ? 32 : 0;
  CHECK(memory_limit(id) >= 64 * megabyte);
  CHECK(memory_limit(id) <= (64 + overhead) * megabyte);
  CHECK(std::stod(inspect(id, "HostConfig.CpuShares")) >= std::floor(0.1 * 1024));
}

TEST_CASE("the slave's statistics are those of the kernel") {
  Stage stage;
  // Holds 20 MB, and uses the processor for as long as it runs.
  auto task = stage.cluster.task(
      "task",
      "trap exit TERM; dd if=/dev/zero of=/dev/shm/held bs=1M count=20 2> /dev/null; "
      "echo ready; while :; do :; done");
  const auto container = stage.start(task);
  const auto id = stage.cluster.docker_id(container);
  stage.await_output("task", "ready");
  eventually("half a second of the processor is used", [&] { return cpu_seconds(id) > 0.5; });
  const auto before = cpu_seconds(id);
  const auto seen = [&] {
    const auto statistics = statistics_of(stage, "task");
    return number(statistics, "cpus_user_time_secs") + number(statistics, "cpus_system_time_secs");
  };
  // A sample of an older slave can be a second old.
  eventually("the slave has seen that time", [&] { return seen() >= before - 0.05; });
  // Before the kernel's own figure, which grows.
  const auto last_seen = seen();
  CHECK(last_seen <= cpu_seconds(id) + 0.05);
  const auto statistics = statistics_of(stage, "task");
  CHECK(number(statistics, "mem_limit_bytes") == memory_limit(id));
  const auto usage =
      std::stod(kernel_file(id, "memory", "memory.usage_in_bytes", "memory.current"));
  CHECK(number(statistics, "mem_rss_bytes") <= usage + megabyte);
  CHECK(number(statistics, "cpus_limit") >= 0.1);
}

TEST_CASE("the limits of an executor follow its tasks") {
  Stage stage;
  const auto id = stage.cluster.docker_id(
      stage.start(stage.cluster.custom_task("first", "executor", "sleep 3600")));
  const auto with_one = memory_limit(id);
  stage.start(stage.cluster.custom_task("second", "executor", "sleep 3600"));
  eventually("the second task's memory is added",
             [&] { return memory_limit(id) == with_one + 64 * megabyte; });
  stage.framework.kill("second");
  CHECK(stage.framework.end_of("second").state == "TASK_KILLED");
  // The limit that the slave wants falls; the kernel's stays, as that of Mesos does.
  const auto container = stage.cluster.container_of("executor");
  eventually("the slave wants the lower limit", [&] {
    return number(stage.place().show(container).at("limits").as_object(), "memory") == with_one;
  });
}

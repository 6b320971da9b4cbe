// Usage and limits of containers.
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "containerizer.pb.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/slave.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

constexpr long mib = 1L << 20;

long limit_of(const WorkDirectory& place, const std::string& field) {
  return std::stol(
      docker({"inspect", "-f", "{{.HostConfig." + field + "}}", place.docker_containers().at(0)}));
}

Task start(Slave& slave, const WorkDirectory& place, const std::string& words) {
  const auto task = slave.launch("task", "image=busybox:test " + words, "launch-custom");
  slave.expect("launched task .*");
  place.await_state(task.id, "Running");
  return task;
}

// The numbers in the kernel's files of the container's cgroup (v1 or v2).
class KernelCounts {
 public:
  explicit KernelCounts(const WorkDirectory& place)
      : pid_(docker({"inspect", "-f", "{{.State.Pid}}", place.docker_containers().at(0)})) {
    if (const auto unified = directory_of(""); fs::exists(unified / "memory.max")) {
      memory_limit = number_in(unified / "memory.max");
      soft_limit = number_in(unified / "memory.low");
      memory = number_in(unified / "memory.current");
      anonymous = number_in(unified / "memory.stat", "anon");
      user_seconds = number_in(unified / "cpu.stat", "user_usec") / 1e6;
      system_seconds = number_in(unified / "cpu.stat", "system_usec") / 1e6;
      processes = lines_in(unified / "cgroup.procs");
      return;
    }
    const auto of_memory = directory_of("memory");
    const auto of_cpu = directory_of("cpuacct");
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    memory_limit = number_in(of_memory / "memory.limit_in_bytes");
    soft_limit = number_in(of_memory / "memory.soft_limit_in_bytes");
    memory = number_in(of_memory / "memory.usage_in_bytes");
    anonymous = number_in(of_memory / "memory.stat", "total_rss");
    user_seconds = number_in(of_cpu / "cpuacct.stat", "user") / ticks;
    system_seconds = number_in(of_cpu / "cpuacct.stat", "system") / ticks;
    processes = lines_in(of_memory / "cgroup.procs");
  }

  double memory_limit, soft_limit, memory, anonymous, user_seconds, system_seconds;
  long processes;

 private:
  // Lines of /proc/PID/cgroup are NUMBER:CONTROLLERS:PATH, with no controllers for v2.
  fs::path directory_of(const std::string& controller) const {
    std::istringstream lines(read_file("/proc/" + pid_ + "/cgroup"));
    for (std::string line; std::getline(lines, line);) {
      const auto first = line.find(':');
      const auto second = line.find(':', first + 1);
      const auto controllers = "," + line.substr(first + 1, second - first - 1) + ",";
      if (controllers.find("," + controller + ",") == std::string::npos) continue;
      return "/sys/fs/cgroup/" + controller + line.substr(second + 1);
    }
    return {};
  }

  static double number_in(const fs::path& file, const std::string& key = "") {
    std::istringstream words(read_file(file));
    for (std::string word; !key.empty() && word != key && words;) words >> word;
    double number = -1;
    words >> number;
    return number;
  }

  static long lines_in(const fs::path& file) {
    const auto text = read_file(file);
    return std::count(text.begin(), text.end(), '\n');
  }

  std::string pid_;
};

}  // namespace

TEST_CASE("usage of a container that works") {
  const auto release = GENERATE(as<std::string>(), "0.19.1", "1.0.4");
  const WorkDirectory place;
  Slave slave(place, release);
  const auto task = start(slave, place,
                          "cpus=0.5 mem=64 executor_cpus=0.1 executor_mem=32 "
                          "command='i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; touch "
                          "$MESOS_SANDBOX/worked; sleep 1000'");
  eventually("the work is done", [&] { return fs::exists(task.sandbox / "worked"); });
  slave.say("usage task");
  const auto usage = slave.expect("usage task \\{(.*)\\}")[0];
  for (const char* field : {"timestamp: ", "cpus_user_time_secs: ", "cpus_system_time_secs: ",
                            "mem_rss_bytes: ", "cpus_limit: 0.6", "mem_limit_bytes: 100663296"}) {
    CHECK_THAT(usage, Contains(field));
  }
  CHECK_THAT(usage, !Contains("cpus_user_time_secs: 0 "));
}

TEST_CASE("usage agrees with the kernel's counters") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = start(slave, place,
                          "cpus=0.5 mem=64 executor_cpus=0.1 executor_mem=32 "
                          "command='i=0; while :; do i=$((i+1)); [ $i != 50000 ] || touch "
                          "$MESOS_SANDBOX/works; done'");
  eventually("the task works", [&] { return fs::exists(task.sandbox / "works"); });
  const KernelCounts before(place);
  const auto ran = place.call_for("usage", task.id);
  const KernelCounts after(place);
  REQUIRE(ran.status == 0);
  const auto usage = message_in<mesos::ResourceStatistics>(ran.out);
  CHECK(usage.cpus_limit() == Approx(0.6));
  CHECK(usage.mem_limit_bytes() == 96 * mib);
  CHECK(static_cast<double>(usage.mem_limit_bytes()) == before.memory_limit);
  CHECK(static_cast<double>(usage.mem_soft_limit_bytes()) == before.soft_limit);
  CHECK(long{usage.processes()} == before.processes);
  CHECK(before.user_seconds > 0);
  CHECK(usage.cpus_user_time_secs() >= before.user_seconds);
  CHECK(usage.cpus_user_time_secs() <= after.user_seconds);
  CHECK(usage.cpus_system_time_secs() >= before.system_seconds);
  CHECK(usage.cpus_system_time_secs() <= after.system_seconds);
  // The task allocates no more memory, but the kernel updates its counters late.
  const auto slack = 1.0 * mib;
  CHECK(static_cast<double>(usage.mem_rss_bytes()) == Approx(before.anonymous).margin(slack));
  CHECK(static_cast<double>(usage.mem_total_bytes()) == Approx(before.memory).margin(slack));
  CHECK(usage.mem_rss_bytes() > 0);
}

TEST_CASE("usage of a container that does not run") {
  const WorkDirectory place;
  Slave slave(place);
  const auto broken = slave.launch("broken", "image=busybox:test shell=false command=/no/such");
  slave.expect_termination(broken);
  const auto ran = place.call_for("usage", broken.id);
  REQUIRE(ran.status == 0);
  const auto usage = message_in<mesos::ResourceStatistics>(ran.out);
  CHECK(usage.has_timestamp());
  CHECK_FALSE((usage.has_cpus_user_time_secs() || usage.has_cpus_system_time_secs()));
  CHECK_FALSE((usage.has_mem_rss_bytes() || usage.has_mem_total_bytes()));
  CHECK(place.call_for("usage", "never-launched").status == 1);
}

TEST_CASE("usage is not that of another process with the recorded pid") {
  const WorkDirectory place;
  for (const char* id : {"c1", "c2"}) start_directly(place, id, "sleep 1000");
  const auto facts = place.state() / "run" / "c1.facts";
  const auto used = [&] {
    return message_in<mesos::ResourceStatistics>(place.call_for("usage", "c1").out);
  };
  REQUIRE(used().has_mem_rss_bytes());
  // The process has the PID of another container's first process, and an earlier start.
  const auto other = place.show("c2").at("pid").as_int64();
  write_file(facts, std::to_string(other) + " 1 1 67108864\n");
  CHECK_FALSE(used().has_mem_rss_bytes());
  CHECK_FALSE(used().has_cpus_user_time_secs());
  CHECK(used().mem_limit_bytes() == 67108864);
}

TEST_CASE("updates that raise and lower limits", "[dockerd]") {
  const WorkDirectory place;
  Slave slave(place);
  start(slave, place, "cpus=0.5 mem=32 executor_cpus=0.1 executor_mem=32 command='sleep 1000'");
  CHECK(limit_of(place, "Memory") == 64 * mib);
  slave.say("update task cpus=2 mem=128");
  slave.expect("update task exit=0 cause=command");
  CHECK(limit_of(place, "Memory") == 128 * mib);
  CHECK(limit_of(place, "MemoryReservation") == 128 * mib);
  CHECK(limit_of(place, "CpuShares") == 2048);
  slave.say("update task cpus=0.1 mem=32");
  slave.expect("update task exit=0 cause=command");
  // The hard limit is not lowered: the kernel would kill a task that already uses more.
  CHECK(limit_of(place, "Memory") == 128 * mib);
  CHECK(limit_of(place, "MemoryReservation") == 32 * mib);
  CHECK(limit_of(place, "CpuShares") == 102);
}

TEST_CASE("updates do not change limits that flags have set") {
  const auto whose = GENERATE(as<std::string>(), "the task's", "the operator's");
  CAPTURE(whose);
  WorkDirectory place;
  std::string words =
      "cpus=0.5 mem=96 executor_cpus=0.1 executor_mem=32 dialect=command command='sleep 1000' ";
  if (whose == "the task's") {
    words += "option=--memory=64m option=--cpu-shares=100 option=--memory-swap=96m";
  } else {
    place.set("CONTAINERIZER_APPEND_OPTIONS", "--memory=64m --cpu-shares=100 --memory-swap=96m");
  }
  Slave slave(place);
  start(slave, place, words);
  // A slave sends the first one when an executor registers: the resources of the launch.
  for (const auto* wanted : {"cpus=0.6 mem=128", "cpus=2 mem=256"}) {
    slave.say("update task " + std::string(wanted));
    slave.expect("update task exit=0 cause=command");
    CHECK(limit_of(place, "Memory") == 64 * mib);
    CHECK(limit_of(place, "MemoryReservation") == 64 * mib);
    CHECK(limit_of(place, "MemorySwap") == 96 * mib);
    CHECK(limit_of(place, "CpuShares") == 100);
  }
}

TEST_CASE("an update raises the other limits as far as the flags permit", "[dockerd]") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = start(
      slave, place,
      "cpus=0.5 mem=96 executor_cpus=0.1 executor_mem=32 dialect=command command='sleep 1000' "
      "option=--memory-swap=200m option=--memory-reservation=48m");
  REQUIRE(limit_of(place, "Memory") == 128 * mib);
  slave.say("update task cpus=2 mem=256");
  slave.expect("update task exit=0 cause=command");
  CHECK(limit_of(place, "Memory") == 200 * mib);
  CHECK_THAT(read_file(task.sandbox / "stderr"), Contains("--memory-swap of the launch limits it"));
  CHECK(limit_of(place, "MemorySwap") == 200 * mib);
  CHECK(limit_of(place, "MemoryReservation") == 48 * mib);
  CHECK(limit_of(place, "CpuShares") == 2048);
}

TEST_CASE("a CPU quota applies from the launch on, and follows the cpus", "[dockerd]") {
  WorkDirectory place;
  place.set("CONTAINERIZER_CPU_QUOTA", "on");
  Slave slave(place);
  start(slave, place, "cpus=0.5 mem=32 executor_cpus=0.1 executor_mem=32 command='sleep 1000'");
  CHECK(limit_of(place, "CpuPeriod") == 100'000);
  CHECK(limit_of(place, "CpuQuota") == 60'000);
  slave.say("update task cpus=2 mem=64");
  slave.expect("update task exit=0 cause=command");
  CHECK(limit_of(place, "CpuPeriod") == 100'000);
  CHECK(limit_of(place, "CpuQuota") == 200'000);
}

TEST_CASE("swap is limited as the operator wants it, also when memory is raised", "[dockerd]") {
  struct Case {
    std::string setting;
    long at_launch, after;  // memory and swap together
  };
  const auto example = GENERATE(values<Case>(
      {{"docker", 128 * mib, 192 * mib}, {"none", 64 * mib, 128 * mib}, {"unlimited", -1, -1}}));
  CAPTURE(example.setting);
  WorkDirectory place;
  place.set("CONTAINERIZER_SWAP", example.setting);
  Slave slave(place);
  start(slave, place, "mem=32 executor_mem=32 command='sleep 1000'");
  CHECK(limit_of(place, "Memory") == 64 * mib);
  CHECK(limit_of(place, "MemorySwap") == example.at_launch);
  slave.say("update task mem=128");
  slave.expect("update task exit=0 cause=command");
  CHECK(limit_of(place, "Memory") == 128 * mib);
  CHECK(limit_of(place, "MemorySwap") == example.after);
}

TEST_CASE("an update that cannot take its lock is recorded, and ends no container", "[dockerd]") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = start(slave, place, "mem=32 executor_mem=32 command='sleep 1000'");
  const auto lock = place.state() / "run" / (task.id + ".lock");
  fs::permissions(lock, fs::perms(0666));
  slave.say("update task mem=128");
  slave.expect("update task exit=0 cause=command");
  fs::permissions(lock, fs::perms(0600));
  CHECK(limit_of(place, "Memory") == 64 * mib);
  slave.say("update task mem=128");
  slave.expect("update task exit=0 cause=command");
  CHECK(limit_of(place, "Memory") == 128 * mib);
}

TEST_CASE("update without resources") {
  const WorkDirectory place;
  Slave slave(place);
  start(slave, place, "mem=32 executor_mem=32 command='sleep 1000'");
  slave.say("update task");
  slave.expect("update task exit=0 cause=command");
  CHECK(limit_of(place, "Memory") == 64 * mib);
}

TEST_CASE("update before the container exists", "[dockerd]") {
  const WorkDirectory place;
  const auto fetcher = place.launcher("1.0.4") / "mesos-fetcher";
  const auto sign = place.scratch() / "go";
  write_file(fetcher, "#!/bin/sh\nuntil [ -e " + sign.string() + " ]; do sleep 0.05; done\n");
  Slave slave(place);
  const auto task = slave.launch(
      "task", "image=busybox:test mem=32 executor_mem=32 uri=/etc/hostname command='sleep 1000'",
      "launch-custom");
  slave.expect("launched task .*");
  place.await_state(task.id, "Fetching");
  slave.say("update task mem=256");
  slave.expect("update task exit=0 cause=command");
  write_file(sign, "");
  place.await_state(task.id, "Running");
  CHECK(limit_of(place, "Memory") == 256 * mib);
}

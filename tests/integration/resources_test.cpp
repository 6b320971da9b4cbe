// What a container uses, and what it may use.
#include <catch2/catch.hpp>

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

TEST_CASE("usage of a container that does not run") {
  const WorkDirectory place;
  Slave slave(place);
  const auto broken = slave.launch("broken", "image=busybox:test shell=false command=/no/such");
  slave.expect_termination(broken);
  const auto ran = place.call_for("usage", broken.id);
  CHECK(ran.status == 0);
  CHECK(ran.out.size() > 4);
  CHECK(place.call_for("usage", "never-launched").status == 1);
}

TEST_CASE("updates that raise and lower limits") {
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
  // The hard limit stays: the kernel would kill what has grown in good faith.
  CHECK(limit_of(place, "Memory") == 128 * mib);
  CHECK(limit_of(place, "MemoryReservation") == 32 * mib);
  CHECK(limit_of(place, "CpuShares") == 102);
}

TEST_CASE("updates leave alone what flags have set") {
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
  // The first is what a slave sends when an executor registers: the resources of the launch.
  for (const auto* wanted : {"cpus=0.6 mem=128", "cpus=2 mem=256"}) {
    slave.say("update task " + std::string(wanted));
    slave.expect("update task exit=0 cause=command");
    CHECK(limit_of(place, "Memory") == 64 * mib);
    CHECK(limit_of(place, "MemoryReservation") == 64 * mib);
    CHECK(limit_of(place, "MemorySwap") == 96 * mib);
    CHECK(limit_of(place, "CpuShares") == 100);
  }
}

TEST_CASE("an update raises what no flag has set as far as the flags permit") {
  const WorkDirectory place;
  Slave slave(place);
  start(slave, place,
        "cpus=0.5 mem=96 executor_cpus=0.1 executor_mem=32 dialect=command command='sleep 1000' "
        "option=--memory-swap=200m option=--memory-reservation=48m");
  REQUIRE(limit_of(place, "Memory") == 128 * mib);
  slave.say("update task cpus=2 mem=256");
  slave.expect("update task exit=0 cause=command");
  CHECK(limit_of(place, "Memory") == 200 * mib);
  CHECK(limit_of(place, "MemorySwap") == 200 * mib);
  CHECK(limit_of(place, "MemoryReservation") == 48 * mib);
  CHECK(limit_of(place, "CpuShares") == 2048);
}

TEST_CASE("update without resources") {
  const WorkDirectory place;
  Slave slave(place);
  start(slave, place, "mem=32 executor_mem=32 command='sleep 1000'");
  slave.say("update task");
  slave.expect("update task exit=0 cause=command");
  CHECK(limit_of(place, "Memory") == 64 * mib);
}

TEST_CASE("update before the container exists") {
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

// Limits and updates, and usage: both against the kernel's own files.
#include <algorithm>
#include <cmath>
#include <thread>

#include "tests/judge/plays.h"

namespace containerizer::judge {

namespace {

const std::string limits = "limits and updates";
const std::string statistics = "usage";
constexpr double mib = 1024.0 * 1024.0;

Words resources(const std::string& cpus, const std::string& mem) {
  return {{"cpus", cpus}, {"mem", mem}, {"executor_cpus", "0.1"}, {"executor_mem", "32"}};
}

std::string memory_text(const Cgroup& cgroup) {
  constexpr double no_limit = 1e15;
  const auto limit = cgroup.memory_limit();
  if (!limit) return "an unreadable memory limit";
  if (*limit > no_limit) return "no memory limit";
  return "a memory limit of " + std::to_string(std::lround(*limit / mib)) + " MB";
}

void expect_memory(Stage& stage, const Cgroup& cgroup, double megabytes) {
  const auto limit = cgroup.memory_limit();
  stage.expect(limit && *limit == megabytes * mib,
               "the kernel's memory limit is " + std::to_string(std::lround(megabytes)) + " MB",
               memory_text(cgroup));
}

void expect_cpus(Stage& stage, const Cgroup& cgroup, double cpus) {
  stage.expect(cgroup.has_cpus(cpus),
               "the kernel's share is that of " + std::to_string(cpus) + " processors",
               cgroup.cpu_share());
}

Case has_limits(const std::string& name, const std::string& release, const std::string& rule,
                const Words& words, double cpus, double megabytes) {
  return {name, limits, rule, "5.3", [=](Stage& stage) {
            auto& slave = stage.new_slave(release);
            auto& task = slave.start(until_go, words);
            const Cgroup cgroup(slave.process_of(task));
            expect_memory(stage, cgroup, megabytes);
            expect_cpus(stage, cgroup, cpus);
            let_go(task);
            slave.wait(task);
          }};
}

// Starts a task of 0.6 processors and 96 MB, updates it, and looks at the kernel's files.
Case updates(const std::string& name, const std::string& rule, const std::vector<Words>& all,
             double cpus, double megabytes) {
  return {name, limits, rule, "5.3", [=](Stage& stage) {
            auto& slave = stage.new_slave();
            auto& task = slave.start(until_go, resources("0.5", "64"));
            const Cgroup cgroup(slave.process_of(task));
            for (const auto& update : all) slave.update(task, update);
            stage.eventually(
                "the update reaches the kernel",
                [&] { return cgroup.has_cpus(cpus) && cgroup.memory_limit() == megabytes * mib; },
                [&] { return cgroup.cpu_share() + " and " + memory_text(cgroup); });
            let_go(task);
            slave.wait(task);
          }};
}

void command_task_limits(Stage& stage) {
  auto& slave = stage.new_slave();
  Player player(slave);
  const auto task = player.launch(
      "task", "image=" + plain_image + " cpus=0.5 mem=64 command=" + shell_quoted(forever));
  player.expect("status task TASK_RUNNING .*");
  const Cgroup cgroup(slave.process_of(task));
  stage.eventually(
      "the limits are those of executor_info.resources, which has the task's already",
      [&] { return cgroup.has_cpus(0.6) && cgroup.memory_limit() == 96 * mib; },
      [&] { return cgroup.cpu_share() + " and " + memory_text(cgroup); });
  player.say("destroy task");
  player.expect("destroyed task exit=0");
}

void killed_for_memory(Stage& stage, const std::string& release) {
  auto& slave = stage.new_slave(release);
  auto& task = slave.run("tail /dev/zero", resources("0.1", "32"));
  const auto termination = slave.wait(task);
  stage.expect(termination.killed(), "killed is true: the memory limit was enforced",
               text_of(termination));
  const bool says = std::count(termination.reasons().begin(), termination.reasons().end(),
                               mesos::REASON_CONTAINER_LIMITATION_MEMORY) > 0;
  stage.expect(says, "reasons contains 8, the reason for memory", termination.ShortDebugString());
}

void update_of_ended(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("exit 0");
  slave.wait(task);
  slave.update(task, resources("1", "64"));
  slave.demand("update", update_frame("never-launched", {{"cpus", "1"}}));
}

void many_updates(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go, resources("0.5", "64"));
  const Cgroup cgroup(slave.process_of(task));
  std::vector<std::unique_ptr<Process>> all(4);
  for (auto& one : all) {
    one = slave.begin("update", update_frame(task.id, {{"cpus", "2"}, {"mem", "128"}}), &task);
  }
  for (const auto& one : all) {
    const auto ended = slave.end(*one, "update");
    stage.expect(ended.status == 0, "update exits with 0", ended.text());
  }
  expect_memory(stage, cgroup, 128);
  expect_cpus(stage, cgroup, 2);
}

// A task that computes, and sleeps once its sandbox contains a file `rest`.
const std::string computes = "until [ -e rest ]; do i=$((i+1)); done; echo > resting; " + until_go;

void against_kernel(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(computes, resources("0.5", "64"));
  const Cgroup cgroup(slave.process_of(task));
  stage.eventually("the task has used 0.3 s of a processor",
                   [&] { return cgroup.cpu_time().value_or(0) > 0.3; });
  const auto before = cgroup.cpu_time().value_or(0);
  const auto usage = slave.usage(task);
  const auto after = cgroup.cpu_time().value_or(0);
  const auto time = usage.cpus_user_time_secs() + usage.cpus_system_time_secs();
  // User and system time may be kept in ticks of 10 ms, each of the two.
  constexpr double slack = 0.1;
  stage.expect(time >= before - slack && time <= after + slack,
               "the processor time is between " + std::to_string(before) + " and " +
                   std::to_string(after) + " s, as in the kernel's files",
               std::to_string(time) + " s");
  write_file(task.sandbox / "rest", "");
  let_go(task);
  slave.wait(task);
}

void memory_against_kernel(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task =
      slave.start("a=$(head -c 8000000 /dev/zero | tr '\\0' x); echo > filled; " + until_go,
                  resources("0.5", "64"));
  stage.eventually("the task has its memory", [&] { return fs::exists(task.sandbox / "filled"); });
  const Cgroup cgroup(slave.process_of(task));
  const auto resident = cgroup.memory_resident().value_or(-1);
  const auto rss = static_cast<double>(slave.usage(task).mem_rss_bytes());
  stage.expect(std::abs(rss - resident) <= 2 * mib,
               "mem_rss_bytes is about " + std::to_string(resident) + ", as in the kernel's files",
               std::to_string(rss));
  stage.expect(rss > 7 * mib, "the 8 MB of the task are in it", std::to_string(rss));
  let_go(task);
  slave.wait(task);
}

void limits_in_usage(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go, resources("0.5", "64"));
  const auto check = [&](double cpus, double megabytes) {
    const auto usage = slave.usage(task);
    stage.expect(std::abs(usage.cpus_limit() - cpus) < 0.01,
                 "cpus_limit is " + std::to_string(cpus), std::to_string(usage.cpus_limit()));
    stage.expect(static_cast<double>(usage.mem_limit_bytes()) == megabytes * mib,
                 "mem_limit_bytes is " + std::to_string(std::lround(megabytes * mib)),
                 std::to_string(usage.mem_limit_bytes()));
  };
  check(0.6, 96);
  slave.update(task, {{"cpus", "2"}, {"mem", "128"}});
  check(2, 128);
  let_go(task);
  slave.wait(task);
}

void usage_grows(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(computes);
  const auto time = [&] {
    const auto usage = slave.usage(task);
    return usage.cpus_user_time_secs() + usage.cpus_system_time_secs();
  };
  const auto first = time();
  stage.eventually("the processor time of usage grows while the task computes",
                   [&] { return time() > first; });
  write_file(task.sandbox / "rest", "");
  let_go(task);
  slave.wait(task);
}

void concurrent_usage(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  std::vector<std::unique_ptr<Process>> all(4);
  for (auto& one : all) one = slave.begin("usage", frame_for(task.id), &task);
  for (const auto& one : all) {
    const auto ended = slave.end(*one, "usage");
    stage.expect(ended.status == 0, "usage exits with 0", ended.text());
  }
  let_go(task);
  slave.wait(task);
}

void usage_of_ended(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("exit 0");
  slave.wait(task);
  slave.call("usage", frame_for(task.id), &task);
  slave.call("usage", frame_for("never-launched"));
}

}  // namespace

Cases limit_cases() {
  const std::string total =
      "The limits are the sums of executor_info.resources, which has the "
      "task's resources already.";
  const std::string whole = "An update carries the new total. The hard memory limit only rises.";
  return {
      has_limits("limits of cpus and mem are set", "1.0.4", total, resources("0.5", "64"), 0.6, 96),
      has_limits("a fraction of a processor is set", "1.0.4", total, resources("0.15", "64"), 0.25,
                 96),
      has_limits("several processors are set", "1.0.4", total, resources("3", "64"), 3.1, 96),
      has_limits("resources that are listed twice are added up", "0.20.1",
                 "Up to 0.20.1 a name may appear several times: sum scalars.",
                 resources("0.5", "64"), 0.6, 96),
      has_limits("limits are set for a launch of 0.19", "0.19.1", total, resources("0.5", "64"),
                 0.6, 96),
      {"resources of a command task are counted once", limits, total, "5.3", command_task_limits},
      updates("update raises the limits", whole, {{{"cpus", "2"}, {"mem", "128"}}}, 2, 128),
      updates("update does not lower the hard memory limit", whole,
              {{{"cpus", "0.2"}, {"mem", "32"}}}, 0.2, 96),
      updates("update sets a fraction of a processor", whole, {{{"cpus", "1.5"}, {"mem", "96"}}},
              1.5, 96),
      updates("the last of several updates applies", whole,
              {{{"cpus", "4"}, {"mem", "100"}}, {{"cpus", "1"}, {"mem", "120"}}}, 1, 120),
      updates("update without cpus and mem changes nothing",
              "Ignore missing cpus and mem: the last update of a task may be empty.",
              {{}, {{"ports", "31000-31001"}}}, 0.6, 96),
      {"updates at the same time succeed", limits, "A failed update destroys the container.", "1.7",
       many_updates},
      {"update of a container that is gone or unknown succeeds", limits,
       "A failed update destroys the container; exit with 0 if it is gone.", "1.7",
       update_of_ended},
      {"a task that exceeds its memory is reported as killed, with the reason", limits,
       "killed means that a limit was enforced; reason 8 is that of memory.", "3.3",
       [](Stage& stage) { killed_for_memory(stage, "1.0.4"); }},
      {"a task of an old slave that exceeds its memory is reported as killed", limits,
       "killed means that a limit was enforced.", "3.3",
       [](Stage& stage) { killed_for_memory(stage, "0.25.1"); }},
  };
}

Cases usage_cases() {
  return {
      {"the processor time of usage is the kernel's", statistics,
       "usage reports what the container has used.", "4.6", against_kernel},
      {"the memory of usage is the kernel's", statistics,
       "usage reports what the container has used.", "4.6", memory_against_kernel},
      {"the limits of usage are those of launch and update", statistics,
       "cpus_limit and mem_limit_bytes are the limits that apply.", "4.6", limits_in_usage},
      {"usage grows while the task computes", statistics,
       "usage reports what the container has used.", "4.6", usage_grows},
      {"several usage calls at the same time succeed", statistics,
       "Any number of usage calls run concurrently.", "1.6", concurrent_usage},
      {"usage of a container that is gone or unknown ends", statistics,
       "A stuck usage stops the slave's statistics. It may fail, but it ends.", "1.6",
       usage_of_ended},
  };
}

}  // namespace containerizer::judge

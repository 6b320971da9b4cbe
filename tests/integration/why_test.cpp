// What `why` says of ends that really happened. One slave runs many tasks, because its start costs
// more than a task.
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <csignal>
#include <set>

#include "tests/integration/daemon.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/slave.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

// Waits until the end is recorded, and checks the cause and a part of the text.
void check_cause(const WorkDirectory& place, const std::string& id, const std::string& cause,
                 const std::string& part) {
  eventually(id + " is recorded", [&] {
    return run({program(), "show", id}, place.variables()).status == 0;
  });
  place.termination_of(id);
  const auto text = place.ask({"why", id});
  INFO(text);
  const auto record = json::parse(place.ask({"why", "--json", id}));
  CHECK(record.at("cause").as_string() == cause);
  CHECK_THAT(text, Contains(part));
}

std::string container_name_of(const Task& task) { return "containerizer-" + task.id; }

pid_t init_of(const WorkDirectory& place, const Task& task) {
  return static_cast<pid_t>(place.show(task.id).at("pid").as_int64());
}

// A process in the task's container that is not its first one gets the signal.
std::string signalled(const std::string& name) { return "sh -c 'kill -" + name + " $$'; exit $?"; }

}  // namespace

TEST_CASE("why a program ended by itself") {
  const WorkDirectory place;
  Slave slave(place);
  const auto fine = slave.run("fine", "true");
  // mesos-executor writes to the same file, with or without the year.
  const auto failed = slave.run("failed",
                                "echo the disk is missing >&2; "
                                "echo 'I1127 19:49:09.742177 48 exec.cpp:413] shutdown' >&2; "
                                "echo 'I20261127 19:49:09.742177 48 exec.cpp:413] shutdown' >&2; "
                                "exit 3");
  const auto missing = slave.run("missing", "no-such-command");
  const auto crashed = slave.run("crashed", signalled("SEGV"));
  // Beside a limit, Podman sets its own ones, which some hosts do not permit.
  const auto too_large = slave.run("large", "dd if=/dev/zero of=/x bs=64k count=9; exit $?",
                                   "parameter=ulimit=fsize=65536 parameter=ulimit=nofile=1024 "
                                   "parameter=ulimit=nproc=1024");
  check_cause(place, fine.id, "success", "exited with 0");
  check_cause(place, failed.id, "exit code", "the disk is missing");
  check_cause(place, missing.id, "exit code", "a command does not exist");
  check_cause(place, crashed.id, "signal of the task", "SIGSEGV");
  check_cause(place, too_large.id, "signal of the kernel", "SIGXFSZ");
  // A person may use the task's name.
  CHECK_THAT(place.ask({"why", "failed"}), Contains("exit code 3"));
}

TEST_CASE("why a running task was killed") {
  const WorkDirectory place;
  Slave slave(place);
  std::vector<Task> tasks;
  for (const char* name : {"framework", "host", "removed", "destroyed"}) {
    tasks.push_back(slave.run(name, "exec sleep 1000"));
  }
  for (const auto& task : tasks) slave.expect_status(task, "TASK_RUNNING");
  slave.say("kill framework");
  ::kill(init_of(place, tasks[1]), SIGKILL);
  docker({"rm", "--force", container_name_of(tasks[2])});
  slave.say("destroy destroyed");
  check_cause(place, tasks[0].id, "killed by the slave", "asked to stop the task");
  check_cause(place, tasks[1].id, "signal of unknown origin", "does not tell who sent it");
  check_cause(place, tasks[2].id, "lost", "docker rm -f");
  check_cause(place, tasks[3].id, "destroyed by the slave", "The slave's log");
  // The launches of one slave run side by side, in any order.
  const auto failed = lines_of(place.ask({"ps", "--failed", "--quiet"}));
  CHECK(std::set<std::string>(failed.begin(), failed.end()) ==
        std::set<std::string>{tasks[1].id, tasks[2].id});
}

TEST_CASE("why a task was killed by a person") {
  const WorkDirectory place;
  Slave slave(place);
  const auto killed = slave.run("killed", "exec sleep 1000");
  const auto stopped = slave.run("stopped", "exec sleep 1000");
  for (const auto& task : {killed, stopped}) slave.expect_status(task, "TASK_RUNNING");
  docker({"kill", container_name_of(killed)});
  docker({"stop", "--time=0", container_name_of(stopped)});
  if (daemon_is_podman()) {
    for (const auto& task : {killed, stopped}) {
      check_cause(place, task.id, "signal of unknown origin", "does not tell who sent it");
    }
    return;
  }
  check_cause(place, killed.id, "killed by an operator", "with signal 9");
  check_cause(place, stopped.id, "killed by an operator", "docker stop");
  CHECK(place.ask({"ps", "--failed", "--quiet"}).empty());
  CHECK(place.sql("SELECT ending FROM ends WHERE task = 'killed'") == "killed");
}

TEST_CASE("why a task ran out of memory") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task =
      slave.launch("greedy", "image=busybox:test mem=8 executor_mem=8 command='tail /dev/zero'",
                   "launch-custom");
  check_cause(place, task.id, "out of memory", "The limit was ");
  CHECK_THAT(place.ask({"why", task.id}), Contains("The most that it used was "));
}

TEST_CASE("why a launch failed") {
  WorkDirectory place;
  place.set("HOME", place.scratch());
  const Registry registry(place);
  const Registry guarded(place, {.is_private = true});
  Slave slave(place);
  const auto launch = [&](const std::string& name, const std::string& words) {
    return slave.launch(name, words + " command=true").id;
  };
  const auto unknown = launch("unknown", "image=" + registry.unknown_image());
  const auto refused = launch("refused", "image=" + guarded.image());
  const auto far = launch("far", "image=registry.invalid/nothing:1");
  const auto absent =
      slave.launch("absent", "image=busybox:test shell=false command=/no/such/program").id;
  const auto fetch = slave.run("fetch", "true", "uri=/no/such/file").id;
  const auto option = launch("option", "image=busybox:test parameter=cap-add=NONSENSE");
  const auto flag = launch("flag", "image=busybox:test dialect=command option=--frobnicate");
  check_cause(place, unknown, "pull refused: no such image", "manifest unknown");
  check_cause(place, refused, "pull refused: credentials", "docker login");
  check_cause(place, far, "registry unreachable", "registry.invalid");
  check_cause(place, absent, "no such program", "/no/such/program");
  check_cause(place, fetch, "fetch failed", "/no/such/file");
  check_cause(place, option, "create failed", "NONSENSE");
  check_cause(place, flag, "launch refused", "--frobnicate");
  CHECK(place.sql("SELECT failures FROM images WHERE image LIKE 'registry.invalid%'") == "1");
}

TEST_CASE("why a container was destroyed before it ran") {
  const WorkDirectory place;
  const Registry registry(place);
  registry.freeze();
  Slave slave(place, "1.0.4", {"--registration_timeout=2"});
  const auto task = slave.launch("slow", "image=" + registry.image() + " command=true");
  check_cause(place, task.id, "registration timeout", "--executor_registration_timeout");
  registry.thaw();
}

TEST_CASE("why a task ended without its executor") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("orphan", "exec sleep 1000");
  slave.expect_status(task, "TASK_RUNNING");
  ::kill(static_cast<pid_t>(place.show(task.id).at("executor_pid").as_int64()), SIGKILL);
  check_cause(place, task.id, "executor exited first", "--recovery_timeout");
}

TEST_CASE("why a task ended with its daemon", "[dockerd]") {
  const NoLiveRestore none;
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task", "exec sleep 1000");
  slave.expect_status(task, "TASK_RUNNING");
  { const DeadDaemon dead(SIGTERM); }
  check_cause(place, task.id, "daemon restarted", "\"live-restore\": true");
  CHECK(place.sql("SELECT ending FROM ends") == "daemon restarted");
}

TEST_CASE("why a container did not survive a reboot") {
  const WorkDirectory place;
  start_directly(place, "c1", "exec sleep 1000");
  CHECK_THAT(place.ask({"why", "c1"}), Contains("The container has not ended"));
  place.kill_supervisor("c1");
  place.sql("UPDATE containers SET boot_id = 'another' WHERE container_id = 'c1'");
  REQUIRE(place.call("recover").status == 0);
  check_cause(place, "c1", "reboot", "The host started at ");
}

// Tasks without an image that run on the host (CONTAINERIZER_IMAGELESS=host). They have the same
// lifecycle as containers.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/integration/direct_launch.h"
#include "tests/integration/slave.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

class HostDirectory : public WorkDirectory {
 public:
  HostDirectory() { set("CONTAINERIZER_IMAGELESS", "host"); }
};

mesos::containerizer::Launch launch_of(const WorkDirectory& place, const std::string& script) {
  auto launch = custom_launch(place, "c1", script);
  launch.mutable_executor_info()->mutable_command()->clear_container();
  launch.clear_user();
  return launch;
}

std::string said(const mesos::containerizer::Launch& launch) {
  return read_file(launch.directory() + "/stdout");
}

// The task's processes, found by an argument that no other process has.
std::vector<pid_t> marked(const WorkDirectory& place) { return place.processes({"987654"}); }

}  // namespace

TEST_CASE("command task without an image runs on the host, reported by mesos-executor") {
  const auto release = GENERATE(as<std::string>(), "0.19.1", "0.28.2", "1.0.4");
  const HostDirectory place;
  Slave slave(place, release);
  const auto task = slave.launch("task", "command='echo here; exit 3' env=COLOUR=red");
  slave.expect_status(task, "TASK_RUNNING");
  CHECK_THAT(slave.expect_status(task, "TASK_FAILED"), Contains("exited with status 3"));
  slave.expect_termination(task);
  CHECK_THAT(read_file(task.sandbox / "stdout"), Contains("here\n"));
  CHECK(place.docker_containers().empty());
  CHECK_THAT(place.events_of(task.id), Contains("Created Started Exited"));
}

TEST_CASE("executor without an image has the sandbox, its variables and the sandbox's owner") {
  const HostDirectory place;
  auto launch = launch_of(place,
                          "pwd; id -u; echo $MESOS_DIRECTORY $MESOS_SANDBOX $COLOUR "
                          "$LIBPROCESS_PORT $MESOS_WORK_DIRECTORY.; exit 5");
  auto& variable = *launch.mutable_executor_info()->mutable_command()->mutable_environment();
  auto& colour = *variable.add_variables();
  colour.set_name("COLOUR");
  colour.set_value("red");
  launch.set_user("nobody");
  constexpr uid_t nobody = 65534;
  REQUIRE(::chown(launch.directory().c_str(), nobody, nobody) == 0);
  fs::permissions(place.scratch(), fs::perms::others_exec, fs::perm_options::add);
  launch_directly(place, launch);
  CHECK(end_of(place, "c1").status() == 5 << 8);
  const auto& sandbox = launch.directory();
  CHECK(said(launch) == sandbox + "\n65534\n" + sandbox + " " + sandbox + " red 0 " +
                            place.path().string() + ".\n");
}

TEST_CASE("host task that cannot be started, or that needs a container") {
  const HostDirectory place;
  auto launch = launch_of(place, "no-such-program");
  std::string expected = "no-such-program";
  SECTION("no such program") {
    launch.mutable_executor_info()->mutable_command()->set_shell(false);
  }
  SECTION("a volume") {
    auto& container = *launch.mutable_executor_info()->mutable_container();
    container.set_type(mesos::ContainerInfo::MESOS);
    container.add_volumes()->set_container_path("/x");
    expected = "volumes, which only a task with an image can have; name an image";
  }
  SECTION("refused by the operator") {
    launch_directly(place, launch_of(place, "true"));
    CHECK(end_of(place, "c1").status() == 0);
    launch.mutable_container_id()->set_value("c2");
    const auto ran =
        place.call("launch", frame_of(launch), {{"CONTAINERIZER_IMAGELESS", "refuse"}});
    REQUIRE(ran.status == 0);
    CHECK_THAT(end_of(place, "c2").message(), Contains("CONTAINERIZER_IMAGELESS=refuse"));
    return;
  }
  launch_directly(place, launch);
  const auto termination = end_of(place, "c1");
  CHECK(termination.status() == 1 << 8);
  CHECK_THAT(termination.message(), Contains(expected));
}

TEST_CASE("destroyed host task leaves none of its processes") {
  const HostDirectory place;
  const auto launch =
      launch_of(place, "trap '' TERM; setsid sleep 987654 & sleep 987654 & echo up; wait");
  launch_directly(place, launch);
  eventually("the task runs", [&] { return marked(place).size() == 3 && !said(launch).empty(); });
  CHECK(place.call_for("destroy", "c1").status == 0);
  CHECK(marked(place).empty());
  CHECK(end_of(place, "c1").status() == SIGKILL);
  CHECK(place.listed().empty());
}

TEST_CASE("host task outlives its supervisor, and is not started twice") {
  const HostDirectory place;
  const auto launch = launch_of(place, std::string("echo ran; ") + until_go);
  launch_directly(place, launch);
  eventually("the task runs",
             [&] { return place.state_of("c1") == "Running" && !said(launch).empty(); });
  place.kill_supervisor("c1");
  SECTION("it ends without a supervisor") {
    write_file(launch.directory() + "/go", "");
    eventually("the task has ended", [&] { return place.processes({"host-task-shim"}).empty(); });
    CHECK(place.call("recover").status == 0);
  }
  SECTION("it keeps running") {
    CHECK(place.call("recover").status == 0);
    CHECK(place.listed() == std::vector<std::string>{"c1"});
    write_file(launch.directory() + "/go", "");
  }
  CHECK(end_of(place, "c1").status() == 7 << 8);
  CHECK(said(launch) == "ran\n");
}

TEST_CASE("host task whose shim is killed ends with it") {
  const HostDirectory place;
  const auto launch = launch_of(place, std::string("echo ran; ") + until_go);
  launch_directly(place, launch);
  eventually("the task runs",
             [&] { return place.state_of("c1") == "Running" && !said(launch).empty(); });
  const auto shims = place.processes({"host-task-shim"});
  REQUIRE(shims.size() == 1);
  ::kill(shims[0], SIGKILL);
  CHECK(end_of(place, "c1").status() == SIGKILL);
  eventually("the task has ended", [&] { return place.processes({"trap exit TERM"}).empty(); });
}

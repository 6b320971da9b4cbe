// What goes on while something is wrong: docs/going-on.md.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

// Starts a container and its `wait`, which blocks.
struct Waiting {
  Waiting(const WorkDirectory& there, const std::string& id) : place(there) {
    sandbox = start_directly(place, id, until_go);
    wait = place.begin("wait", id);
    eventually("wait waits", [&] { return waits_for_lock(wait->pid()); });
  }
  void let_end() const { write_file(sandbox / "go", ""); }
  void check_answer(int status) const {
    REQUIRE(wait->await_end());
    INFO(wait->err());
    CHECK(wait->ended() == exit_ok);
    CHECK(message_in<mesos::containerizer::Termination>(wait->out()).status() == status);
  }

  const WorkDirectory& place;
  fs::path sandbox;
  std::unique_ptr<Child> wait;
};

}  // namespace

TEST_CASE("row that the schema forbids") {
  const WorkDirectory place;
  REQUIRE(place.call("containers").status == exit_ok);
  place.sql(
      "CREATE TRIGGER never BEFORE UPDATE ON containers WHEN NEW.state = 'Running' BEGIN"
      " SELECT RAISE (ABORT, 'nothing may run'); END");
  launch_directly(place, custom_launch(place, "c1", until_go));
  const auto end = end_of(place, "c1");
  CHECK(end.status() == 1 << 8);
  CHECK_THAT(end.message(), Contains("record: ") && Contains("nothing may run"));
  CHECK(place.termination_of("c1").at("kind") == "failed");
  CHECK(place.call_for("destroy", "c1").status == exit_ok);
}

TEST_CASE("backup by hard links") {
  const WorkDirectory place;
  const Waiting one(place, "c1");
  REQUIRE(run({"cp", "-al", place.state(), place.scratch() / "backup"}).status == 0);
  CHECK(place.call_for("usage", "c1").status == exit_ok);
  CHECK(place.call("update", frame_of(update_of("c1", 64))).err.empty());
  CHECK_FALSE(one.wait->ended());
  CHECK(place.call_for("destroy", "c1").status == exit_ok);
  CHECK(one.wait->await_end());
}

TEST_CASE("invalid setting while a container has no supervisor") {
  const WorkDirectory place;
  start_directly(place, "c1", until_go);
  place.kill_supervisor("c1");
  const auto destroyed = place.call_for("destroy", "c1", {{"CONTAINERIZER_WAIT", "sometimes"}});
  INFO(destroyed.err);
  CHECK(destroyed.status == exit_ok);
  CHECK(place.events_of("c1").find("DestroyRequested") != std::string::npos);
}

TEST_CASE("launch that a supervisor resumes with an invalid setting") {
  const WorkDirectory place;
  REQUIRE(place.call("containers").status == exit_ok);
  const auto bad = place.scratch() / "no-docker.sock";
  // Its first supervisor gets no answer from the daemon, and dies.
  const Variables nowhere{{"CONTAINERIZER_DOCKER_ARGS", "-H unix://" + bad.string()}};
  REQUIRE(place.call("launch", frame_of(custom_launch(place, "c1", until_go)), nowhere).status ==
          exit_ok);
  place.await_state("c1", "Pulling");
  place.kill_supervisor("c1");
  const auto waited = place.call_for("wait", "c1", {{"CONTAINERIZER_PRIVILEGED", "perhaps"}});
  INFO(waited.err);
  const auto end = message_in<mesos::containerizer::Termination>(waited.out);
  CHECK_THAT(end.message(), Contains("CONTAINERIZER_PRIVILEGED"));
  CHECK(place.call_for("destroy", "c1").status == exit_ok);
}

TEST_CASE("database of before the launch that is put back") {
  const WorkDirectory place;
  REQUIRE(place.call("containers").status == exit_ok);
  const auto backup = place.scratch() / "backup.db";
  place.sql(".backup " + backup.string());
  const Waiting one(place, "c1");
  for (const char* file : {"state.db-wal", "state.db-shm"}) fs::remove(place.state() / file);
  fs::rename(backup, place.state() / "state.db");
  fs::permissions(place.state() / "state.db", fs::perms(0600));
  one.let_end();
  one.check_answer(7 << 8);
  CHECK(read_file(one.sandbox / "stderr").find("report this bug") == std::string::npos);
  CHECK(place.call_for("destroy", "c1").status == exit_ok);
}

TEST_CASE("destroy after the database was lost under a supervisor") {
  const WorkDirectory place;
  start_directly(place, "c1", until_go);
  for (const char* file : {"state.db", "state.db-wal", "state.db-shm"}) {
    fs::remove(place.state() / file);
  }
  // The new row does not name the supervisor, which would look for a request only after 50 s.
  REQUIRE(place.call("recover").status == exit_ok);
  const auto asleep_until = deadline_in(Duration(30'000));
  CHECK(place.call_for("destroy", "c1").status == exit_ok);
  CHECK(time_left(asleep_until) > Duration::zero());
  CHECK(place.docker_containers().empty());
}

TEST_CASE("work directory that is removed under a supervisor") {
  const WorkDirectory place;
  start_directly(place, "c1", until_go);
  const auto supervisor = place.supervisor("c1");
  fs::remove_all(place.state());
  // Sooner than it would look by itself.
  ::kill(supervisor, SIGUSR1);
  eventually("the supervisor ends", [&] { return place.processes({"supervise"}).empty(); });
  CHECK(place.docker_containers().empty());
}

TEST_CASE("state directory that became accessible to others under a container") {
  const WorkDirectory place;
  const Waiting one(place, "c1");
  fs::permissions(place.state(), fs::perms(0755));
  const auto used = place.call_for("usage", "c1");
  INFO(used.err);
  CHECK(used.status == exit_ok);
  CHECK(place.call("update", frame_of(update_of("c1", 64))).status == exit_ok);
  CHECK(place.call("recover").status == exit_failed);
  auto second = place.begin("wait", "c1");
  eventually("the second wait reports it",
             [&] { return second->pump(deadline_in(Duration(20))), !second->err().empty(); });
  CHECK_THAT(second->err(), Contains("chmod 700"));
  CHECK_FALSE(second->ended());
  fs::permissions(place.state(), fs::perms(0700));
  one.let_end();
  one.check_answer(7 << 8);
  CHECK(second->await_end());
  CHECK(place.call_for("destroy", "c1").status == exit_ok);
}

TEST_CASE("kernel without pidfds and close_range") {
  WorkDirectory place;
  // A sanitizer cannot look for leaks under a tracer.
  place.set("ASAN_OPTIONS", "detect_leaks=0");
  auto launch = custom_launch(place, "c1", until_go);
  Child traced({"strace", "-f", "-qq", "-o", "/dev/null", "-e",
                "inject=pidfd_open,close_range,openat2:error=ENOSYS", program(), "launch"},
               place.variables());
  traced.send(frame_of(launch));
  eventually("the launch is recorded", [&] {
    return run({program(), "show", "c1"}, place.variables()).status == exit_ok;
  });
  place.await_state("c1", "Running");
  // The supervisor cannot watch the container's process, which lives nevertheless.
  auto wait = place.begin("wait", "c1");
  write_file(place.path() / "sandbox/go", "");
  REQUIRE(wait->await_end());
  CHECK(message_in<mesos::containerizer::Termination>(wait->out()).status() == 7 << 8);
  CHECK(place.call_for("destroy", "c1").status == exit_ok);
  CHECK(traced.await_end());
}

TEST_CASE("boot ID that cannot be read is not another boot") {
  WorkDirectory place;
  place.set("ASAN_OPTIONS", "detect_leaks=0");
  const auto without_boot_id = [&](const std::string& verb, const std::string& injection) {
    return std::vector<std::string>{"strace",
                                    "-f",
                                    "-qq",
                                    "-o",
                                    "/dev/null",
                                    "-P",
                                    "/proc/sys/kernel/random/boot_id",
                                    "-e",
                                    "inject=openat:error=EMFILE" + injection,
                                    program(),
                                    verb};
  };
  SECTION("at the first try") {
    Child traced(without_boot_id("launch", ":when=1"), place.variables());
    traced.send(frame_of(custom_launch(place, "c1", "exit 7")));
    eventually("the launch is recorded", [&] {
      return run({program(), "show", "c1"}, place.variables()).status == exit_ok;
    });
    CHECK(end_of(place, "c1").status() == 7 << 8);
    CHECK(place.call_for("destroy", "c1").status == exit_ok);
    CHECK(traced.await_end());
  }
  SECTION("at all") {
    const auto ran = run(without_boot_id("launch", ""), place.variables(),
                         frame_of(custom_launch(place, "c1", "exit 7")));
    CHECK(ran.status == exit_failed);
    CHECK_THAT(ran.err, Contains("cannot read /proc/sys/kernel/random/boot_id: "));
    CHECK(place.listed().empty());
  }
  SECTION("while a container runs") {
    start_directly(place, "c1", until_go);
    place.await_state("c1", "Running");
    const auto call = [&](const std::string& verb, const std::string& frame) {
      const auto ran = run(without_boot_id(verb, ""), place.variables(), frame);
      INFO(verb << ": " << ran.err);
      CHECK(ran.status == exit_ok);
    };
    call("update", frame_of(update_of("c1", 64)));
    call("usage", frame_for("c1"));
    call("recover", "");
    CHECK(place.state_of("c1") == "Running");
    call("destroy", frame_for("c1"));
    CHECK(place.docker_containers().empty());
  }
}

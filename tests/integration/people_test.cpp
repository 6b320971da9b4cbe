// The commands with which people watch containers: events, logs, top, doctor, and what all of them
// do on terminals, full disks and closed pipes.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <csignal>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/slave.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

// What a command prints on a terminal whose size stty sets.
std::string on_terminal(const std::string& size, const std::string& command, Variables variables) {
  variables["TERM"] = "xterm";
  return run({"script", "--quiet", "--return", "--command",
              "stty " + size + "; " + program() + " " + command, "/dev/null"},
             variables)
      .out;
}

}  // namespace

TEST_CASE("events that another program resumes by their sequence") {
  const WorkDirectory place;
  start_directly(place, "c1", "exit 3");
  place.await_state("c1", "Gone");
  const auto lines = lines_of(place.ask({"events"}));
  REQUIRE(lines.size() > 5);
  std::int64_t before = 0;
  for (const auto& line : lines) {
    const auto event = json::parse(line);
    CHECK(event.at("format").as_int64() == 1);
    CHECK(event.at("sequence").as_int64() > before);
    before = event.at("sequence").as_int64();
  }
  const auto third = json::parse(lines[2]).at("sequence").as_int64();
  const auto rest = lines_of(place.ask({"events", "--after=" + std::to_string(third)}));
  CHECK(rest == std::vector<std::string>(lines.begin() + 3, lines.end()));
  CHECK(place.ask({"events", "--after", std::to_string(before)}).empty());
  CHECK(place.ask({"events", "--since=0s", "c1"}).empty());
  CHECK(lines_of(place.ask({"events", "--since=1h"})) == lines);
  CHECK(place.ask({"events", "--until", "2020-01-01"}).empty());
  for (const auto& wrong : {"--after=x", "--since=tomorrow", "--frobnicate"}) {
    const auto ran = run({program(), "events", wrong}, place.variables());
    CHECK(ran.status != exit_ok);
    CHECK_THAT(ran.err, Contains("events"));
  }
}

TEST_CASE("history and events that are followed show what happens next") {
  const WorkDirectory place;
  const auto sandbox = start_directly(place, "c1", until_go);
  Child history({program(), "history", "--follow", "c1"}, place.variables());
  Child events({program(), "events", "--follow"}, place.variables());
  const auto expect_output = [](Child& child, const std::string& text) {
    eventually(text, [&] {
      child.pump(deadline_in(Duration(100)));
      return child.out().find(text) != std::string::npos;
    });
  };
  expect_output(history, "Started");
  expect_output(events, "Started");
  write_file(sandbox / "go", "");
  expect_output(history, "the container exited with 7");
  expect_output(events, "the container exited with 7");
  place.await_state("c1", "Gone");
  // Both notice that nobody reads any more.
  history.close_output();
  events.close_output();
  CHECK(history.await_end());
  CHECK(events.await_end());
}

TEST_CASE("logs of a task, while it runs and afterwards") {
  const WorkDirectory place;
  const auto sandbox = start_directly(
      place, "c1", std::string("echo first; echo second; echo trouble >&2; ") + until_go);
  eventually("the output has come", [&] {
    return read_file(sandbox / "stdout").find("second") != std::string::npos &&
           read_file(sandbox / "stderr").find("trouble") != std::string::npos;
  });
  CHECK(place.ask({"logs", "c1"}) == "first\nsecond\n");
  CHECK(place.ask({"logs", "-n", "1", "c1"}) == "second\n");
  CHECK(place.ask({"logs", "--tail=9", "c1"}) == "first\nsecond\n");
  CHECK_THAT(place.ask({"logs", "--stderr", "c1"}), Contains("trouble"));
  Child follower({program(), "logs", "-f", "c1"}, place.variables());
  write_file(sandbox / "go", "");
  CHECK(follower.await_end());
  CHECK(follower.out() == "first\nsecond\n");
  CHECK(*follower.ended() == exit_ok);

  // The task may plant anything there. Only regular files are read.
  fs::remove(sandbox / "stdout");
  fs::create_symlink("/etc/passwd", sandbox / "stdout");
  const auto ran = run({program(), "logs", "c1"}, place.variables());
  CHECK(ran.status == exit_failed);
  CHECK(ran.out.empty());
  CHECK_THAT(ran.err, Contains("stdout"));
}

TEST_CASE("top measures what running containers use") {
  const WorkDirectory place;
  start_directly(place, "busy", "while :; do :; done");
  start_directly(place, "idle", "exec sleep 1000");
  const auto measured = json::parse(place.ask({"top", "--once", "--json"}));
  const auto& rows = measured.at("containers").as_array();
  REQUIRE(rows.size() == 2);
  // Sorted by processor time.
  CHECK(rows[0].at("container_id").as_string() == "busy");
  CHECK(rows[0].at("cpu_percent").as_double() > 5);
  CHECK(rows[1].at("cpu_percent").as_double() < rows[0].at("cpu_percent").as_double());
  CHECK(rows[1].at("memory").as_int64() > 0);
  CHECK(rows[1].at("processes").as_int64() == 1);
  const auto text = place.ask({"top", "--once", "--sort=task"});
  CHECK_THAT(text, Contains("CPU %") && Contains("busy") && Contains("idle"));
  Child endless({program(), "top"}, place.variables());
  eventually("two measurements", [&] {
    endless.pump(deadline_in(Duration(100)));
    return endless.out().find("CPU %") != endless.out().rfind("CPU %");
  });
  endless.close_output();
  CHECK(endless.await_end());
}

TEST_CASE("doctor finds nothing wrong, and each thing that is wrong") {
  WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task", "exec sleep 1000");
  slave.expect_status(task, "TASK_RUNNING");
  const auto finding = [&](const std::string& subject, const std::string& health,
                           const Variables& more = {}) {
    auto variables = place.variables();
    for (const auto& [name, value] : more) variables[name] = value;
    const auto ran = run({program(), "doctor", "--json"}, variables);
    std::string all;
    const auto document = json::parse(ran.out);
    for (const auto& one : document.at("findings").as_array()) {
      if (one.at("subject").as_string() != subject.c_str()) continue;
      if (one.at("health").as_string() != health.c_str()) continue;
      all += std::string(one.at("text").as_string()) + "\n";
    }
    CHECK((ran.status == exit_ok) == (ran.out.find("\"error\"") == std::string::npos));
    return all;
  };
  const auto text = place.ask({"doctor"});
  INFO(text);
  CHECK_THAT(text, !Contains("error") && Contains("daemon") && Contains("sound;"));
  CHECK_THAT(finding("live-restore", "ok"), Contains("survive"));
  CHECK_THAT(finding("supervisors", "ok"), Contains("1 supervisors run this program"));

  SECTION("an unknown setting") {
    CHECK_THAT(finding("settings", "error", {{"CONTAINERIZER_PUL", "never"}}),
               Contains("did you mean CONTAINERIZER_PULL?"));
  }
  SECTION("a default image that is not there") {
    CHECK_THAT(
        finding("default image", "warning", {{"CONTAINERIZER_DEFAULT_IMAGE", "nobody/has:this"}}),
        Contains("pull nobody/has:this"));
  }
  SECTION("a daemon that does not respond") {
    CHECK_THAT(
        finding("daemon", "error", {{"CONTAINERIZER_DOCKER_ARGS", "-H unix:///no/such.sock"}}),
        Contains("/no/such.sock"));
  }
  SECTION("a supervisor that died") {
    slave.die();
    for (const auto pid : place.processes({"task-proxy"})) ::kill(pid, SIGSTOP);
    place.kill_all();
    CHECK_THAT(finding("supervisors", "error"), Contains("has no supervisor"));
    for (const auto pid : place.processes({"task-proxy"})) ::kill(pid, SIGCONT);
  }
  SECTION("an unsafe directory") {
    fs::permissions(place.state(), fs::perms(0755));
    CHECK_THAT(finding("state directory", "error"), Contains("chmod 700"));
    fs::permissions(place.state(), fs::perms(0700));
  }
  SECTION("a missing mesos-executor") {
    const auto executor = place.launcher("1.0.4") / "mesos-executor";
    fs::rename(executor, executor.string() + ".away");
    CHECK_THAT(finding("mesos-executor", "error"), Contains("--launcher_dir"));
    fs::rename(executor.string() + ".away", executor);
  }
  SECTION("a copy of an older database") {
    write_file(place.state() / "state.db.v1", "");
    CHECK_THAT(finding("leftovers", "warning"), Contains("state.db.v1"));
    fs::remove(place.state() / "state.db.v1");
  }
}

TEST_CASE("a bundle for a bug report has no secrets") {
  WorkDirectory place;
  place.set("CONTAINERIZER_LOG", place.scratch() / "log");
  place.set("CONTAINERIZER_LOG_LEVEL", "debug");
  place.set("CONTAINERIZER_APPEND_OPTIONS", "-e TOKEN=battery-staple");
  Slave slave(place);
  const auto task = slave.run("task", "exit 3", "env=PASSWORD=correct-horse");
  slave.expect_termination(task);
  place.await_state(task.id, "Gone");
  const auto file = place.scratch() / "bundle";
  place.ask({"doctor", "--bundle", file});
  const auto text = read_file(file);
  CHECK_THAT(text, Contains("=== diagnosis") && Contains("=== events") && Contains(task.id) &&
                       Contains("CONTAINERIZER_APPEND_OPTIONS=(not shown)") &&
                       Contains("the container exited with 3") && Contains("\"commit\""));
  CHECK_THAT(text, !Contains("correct-horse") && !Contains("battery-staple"));
  CHECK((fs::status(file).permissions() & fs::perms(077)) == fs::perms::none);
  const auto again = run({program(), "doctor", "--bundle", file}, place.variables());
  CHECK(again.status == exit_failed);
  CHECK_THAT(again.err, Contains(file) && Contains("exists"));
  // A log that is no file is not looked for.
  place.set("CONTAINERIZER_LOG", "journald");
  const auto other = place.scratch() / "other";
  place.ask({"doctor", "--bundle", other});
  CHECK_THAT(read_file(other), Contains("no file is set in CONTAINERIZER_LOG"));
}

TEST_CASE("another user is told to use sudo") {
  const WorkDirectory place;
  REQUIRE(place.call("containers").status == 0);
  // The way to the directory is open for this user, the directory itself is not.
  for (auto part = place.path(); part.string().size() > 5; part = part.parent_path()) {
    fs::permissions(part, fs::perms(0755));
  }
  for (const std::string verb : {"ps", "history"}) {
    const auto ran =
        run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program(), verb},
            place.variables());
    CHECK(ran.status == exit_failed);
    CHECK_THAT(ran.err, Contains("use sudo") && !Contains("chown"));
  }
}

TEST_CASE("names that are ambiguous or unknown are one clear line") {
  const WorkDirectory place;
  start_directly(place, "ab1", "exec sleep 1000");
  start_directly(place, "ab2", "exec sleep 1000");
  for (const std::string command : {"why", "show", "logs", "history", "events"}) {
    const auto ambiguous = run({program(), command, "ab"}, place.variables());
    CHECK(ambiguous.status == exit_failed);
    CHECK(ambiguous.out.empty());
    CHECK_THAT(ambiguous.err, Contains("\"ab\" matches 2 containers: ab1, ab2"));
    const auto unknown = run({program(), command, "x\x1b[2J'; DROP TABLE"}, place.variables());
    CHECK(unknown.status == exit_failed);
    CHECK_THAT(unknown.err, Contains("is unknown") && !Contains("\x1b"));
    CHECK(lines_of(unknown.err).size() == 1);
  }
}

TEST_CASE("output that cannot be written") {
  const WorkDirectory place;
  start_directly(place, "c1", "exit 3");
  place.await_state("c1", "Gone");
  for (const std::string command : {"ps -a", "show c1", "why c1", "history", "events", "logs c1",
                                    "ps -a --json", "doctor", "top --once", "lifecycle"}) {
    CAPTURE(command);
    const auto full = run({"/bin/sh", "-c", "exec " + program() + " " + command + " > /dev/full"},
                          place.variables());
    // The task has written nothing, so there is nothing to fail.
    if (command == "logs c1") continue;
    CHECK(full.status == exit_failed);
    CHECK_THAT(full.err, Contains("cannot write the output: No space left on device"));
    CHECK(std::count(full.err.begin(), full.err.end(), '\n') == 1);
    const auto closed =
        run({"/bin/bash", "-c", program() + " " + command + " | true; exit 0"}, place.variables());
    CHECK(closed.err.empty());
  }
}

TEST_CASE("tables fit a terminal of 20 columns, with colours unless NO_COLOR is set") {
  const WorkDirectory place;
  auto launch = custom_launch(place, "a-rather-long-container-id", "exec sleep 1000");
  launch.mutable_executor_info()->mutable_executor_id()->set_value("an executor with a long name");
  launch_directly(place, launch);
  place.await_state("a-rather-long-container-id", "Running");
  const auto output_of = [&](const std::string& command, const std::string& no_color) {
    auto variables = place.variables();
    variables["NO_COLOR"] = no_color;
    variables["PAGER"] = "cat";
    return on_terminal("cols 20 rows 50", command, variables);
  };
  for (const std::string command : {"ps", "ps -a", "history", "show a-rather", "why a-rather"}) {
    CAPTURE(command);
    const auto text = output_of(command, "1");
    CHECK(text.find('\x1b') == std::string::npos);
    for (const auto& line : lines_of(text)) {
      CAPTURE(line);
      CHECK(line.size() - std::count(line.begin(), line.end(), '\r') <= 20 + 2);  // "…" is 3 bytes
    }
  }
  CHECK_THAT(output_of("ps", ""), Contains("\x1b[32m"));
}

TEST_CASE("text that is longer than the terminal goes through the operator's pager") {
  const WorkDirectory place;
  start_directly(place, "c1", "exit 3");
  place.await_state("c1", "Gone");
  const auto pager = place.scratch() / "pager";
  write_file(pager, "#!/bin/sh\necho \"pager got $(wc -l) lines\"\n");
  fs::permissions(pager, fs::perms(0755));
  const auto history_on = [&](const std::string& size, const std::string& chosen) {
    auto variables = place.variables();
    variables["PAGER"] = chosen;
    return on_terminal("cols 100 " + size, "history", variables);
  };
  CHECK_THAT(history_on("rows 5", pager.string()), Contains("pager got "));
  CHECK_THAT(history_on("rows 500", pager.string()),
             !Contains("pager got ") && Contains("Removed"));
  CHECK_THAT(history_on("rows 5", "cat"), Contains("Removed"));
  // A person quits the pager at once.
  CHECK_THAT(history_on("rows 5", "head -c 20"), !Contains("Removed"));
  CHECK_THAT(run({program(), "history"}, place.variables()).out, Contains("Removed"));
}

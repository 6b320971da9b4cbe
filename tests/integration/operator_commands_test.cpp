// What operators see: commands, settings and logs. And what they must not see: secrets of tasks.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "cli/exit_status.h"
#include "tests/integration/daemon.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/slave.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

TEST_CASE("ps, show and history of a task") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task", "sleep 1000");
  slave.expect_status(task, "TASK_RUNNING");
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"ps"}, {"show", task.id}, {"history", task.id}}) {
    const auto text = place.ask(words);
    INFO(text);
    CHECK_THAT(text, Contains(task.id) && Contains("Running"));
    auto with_json = words;
    with_json.emplace_back("--json");
    CHECK_NOTHROW(json::parse(place.ask(with_json)));
  }
  const auto listed = [&](std::vector<std::string> words) {
    words.emplace_back("--json");
    return json::parse(place.ask(words)).at("containers").as_array().size();
  };
  CHECK(listed({"ps"}) == 1);
  slave.say("destroy task");
  slave.expect("destroyed task exit=0");
  CHECK(listed({"ps"}) == 0);
  CHECK(listed({"ps", "--all"}) == 1);
  CHECK(json::parse(place.ask({"history", "--last=2", "--json"})).at("events").as_array().size() ==
        2);
}

// A wrong work directory must not look like one without containers.
TEST_CASE("operator's commands in a work directory without a database") {
  const WorkDirectory place;
  for (const std::string command : {"ps", "history"}) {
    const auto ran = run({program(), command}, place.variables());
    CHECK(ran.status == exit_failed);
    CHECK_THAT(ran.err, Contains("MESOS_WORK_DIRECTORY"));
  }
  CHECK_FALSE(fs::exists(place.state()));
}

TEST_CASE("lifecycle in every format") {
  const WorkDirectory place;
  for (const std::string format : {"table", "dot", "mermaid"}) {
    CHECK_THAT(place.ask({"lifecycle", "--format=" + format}), Contains("Removing"));
  }
  CHECK_NOTHROW(json::parse(place.ask({"lifecycle", "--json"})));
}

TEST_CASE("help and version") {
  const WorkDirectory place;
  CHECK_THAT(place.ask({"--help"}), Contains("recover") && Contains("ps"));
  CHECK_THAT(place.ask({"--version"}), Catch::StartsWith("docker-containerizer "));
  const auto version = json::parse(place.ask({"--version", "--json"}));
  CHECK(version.at("format").as_int64() == 1);
  CHECK(version.at("schema").as_int64() >= 2);
  CHECK(version.at("api").at("oldest").as_string() == "1.24");
  CHECK_FALSE(version.at("commit").as_string().empty());
}

TEST_CASE("help of every verb") {
  const WorkDirectory place;
  const auto check = [&](const std::vector<std::string>& words, const std::string& part) {
    const auto text = place.ask(words);
    INFO(words[0] << " " << words[1]);
    CHECK_THAT(text, Contains(part));
  };
  for (const std::string verb :
       {"ps", "why", "logs", "top", "show", "history", "events", "doctor", "lifecycle", "pull"}) {
    check({verb, "--help"}, "Usage: docker-containerizer " + verb);
    check({"help", verb}, "Usage: docker-containerizer " + verb);
    check({verb, "x", "-h"}, "Usage: docker-containerizer " + verb);
  }
  for (const std::string verb :
       {"launch", "update", "usage", "wait", "destroy", "containers", "recover"}) {
    check({verb, "--help"}, "A Mesos slave starts this verb");
    check({"help", verb}, "A Mesos slave starts this verb");
  }
  CHECK_FALSE(fs::exists(place.state()));
}

TEST_CASE("verb that is misspelt") {
  const WorkDirectory place;
  const auto ran = run({program(), "hsitory"}, place.variables());
  CHECK(ran.status == exit_usage);
  CHECK_THAT(ran.err, Contains("did you mean \"history\"?"));
}

// script gives the program a terminal.
TEST_CASE("verb of the slave that a person types") {
  const WorkDirectory place;
  const auto ran = run({"script", "--quiet", "--return", "--command", program() + " wait",
                        place.scratch() / "typescript"},
                       place.variables());
  CHECK(ran.status == exit_usage);
  CHECK_THAT(ran.out, Contains("standard input is a terminal"));
}

TEST_CASE("ps of containers that have ended, and names of containers") {
  const WorkDirectory place;
  Slave slave(place);
  const auto failed = slave.run("fails", "exit 3");
  slave.expect_termination(failed);
  const auto killed = slave.run("killed", "sleep 1000");
  slave.expect_status(killed, "TASK_RUNNING");
  output_of({"docker", "kill", "containerizer-" + killed.id});
  slave.expect_termination(killed);
  const auto runs = slave.run("runs", "sleep 1000");
  slave.expect_status(runs, "TASK_RUNNING");
  const auto lines_of = [&](const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  };
  place.await_state(failed.id, "Gone");
  place.await_state(killed.id, "Gone");
  const auto all = place.ask({"ps", "-a"});
  INFO(all);
  CHECK(lines_of(all) == 4);
  CHECK_THAT(all, Contains("END") && Contains("exit 3") &&
                      Contains(daemon_is_podman() ? "SIGKILL" : "killed"));
  CHECK(all.find(runs.id) < all.find(killed.id));
  CHECK(all.find(killed.id) < all.find(failed.id));
  CHECK(place.ask({"ps", "-q"}) == runs.id + "\n");
  const auto failures = (daemon_is_podman() ? killed.id + "\n" : "") + failed.id + "\n";
  CHECK(place.ask({"ps", "--failed", "--quiet"}) == failures);
  CHECK(place.ask({"ps", "-q", "--state", "Gone"}) == killed.id + "\n" + failed.id + "\n");
  CHECK(place.ask({"ps", "-aq", "--framework=nobody"}).empty());
  CHECK(lines_of(place.ask({"ps", "-aq", "--image", "busybox:test"})) == 3);

  const auto record = json::parse(place.ask({"show", "--json", runs.id}));
  const std::string docker_id = record.at("docker_id").as_string().c_str();
  for (const auto& name : {runs.id.substr(0, 9), docker_id.substr(0, 12),
                           "containerizer-" + runs.id, std::string("runs")}) {
    INFO(name);
    CHECK(json::parse(place.ask({"show", name, "--json"})) == record);
  }
  const auto unknown = run({program(), "show", "nothing"}, place.variables());
  CHECK(unknown.status == exit_failed);
  CHECK_THAT(unknown.err, Contains("container \"nothing\" is unknown"));
}

TEST_CASE("secrets of a task") {
  WorkDirectory place;
  const auto log = place.scratch() / "log";
  place.set("CONTAINERIZER_LOG", log);
  place.set("CONTAINERIZER_LOG_LEVEL", "debug");
  const std::string secret = "correct-horse-battery";
  Slave slave(place);
  const auto task = slave.run("task", "test \"$PASSWORD\" = correct-horse-battery && sleep 1000",
                              "env=PASSWORD=" + secret);
  slave.expect_status(task, "TASK_RUNNING");
  CHECK(place.call("recover").status == exit_ok);
  for (const auto& words : std::vector<std::vector<std::string>>{{"ps"},
                                                                 {"ps", "--json"},
                                                                 {"show", task.id},
                                                                 {"show", task.id, "--json"},
                                                                 {"history"},
                                                                 {"history", "--json"}}) {
    CHECK_THAT(place.ask(words), !Contains("PASSWORD") && !Contains(secret));
  }
  CHECK_THAT(read_file(log), Contains(task.id) && !Contains(secret));
  CHECK_THAT(read_file(task.sandbox / "stderr"), !Contains(secret));
  const auto running = place.processes({program()});
  CHECK_FALSE(running.empty());
  for (const auto pid : running) {
    const auto line = read_file("/proc/" + std::to_string(pid) + "/cmdline");
    CHECK_THAT(line, !Contains(secret));
  }
  CHECK((fs::status(place.state()).permissions() & fs::perms(077)) == fs::perms::none);
  CHECK((fs::status(place.state() / "state.db").permissions() & fs::perms(077)) == fs::perms::none);
}

TEST_CASE("settings that are unknown or malformed") {
  const WorkDirectory place;
  const std::vector<std::pair<std::string, std::string>> settings{
      {"CONTAINERIZER_WIAT", "late"},         {"CONTAINERIZER_WAIT", "sometimes"},
      {"CONTAINERIZER_STOP_TIMEOUT", "2"},    {"CONTAINERIZER_STOP_TIMEOUT", "-2secs"},
      {"CONTAINERIZER_LATE_WAITS", "many"},   {"CONTAINERIZER_LOG", "relative/path"},
      {"CONTAINERIZER_LOG_LEVEL", "chatty"},  {"CONTAINERIZER_SANDBOX", "relative"},
      {"CONTAINERIZER_DOCKER_ARGS", "--bad"}, {"CONTAINERIZER_ENGINE_TIMEOUT", "soon"},
  };
  const auto frame = frame_of(custom_launch(place, "c1", "true"));
  for (const auto& [name, value] : settings) {
    const auto ran = place.call("launch", frame, {{name, value}});
    INFO(name << "=" << value << ": " << ran.err);
    CHECK(ran.status == exit_configuration);
    CHECK(ran.out.empty());
    CHECK_THAT(ran.err, Contains(name));
  }
  CHECK_FALSE(fs::exists(place.state()));
}

// As an operator installs it: the slave calls a link, and the settings are beside that link.
TEST_CASE("settings in a file beside the path that a slave calls") {
  const std::string script = GENERATE(as<std::string>(),  // read by the program itself
                                      "CONTAINERIZER_DEFAULT_IMAGE='busybox:test' # ours\n",
                                      "read line; echo read $line\n"  // read by sh
                                      "name=busybox\n"
                                      "export CONTAINERIZER_DEFAULT_IMAGE=\"$name:test\"\n");
  WorkDirectory place;
  place.set("CONTAINERIZER_DEFAULT_IMAGE", "no/such/image");
  fs::create_directory(place.scratch() / "bin");
  fs::create_symlink(program(), place.scratch() / "bin/itself");
  fs::create_symlink("bin/itself", place.scratch() / "called");
  write_file(place.scratch() / "bin/environment.sh", script);
  auto launch = custom_launch(place, "c1", "echo started; exec sleep 1000");
  launch.mutable_executor_info()->mutable_command()->clear_container();
  const auto ran = run({"/bin/sh", "-c", (place.scratch() / "called").string() + " launch"},
                       place.variables(), frame_of(launch));
  INFO(ran.err);
  CHECK(ran.status == exit_ok);
  CHECK(ran.out.empty());
  place.await_state("c1", "Running");
  CHECK(place.show("c1").at("image").as_string() == "busybox:test");

  write_file(place.scratch() / "bin/environment.sh", script + "CONTAINERIZER_WAIT=sometimes\n");
  const auto wrong = run({place.scratch() / "called", "containers"}, place.variables());
  CHECK(wrong.status == exit_configuration);
  CHECK_THAT(wrong.err, Contains("CONTAINERIZER_WAIT"));
}

TEST_CASE("log of verbs without a sandbox") {
  WorkDirectory place;
  const auto log = place.scratch() / "log";
  place.set("CONTAINERIZER_LOG", log);
  CHECK(place.call("recover").status == exit_ok);
  CHECK_THAT(read_file(log), Contains("[recover]") && Contains("recovered 0 containers"));
  place.call("containers", "", {{"CONTAINERIZER_DOCKER_ARGS", "-H unix:///no/such.sock"}});
  CHECK_THAT(read_file(log), Contains("[containers]") && Contains("/no/such.sock"));
}

TEST_CASE("log that cannot be written stops no verb") {
  WorkDirectory place;
  write_file(place.scratch() / "file", "");
  const auto log = (place.scratch() / "file/log").string();
  place.set("CONTAINERIZER_LOG", log);
  const auto ran = place.call("recover");
  CHECK(ran.status == exit_ok);
  CHECK_THAT(ran.err, Contains(log));
}

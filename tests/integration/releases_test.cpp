// The whole life of tasks, in every version of the protocol.
#include <catch2/catch.hpp>

#include "tests/integration/slave.h"

using namespace containerizer::integration;

namespace {

std::string any_release() {
  return GENERATE(as<std::string>(), "0.19.1", "0.21.1", "0.22.1", "0.25.0", "0.28.2", "1.0.4");
}

// A recorded launch as text, with paths that exist here.
fs::path adapted(const WorkDirectory& place, const std::string& recorded,
                 const std::vector<std::pair<std::string, std::string>>& replacements) {
  auto text = read_file(SOURCE_DIR "/tests/fixtures/" + recorded + ".txtpb");
  for (const auto& [from, to] : replacements) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  }
  const auto path = place.scratch() / "launch.txtpb";
  write_file(path, text);
  return path;
}

}  // namespace

TEST_CASE("command tasks that succeed, fail and are killed, in every release") {
  const auto release = any_release();
  INFO("Mesos " << release);
  const WorkDirectory place;
  Slave slave(place, release);
  const auto good = slave.run("good", "echo fine");
  const auto bad = slave.run("bad", "exit 3");
  const auto stopped = slave.run("stopped", "sleep 1000");
  slave.expect_status(stopped, "TASK_RUNNING");
  slave.say("kill stopped");
  slave.expect("status good TASK_FINISHED source=EXECUTOR .*");
  slave.expect("status bad TASK_FAILED source=EXECUTOR .*exited with status 3\"");
  slave.expect("status stopped TASK_KILLED source=EXECUTOR .*");
  for (const auto& task : {good, bad, stopped}) slave.expect_termination(task);
  slave.say("containers");
  slave.expect("containers 0");
  CHECK(read_file(good.sandbox / "stdout").find("fine\n") != std::string::npos);
}

TEST_CASE("custom executor that ends by itself, in every release") {
  const auto release = any_release();
  INFO("Mesos " << release);
  const WorkDirectory place;
  Slave slave(place, release);
  const auto task =
      slave.launch("custom", "image=busybox:test command='echo works; exit 7'", "launch-custom");
  CHECK(slave.expect_termination(task) ==
        "killed=false status=1792 state=TASK_FAILED reasons=1 message=\"the container exited with "
        "7\"");
  // Before 0.26, the Termination message has no state, so the slave chooses one itself.
  const bool old = release < "0.26";
  CHECK(slave.expect("status custom (\\S+) source=SLAVE .*")[0] ==
        (old ? "TASK_LOST" : "TASK_FAILED"));
  CHECK(read_file(task.sandbox / "stdout") == "works\n");
}

TEST_CASE("recorded launch of a 0.19 command task with options") {
  const WorkDirectory place;
  fs::create_directory(place.scratch() / "shared");
  const auto launch = adapted(place, "mesos-0.19.1/launch-1",
                              {{"/srv/shared", place.scratch() / "shared"},
                               {"echo hello; exit 0", "echo $GREETING > /shared/said"}});
  Slave slave(place, "0.19.1");
  const auto task = slave.launch("recorded", launch.string() + " fresh=true", "launch-text");
  slave.expect_status(task, "TASK_FINISHED");
  slave.expect_termination(task);
  CHECK(read_file(place.scratch() / "shared/said") == "hello\n");
}

TEST_CASE("recorded launch of a 0.19 command task without an image") {
  const WorkDirectory place;
  Slave slave(place, "0.19.1", {"--default_container_image=docker:///busybox:test"});
  const auto task =
      slave.launch("recorded", SOURCE_DIR "/tests/fixtures/mesos-0.19.1/launch-3.frame fresh=true",
                   "launch-frame");
  slave.expect_status(task, "TASK_RUNNING");
  CHECK(place.show(task.id).at("image").as_string() == "busybox:test");
  slave.say("kill recorded");
  slave.expect_status(task, "TASK_KILLED");
  slave.expect_termination(task);
}

TEST_CASE("recorded launch of a 0.19 custom executor with URIs, data and ports") {
  const WorkDirectory place;
  write_file(place.scratch() / "a.tgz", "not to be extracted");
  const auto launch =
      adapted(place, "mesos-0.19.1/launch-5",
              {{"/srv/data/a.tgz", place.scratch() / "a.tgz"},
               {"/opt/my-executor --flag",
                "cd $MESOS_SANDBOX && test -x true && cat a.tgz && echo $COLOR $MESOS_EXECUTOR_ID"},
               {"team/exec:2", "busybox:test"},
               {"/srv:/srv", place.scratch().string() + ":/srv"}});
  Slave slave(place, "0.19.1");
  const auto task = slave.launch("recorded", launch.string() + " fresh=true", "launch-text");
  const auto ended = slave.expect_termination(task);
  INFO(read_file(task.sandbox / "stderr"));
  CHECK_THAT(ended, Catch::Contains("status=0"));
  CHECK(read_file(task.sandbox / "stdout") == "not to be extractedblue recorded\n");
  CHECK(fs::exists(task.sandbox / "hostname"));
}

TEST_CASE("recorded launches of 1.0 command tasks") {
  const auto frame = GENERATE(as<std::string>(), "launch-1", "launch-2");
  const WorkDirectory place;
  Slave slave(place, "1.0.4", {"--default_container_image=docker:///busybox:test"});
  const auto task = slave.launch(
      "recorded", SOURCE_DIR "/tests/fixtures/mesos-1.0.4/" + frame + ".frame fresh=true",
      "launch-frame");
  slave.expect_status(task, "TASK_FINISHED");
  slave.expect_termination(task);
  CHECK_THAT(read_file(task.sandbox / "stdout"),
             Catch::Contains(frame == "launch-1" ? "hello\n" : "hi\n"));
}

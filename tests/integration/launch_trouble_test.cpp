// A launch during which the daemon restarts, the name is taken, the pull does not finish, or the
// sandbox has an unusual name.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/integration/daemon.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/foreigner.h"
#include "tests/integration/gate.h"
#include "tests/integration/slave.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

// Exits on SIGTERM.
const char* const obedient = "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done";
const char* const name = "containerizer-c1";
const char* const inspect_by_name = "/containers/containerizer-c1/json";

bool has_started_to_pull(const WorkDirectory& place, const std::string& id,
                         const fs::path& sandbox) {
  return place.state_of(id) == "Pulling" &&
         read_file(sandbox / "stderr").find("pulling ") != std::string::npos;
}

bool has_database_open(pid_t pid) {
  std::error_code gone;
  const auto descriptors = fs::path("/proc") / std::to_string(pid) / "fd";
  const fs::directory_iterator all(descriptors, gone);
  REQUIRE(!gone);
  return std::any_of(begin(all), end(all), [&](const auto& entry) {
    return fs::read_symlink(entry.path(), gone).string().find("state.db") != std::string::npos;
  });
}

// A slave's calls for other containers, while one container pulls.
void check_others_go_on(const WorkDirectory& place) {
  CHECK(place.call_for("usage", "running").status == 0);
  CHECK(place.call_for("update", "running").status == 0);
  launch_directly(place, custom_launch(place, "short", "exit 3"));
  CHECK(end_of(place, "short").status() == 3 << 8);
  CHECK(place.call_for("destroy", "running").status == 0);
  CHECK(place.state_of("running") == "Gone");
}

}  // namespace

TEST_CASE("container that is created but not started when the daemon restarts", "[scenario-3]") {
  WorkDirectory place;
  Gate gate(place);
  gate.hold("/start", Hold::request);
  const auto launch = custom_launch(place, "c1", obedient);
  launch_directly(place, launch);
  gate.await_held();
  REQUIRE(place.state_of("c1") == "Starting");
  const auto created = place.docker_containers();
  { const DeadDaemon dead; }
  REQUIRE(docker({"inspect", "-f", "{{.State.Status}}", name}) == "created");
  gate.open();
  place.await_state("c1", "Running");
  const fs::path output = fs::path(launch.directory()) / "stdout";
  eventually("it has printed that it is up", [&] { return !read_file(output).empty(); });
  CHECK(place.call_for("destroy", "c1").status == 0);
  CHECK(created.size() == 1);
  CHECK(place.show("c1").at("docker_id").as_string() == created.at(0).c_str());
  CHECK(read_file(output) == "up\n");
}

TEST_CASE("container that has the name, and is gone when we inspect it", "[scenario-5]") {
  WorkDirectory place;
  Gate gate(place);
  Foreigner holder({"--name", name});
  gate.hold(inspect_by_name, Hold::request);
  launch_directly(place, custom_launch(place, "c1", "exit 5"));
  gate.await_held();
  REQUIRE(place.state_of("c1") == "Creating");
  holder.remove();
  gate.open();
  CHECK(end_of(place, "c1").status() == 5 << 8);
  place.await_state("c1", "Gone");
}

TEST_CASE("name that is always taken, although no container seems to have it", "[scenario-5]") {
  WorkDirectory place;
  place.set("CONTAINERIZER_ENGINE_PATIENCE", "500ms");
  Gate gate(place);
  const Foreigner holder({"--name", name});
  gate.answer(inspect_by_name, "404 Not Found",
              R"({"message": "No such container: containerizer-c1"})");
  launch_directly(place, custom_launch(place, "c1", "exit 5"));
  const auto termination = end_of(place, "c1");
  CHECK(termination.state() == mesos::TASK_FAILED);
  CHECK_THAT(termination.message(), Catch::StartsWith("create: ") && Contains("is already in use"));
  place.await_state("c1", "Gone");
  CHECK(holder.lives());
}

TEST_CASE("pull longer than the timeouts does not affect other containers", "[scenario-12]") {
  WorkDirectory place;
  const Duration limit(1'000);
  place.set("CONTAINERIZER_ENGINE_TIMEOUT", std::to_string(limit.count()) + "ms");
  const Registry registry(place);
  launch_directly(place, custom_launch(place, "running", obedient));
  place.await_state("running", "Running");
  registry.freeze();
  auto pulling = custom_launch(place, "pulling", "exit 4");
  pulling.mutable_executor_info()->mutable_command()->mutable_container()->set_image(
      registry.image());
  pulling.set_directory(place.path() / "sandbox-of-pulling");
  fs::create_directory(pulling.directory());
  launch_directly(place, pulling);
  eventually("the pull has started",
             [&] { return has_started_to_pull(place, "pulling", pulling.directory()); });
  const auto past_the_limit = deadline_in(limit * 3 / 2);
  CHECK_FALSE(has_database_open(place.supervisor("pulling")));
  check_others_go_on(place);
  eventually("the limit has passed", [&] { return time_left(past_the_limit) == Duration::zero(); });
  CHECK(place.state_of("pulling") == "Pulling");
  registry.thaw();
  CHECK(end_of(place, "pulling").status() == 4 << 8);
}

TEST_CASE("pull of the previous slave that the new slave destroys", "[scenario-13]") {
  const WorkDirectory place;
  const Registry registry(place);
  const Slave::Flags forgetful{"--checkpoint=false"};
  auto first = std::make_unique<Slave>(place, "1.0.4", forgetful);
  registry.freeze();
  const auto task = first->launch("task", "image=" + registry.image() + " command='sleep 1000'");
  first->expect("launched task .*");
  eventually("the pull has started",
             [&] { return has_started_to_pull(place, task.id, task.sandbox); });
  first.reset();

  Slave second(place, "1.0.4", forgetful);
  second.expect("orphan " + task.id);
  second.expect("destroyed " + task.id + " exit=0");
  registry.thaw();
  CHECK(place.events_of(task.id) == "Launch Begin Fetched DestroyRequested Removed");
  eventually("no supervisor is left", [&] { return place.processes({"supervise"}).empty(); });
  CHECK(place.docker_containers().empty());
}

TEST_CASE("sandbox and labels with colons and other alphabets", "[scenario-15]") {
  const WorkDirectory place;
  auto launch = custom_launch(place, "c1",
                              "cat $MESOS_SANDBOX/given; until [ -e $MESOS_SANDBOX/go ]; do "
                              "sleep 0.05; done; touch $MESOS_SANDBOX/made; exit 7");
  const std::string executor = "исполнитель:1 水:/tmp:ro";
  launch.mutable_executor_info()->mutable_executor_id()->set_value(executor);
  const auto sandbox = place.path() / "исполнитель:1 水:ro";
  launch.set_directory(sandbox);
  fs::create_directory(sandbox);
  write_file(sandbox / "given", "ж:水\n");
  launch_directly(place, launch);
  place.await_state("c1", "Running");
  // From then on, only its labels identify it.
  place.lose_record();
  REQUIRE(place.call("recover").status == 0);
  CHECK(place.show("c1").at("directory").as_string() == sandbox.c_str());
  CHECK(place.show("c1").at("executor_id").as_string() == executor.c_str());
  write_file(sandbox / "go", "");
  CHECK(end_of(place, "c1").status() == 7 << 8);
  CHECK(fs::exists(sandbox / "made"));
  CHECK(read_file(sandbox / "stdout") == "ж:水\n");
}

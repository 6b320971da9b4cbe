// An operator uses docker on a container, with and without a living supervisor.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/integration/direct_launch.h"
#include "tests/integration/trial.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

const char* const name = "containerizer-c1";

// A running container, with a supervisor or after the supervisor's death.
class Unguarded {
 public:
  explicit Unguarded(bool supervised) {
    trial_.launch_until_it_runs();
    if (!supervised) trial_.place().kill_supervisor(Trial::id);
  }
  Trial* operator->() { return &trial_; }

 private:
  Trial trial_;
};

bool with_and_without_supervisor() { return GENERATE(true, false); }

}  // namespace

TEST_CASE("container that an operator renames") {
  const bool supervised = with_and_without_supervisor();
  CAPTURE(supervised);
  Unguarded trial(supervised);
  docker({"rename", name, "of-another-name"});
  trial->let_go();
  trial->conclude_by_itself();
}

TEST_CASE("container that an operator pauses for a while") {
  const bool supervised = with_and_without_supervisor();
  CAPTURE(supervised);
  Unguarded trial(supervised);
  docker({"pause", name});
  CHECK(trial->place().call("recover").status == 0);
  CHECK(trial->state() == "Running");
  trial->let_go();
  docker({"unpause", name});
  trial->conclude_by_itself();
}

TEST_CASE("paused container that is destroyed") {
  const bool supervised = with_and_without_supervisor();
  CAPTURE(supervised);
  Unguarded trial(supervised);
  docker({"pause", name});
  trial->begin_destroy();
  const auto reported = trial->conclude();
  trial->check_destroyed(reported);
}

TEST_CASE("container that an operator stops") {
  const bool supervised = with_and_without_supervisor();
  CAPTURE(supervised);
  Unguarded trial(supervised);
  docker({"stop", "-t", "10", name});
  CHECK(trial->conclude().status() == Trial::after_sigterm);
}

TEST_CASE("container that an operator kills") {
  const bool supervised = with_and_without_supervisor();
  CAPTURE(supervised);
  Unguarded trial(supervised);
  docker({"kill", name});
  CHECK(trial->conclude().status() == SIGKILL);
  CHECK(trial->kind() == "signalled");
}

TEST_CASE("container that an operator restarts continues as the same task") {
  const bool supervised = with_and_without_supervisor();
  CAPTURE(supervised);
  Unguarded trial(supervised);
  // The supervisor inspects the container only after its process has exited.
  trial->gate().hold("/json", Hold::request);
  docker({"restart", name});
  if (supervised) trial->gate().await_held();
  trial->gate().open();
  CHECK(trial->place().call("recover").status == 0);
  eventually("the new process is recorded", [&] {
    return trial->place().show(Trial::id).at("pid").as_int64() ==
           std::stoll(docker({"inspect", "-f", "{{.State.Pid}}", name}));
  });
  CHECK_THAT(trial->errors(), Contains("the container was restarted by another program"));
  CHECK(trial->state() == "Running");
  trial->let_go();
  CHECK(trial->conclude(2).status() == Trial::by_itself);
  CHECK(trial->runs() == 2);
}

TEST_CASE("container that an operator starts again after its exit has ended nevertheless") {
  const bool supervised = with_and_without_supervisor();
  CAPTURE(supervised);
  Trial trial;
  trial.hold_at({"Exited", "/_ping|/logs?"}, Hold::request);
  if (!supervised) trial.place().kill_supervisor(Trial::id);
  docker({"start", name});
  trial.gate().open();
  CHECK(trial.conclude(2).status() == Trial::by_itself);
}

TEST_CASE("container that an operator removes while it is being stopped",
          "[scenario-18][scenario-42]") {
  const auto how = GENERATE(Hold::request, Hold::answer);
  CAPTURE(how == Hold::answer);
  Trial trial;
  trial.hold_at({"Stopping", "/kill"}, how);
  docker({"rm", "-f", name});
  trial.gate().open();
  trial.conclude();
  CHECK((trial.kind() == "lost" || trial.kind() == "destroyed"));
}

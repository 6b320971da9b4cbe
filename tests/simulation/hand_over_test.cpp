// A slave that dies before it has given a command task to mesos-executor.
#include <catch2/catch.hpp>

#include "engine/lifecycle/lifecycle.h"
#include "tests/simulation/slave.h"

using namespace containerizer;
using namespace containerizer::simulation;
using namespace std::chrono_literals;

namespace {

const std::string id = "container-0";

class World {
 public:
  explicit World(const Task& task, WaitMode wait = WaitMode::automatic)
      : universe_(fate_), installation_(universe_) {
    universe_.program = task;
    installation_.set_wait(wait);
    universe_.hand_over_after = 5s;
    slave_.start();
    universe_.run([&] { return slave_.is_ready(); });
    slave_.launch(id, true);
    universe_.run([&] { return state() == name_of(State::running); });
  }
  ~World() { universe_.abandon(); }
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void restart_slave() {
    slave_.crash();
    slave_.start();
  }
  void run_for(Duration duration) {
    universe_.at(duration, "end", [] {});
    const auto end = universe_.now() + duration;
    universe_.run([&] { return universe_.now() >= end; });
  }
  std::string state() {
    const auto row = installation_.store().find(id);
    return row ? row->state : "";
  }
  const std::vector<std::string>& problems() const { return slave_.problems(); }
  std::optional<store::Termination> termination() {
    return installation_.store().termination_of(id);
  }

 private:
  Chance fate_{1, {}};
  Universe universe_;
  Installation installation_;
  Slave slave_{universe_, installation_};
};

}  // namespace

TEST_CASE("a container whose task was never handed over is ended with its executor") {
  World world({.ignores_term = true});
  world.restart_slave();
  world.run_for(20s);
  CHECK(world.state() == name_of(State::gone));
  REQUIRE(world.termination());
  CHECK(world.termination()->kind == "failed");
  CHECK(world.termination()->message.find("before mesos-executor got the task") !=
        std::string::npos);
}

TEST_CASE("a container that ends by itself does not wait for an executor without a task") {
  World world({.runs_for = 3s, .exit_code = 7});
  world.restart_slave();
  world.run_for(20s);
  CHECK(world.state() == name_of(State::gone));
  CHECK(world.termination()->exit_code == 7);
}

TEST_CASE("a container whose task was handed over survives the death of its slave") {
  World world({});
  world.run_for(6s);
  world.restart_slave();
  world.run_for(60s);
  CHECK(world.state() == name_of(State::running));
}

TEST_CASE("wait answers when mesos-executor has exited, not before") {
  World world({.runs_for = 8s, .exit_code = 7}, WaitMode::late);
  world.run_for(60s);
  CHECK(world.state() == name_of(State::gone));
  CHECK(world.problems() == std::vector<std::string>{});
}

TEST_CASE("a container waits for its task as long as its slave lives") {
  World world({.runs_for = 1s, .exit_code = 7});
  world.run_for(3s);
  CHECK(world.state() == name_of(State::exited));
  world.run_for(60s);
  CHECK(world.state() == name_of(State::gone));
}

// The supervisor in a simulated world: killed at every step of every story, in every weather. What
// it does with its rows, locks and files is real.
#include <catch2/catch.hpp>
#include <iostream>

#include "engine/identity.h"
#include "engine/launch_record.h"
#include "engine/state_directory.h"
#include "engine/supervisor.h"
#include "tests/simulation/universe.h"
#include "tests/unit/recorded.h"
#include "tests/unit/temporary_directory.h"

using namespace containerizer;
using namespace containerizer::simulation;
using namespace std::chrono_literals;

namespace {

// What happens to a task, and how that must be recorded.
struct Story {
  const char* name = "";
  const char* kind = "";  // of the termination
  Task task = {};
  bool is_command = false;
  bool image_is_there = true;
  std::optional<Duration> destroyed_after = {};
  std::optional<Duration> stopped_after = {};
  std::optional<Duration> removed_after = {};  // by somebody else
  std::optional<Duration> executor_lives_for = {};
};

std::ostream& operator<<(std::ostream& out, const Story& story) { return out << story.name; }

const Task ends{.runs_for = 2s, .exit_code = 7, .lines = 5};
const Task goes_on{.lines = 5};
const Task stubborn{.ignores_term = true, .lines = 5};

const std::vector<Story> stories{
    {.name = "ends by itself", .kind = "exited", .task = ends},
    {.name = "ends at once", .kind = "exited", .task = {.runs_for = 0s, .exit_code = 3}},
    {.name = "a command ends by itself", .kind = "exited", .task = ends, .is_command = true},
    {.name = "is pulled first", .kind = "exited", .task = ends, .image_is_there = false},
    {.name = "is destroyed", .kind = "destroyed", .task = goes_on, .destroyed_after = 500ms},
    {.name = "is destroyed, stubborn",
     .kind = "destroyed",
     .task = stubborn,
     .destroyed_after = 500ms},
    {.name = "is stopped",
     .kind = "signalled",
     .task = goes_on,
     .is_command = true,
     .stopped_after = 500ms},
    {.name = "loses its executor",
     .kind = "failed",
     .task = stubborn,
     .is_command = true,
     .executor_lives_for = 300ms},
    {.name = "wants too much memory, which is told late",
     .kind = "oom",
     .task = {.runs_for = 1s, .exit_code = 137, .lines = 5, .oom_told_after = 100ms}},
    {.name = "ends, which the daemon denies",
     .kind = "lost",
     .task = {.runs_for = 1s, .exit_code = 7, .end_is_denied = true}},
    {.name = "is removed by somebody else",
     .kind = "lost",
     .task = goes_on,
     .removed_after = 500ms},
};

class Simulation {
 public:
  Simulation(const Story& story, std::uint64_t seed, Weather weather)
      : story_(story), universe_(seed, weather) {
    config_.work_directory = directory_.path();
    REQUIRE(prepare_state_directory(config_.state_directory()).ok());
    settings_.path = config_.state_directory() + "/state.db";
    universe_.program = story.task;
    universe_.image_is_there = story.image_is_there;
    universe_.executor_lives_for = story.executor_lives_for;
    universe_.add_foreigner("somebody-else");
    launch();
    plan_requests();
  }

  Universe& universe() { return universe_; }

  // One life of the supervisor; true when it came to its end.
  bool supervise_once() {
    const auto docker = universe_.docker();
    const auto host = universe_.host();
    store::Store store(settings_);
    LifeLock lock(config_.state_directory(), id_, true);
    REQUIRE(lock.try_own());
    try {
      supervise(World{store, *docker, *host, config_, "/program"}, lock, id_);
      return true;
    } catch (const Killed&) {
      return false;
    }
  }

  void check() {
    store::Store store(settings_);
    CHECK(store.find(id_)->state == name_of(State::gone));
    const auto ending = store.termination_of(id_);
    REQUIRE(ending);
    INFO(ending->kind << ": " << ending->message);
    CHECK(universe_.containers().size() == 1);
    CHECK(universe_.containers().count("somebody-else") == 1);
    CHECK(universe_.ended().size() <= 1);
    for (const auto& ended : universe_.ended()) CHECK(ended.starts == 1);
    check_code(*ending);
    check_history(store);
  }

  void check_story() {
    store::Store store(settings_);
    const auto ending = store.termination_of(id_);
    REQUIRE(ending);
    INFO(ending->message);
    CHECK(ending->kind == story_.kind);
    if (ending->kind == std::string("lost")) return;
    std::string printed;
    for (const auto& entry : universe_.ended().at(0).output) printed += entry.bytes;
    CHECK(content_of(directory_ / "sandbox/stdout") == printed);
  }

 private:
  void launch() {
    auto sent = recorded("mesos-1.0.4/launch-1");
    if (!story_.is_command) {
      sent.launch.clear_task_info();
      sent.launch.mutable_executor_info()->mutable_command()->set_value("its own executor");
    }
    sent.launch.set_directory(directory_ / "sandbox");
    std::filesystem::create_directory(sent.launch.directory());
    sent.environment["MESOS_DEFAULT_CONTAINER_IMAGE"] = "busybox";
    auto row = new_container(sent.launch);
    REQUIRE(row.ok());
    row.value().boot_id = universe_.host()->boot();
    id_ = row.value().container_id;
    store::Store store(settings_);
    store.insert(row.value(), {sent.launch.SerializeAsString(), pack_environment(sent.environment)},
                 initial_limits(sent.launch), "launch");
  }

  void plan_requests() {
    const auto request = [this](const char* kind) {
      return [this, kind] {
        store::Store(settings_).request(id_, kind);
        universe_.wake();
      };
    };
    if (story_.destroyed_after) universe_.at(*story_.destroyed_after, request("destroy"));
    if (story_.stopped_after) universe_.at(*story_.stopped_after, request("stop"));
    if (story_.removed_after) {
      universe_.at(*story_.removed_after,
                   [this] { universe_.remove_behind_our_back(container_name(id_)); });
    }
  }

  // A code that the daemon gave is told as it was, and none is invented.
  void check_code(const store::Termination& ending) {
    if (!ending.exit_code && !ending.signal) return;
    REQUIRE(universe_.ended().size() == 1);
    const int code = universe_.ended()[0].exit_code;
    CHECK(ending.exit_code.value_or(128 + ending.signal.value_or(0)) == code);
  }

  void check_history(store::Store& store) {
    std::string before = name_of(State::accepted);
    for (const auto& entry : store.history(id_, 1000)) {
      if (!entry.from_state) continue;
      CHECK(*entry.from_state == before);
      before = entry.to_state;
    }
    CHECK(before == name_of(State::gone));
  }

  Story story_;
  TemporaryDirectory directory_;
  Universe universe_;
  Config config_;
  store::DatabaseSettings settings_;
  std::string id_;
};

Story any_story() { return GENERATE(from_range(stories)); }

// Whoever takes over before a process was known cannot tell that it has gone.
Story any_story_to_take_over() {
  return GENERATE(
      filter([](const Story& s) { return !s.task.end_is_denied; }, from_range(stories)));
}

}  // namespace

TEST_CASE("each story ends as it must") {
  const auto story = any_story();
  CAPTURE(story);
  Simulation simulation(story, 1, {});
  CHECK(simulation.supervise_once());
  simulation.check();
  simulation.check_story();
}

TEST_CASE("a supervisor killed at any step is taken over without a trace") {
  const auto story = any_story_to_take_over();
  long steps = 0;
  {
    Simulation undisturbed(story, 1, {});
    undisturbed.supervise_once();
    steps = undisturbed.universe().steps();
  }
  for (long step = 1; step <= steps; ++step) {
    CAPTURE(story, step, steps);
    Simulation simulation(story, 1, {});
    simulation.universe().kill_at(step);
    while (!simulation.supervise_once()) {
    }
    simulation.check();
    simulation.check_story();
  }
}

TEST_CASE("killed again and again, in bad weather") {
  const auto story = any_story_to_take_over();
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    CAPTURE(story, seed);
    std::mt19937_64 chance(seed);
    Simulation simulation(story, seed, {0.1, 0.1, 0.2});
    for (int death = 0; death < 5; ++death) {
      simulation.universe().kill_at(simulation.universe().steps() + 1 +
                                    static_cast<long>(chance() % 40));
      if (simulation.supervise_once()) break;
    }
    simulation.universe().calm();
    simulation.universe().kill_at(-1);
    while (!simulation.supervise_once()) {
    }
    simulation.check();
  }
}

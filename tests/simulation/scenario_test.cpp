// The supervisor in a simulation, killed at every step of every scenario, with and without failures
// of the daemon. Its rows, locks and files are real.
#include <catch2/catch.hpp>
#include <iostream>
#include <utility>

#include "engine/container/identity.h"
#include "engine/lifecycle/lifecycle.h"
#include "engine/translation/launch_plan.h"
#include "tests/simulation/installation.h"
#include "tests/simulation/walk.h"

using namespace containerizer;
using namespace containerizer::simulation;
using namespace std::chrono_literals;

namespace {

// A scenario: the events of a task, and the termination that must be recorded.
struct Scenario {
  const char* name = "";
  const char* kind = "";  // of the termination
  Task task = {};
  bool is_command = false;
  bool image_is_there = true;
  std::optional<Duration> destroyed_after = {};
  std::optional<Duration> stopped_after = {};
  std::optional<Duration> removed_after = {};  // by an operator
  std::optional<Duration> kill_grace = {};     // of a kill policy
  std::optional<Task> hook = {};               // at both ends
  bool hook_fails_task = false;
};

std::ostream& operator<<(std::ostream& out, const Scenario& scenario) {
  return out << scenario.name;
}

const Task ends{.runs_for = 2s, .exit_code = 7, .lines = 5};
const Task goes_on{.lines = 5};
const Task stubborn{.ignores_term = true, .lines = 5};

const std::vector<Scenario> scenarios{
    {.name = "ends by itself", .kind = "exited", .task = ends},
    {.name = "ends at once", .kind = "exited", .task = {.runs_for = 0s, .exit_code = 3}},
    {.name = "a command ends by itself", .kind = "exited", .task = ends, .is_command = true},
    {.name = "is pulled first", .kind = "exited", .task = ends, .image_is_there = false},
    {.name = "is destroyed", .kind = "destroyed", .task = goes_on, .destroyed_after = 500ms},
    {.name = "is destroyed before the daemon creates it",
     .kind = "destroyed",
     .task = {.created_after = 1s},
     .destroyed_after = 500ms},
    {.name = "is destroyed, but ignores SIGTERM",
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
     .task = {.ignores_term = true, .lines = 5, .executor_lives_for = 300ms},
     .is_command = true},
    {.name = "is killed for its memory, which the daemon reports late",
     .kind = "oom",
     .task = {.runs_for = 1s, .exit_code = 137, .lines = 5, .oom_told_after = 1500ms}},
    {.name = "ends, but the daemon reports it as running",
     .kind = "lost",
     .task = {.runs_for = 1s, .exit_code = 7, .end_is_denied = true}},
    {.name = "ends while the daemon is dead, which invents a code",
     .kind = "lost",
     .task = {.runs_for = 1s, .exit_code = 7, .lines = 5, .forgotten_for = 3s}},
    {.name = "is removed by an operator", .kind = "lost", .task = goes_on, .removed_after = 500ms},
    {.name = "has hooks", .kind = "exited", .task = ends, .hook = Task{.runs_for = 300ms}},
    {.name = "has hooks that hang and are ignored",
     .kind = "exited",
     .task = ends,
     .is_command = true,
     .hook = Task{}},
    {.name = "is forbidden by a hook that fails",
     .kind = "failed",
     .task = ends,
     .hook = Task{.runs_for = 300ms, .exit_code = 3},
     .hook_fails_task = true},
    {.name = "is forbidden by a hook that hangs",
     .kind = "failed",
     .task = ends,
     .hook = Task{},
     .hook_fails_task = true},
    {.name = "writes all the time",
     .kind = "exited",
     .task = {.runs_for = 3s, .exit_code = 7, .lines = 60, .line_every = 40ms}},
    {.name = "writes more than its log keeps",
     .kind = "exited",
     .task = {.runs_for = 3s, .exit_code = 7, .lines = 60, .line_every = 40ms, .log_keeps = 5}},
    {.name = "writes, and has no log",
     .kind = "exited",
     .task = {.runs_for = 3s, .exit_code = 7, .lines = 60, .line_every = 40ms, .has_log = false}},
    {.name = "writes and ends at once, and has no log",
     .kind = "exited",
     .task = {.runs_for = 0s, .exit_code = 3, .lines = 5, .line_every = 0ms, .has_log = false}},
    {.name = "is destroyed while its hook runs",
     .kind = "destroyed",
     .task = ends,
     .destroyed_after = 500ms,
     .hook = Task{},
     .hook_fails_task = true},
};

class Simulation {
 public:
  Simulation(const Scenario& scenario, std::uint64_t seed, FaultRates fault_rates)
      : scenario_(scenario),
        chance_(seed, fault_rates),
        universe_(chance_),
        installation_(universe_) {
    universe_.program = scenario.task;
    universe_.image_is_there = scenario.image_is_there;
    if (scenario.hook) {
      universe_.hook = *scenario.hook;
      installation_.set_hooks({{"/hook"}, {"/hook"}, 10s, scenario.hook_fails_task});
    }
    universe_.add_foreigner("somebody-else");
    launch();
    plan_requests();
  }

  Universe& universe() { return universe_; }
  void stop_faults() { chance_.stop_faults(); }

  // Runs the supervisor once. Returns true if it was not killed.
  bool supervise_once() {
    bool killed = false;
    universe_.spawn(
        "supervise",
        [this] {
          universe_.run_program({"/program", "supervise", id_}, -1);
        },
        [&killed](bool was_killed) { killed = was_killed; });
    universe_.run([this] { return universe_.processes() == 0; });
    was_killed_ = was_killed_ || killed;
    return !killed;
  }

  void check() {
    if (scenario_.task.created_after) run_for(*scenario_.task.created_after);
    auto store = installation_.store();
    CHECK(store.find(id_)->state == name_of(State::gone));
    const auto termination = store.termination_of(id_);
    REQUIRE(termination);
    INFO(termination->kind << ": " << termination->message);
    CHECK(universe_.containers().size() == 1);
    CHECK(universe_.containers().count("somebody-else") == 1);
    CHECK(universe_.ended().size() <= 1);
    for (const auto& ended : universe_.ended()) CHECK(ended.starts == 1);
    for (const auto& [name, starts] : universe_.executor_starts()) CHECK(starts == 1);
    check_code(*termination);
    CHECK(problems_of_walk(store, *store.find(id_)) == std::vector<std::string>{});
  }

  void check_scenario() {
    auto store = installation_.store();
    const auto termination = store.termination_of(id_);
    REQUIRE(termination);
    INFO(termination->message);
    CHECK(termination->kind == scenario_.kind);
    for (const char* when : {"launch ", "end "}) {
      CHECK((universe_.hooks().count(when + id_) == 1) == scenario_.hook.has_value());
    }
    if (scenario_.hook_fails_task || scenario_.task.created_after) {
      CHECK(universe_.starts().empty());
      return;
    }
    // The output is lost if the container is removed, or if the daemon never reports its end.
    if (scenario_.removed_after || scenario_.task.end_is_denied) return;
    check_output(universe_.ended().at(0));
  }

  // Everything that was printed appears once. Lines that the log no longer has may be missing if a
  // process was killed.
  void check_output(const SimulatedContainer& ended) const {
    std::string copied = content_of(sandbox_ + "/stdout");
    std::string missing;
    for (std::size_t i = 0; i < ended.output.size(); ++i) {
      const auto& line = ended.output[i].bytes;
      const bool may_be_missing = was_killed_ && (i < ended.log_start || !scenario_.task.has_log);
      if (copied.starts_with(line)) {
        copied.erase(0, line.size());
      } else if (!may_be_missing) {
        missing += line;
      }
    }
    CHECK(missing == "");
    CHECK(copied == "");
  }

 private:
  void launch() {
    auto sent = installation_.new_launch(id_, scenario_.is_command);
    if (scenario_.kill_grace) {
      auto& policy = *sent.mutable_task_info()->mutable_kill_policy();
      policy.mutable_grace_period()->set_nanoseconds(
          std::chrono::nanoseconds(*scenario_.kill_grace).count());
    }
    sandbox_ = sent.directory();
    std::optional<int> status;
    installation_.run(containerizer::launch, "launch", sent.SerializeAsString(),
                      std::make_shared<Nobody>(),
                      [&](std::optional<int> ended) { status = ended; });
    // This test runs the supervisors itself.
    const auto run_program =
        std::exchange(universe_.run_program, [](const auto&, int output) { ::close(output); });
    universe_.run([this] { return universe_.processes() == 0; });
    universe_.run_program = run_program;
    REQUIRE(status == exit_ok);
  }

  // For what the daemon does without a supervisor.
  void run_for(Duration duration) {
    bool is_over = false;
    universe_.at(duration, "end", [&] { is_over = true; });
    universe_.run([&] { return is_over; });
  }

  void plan_requests() {
    const auto request = [this](const char* kind) {
      return [this, kind] {
        installation_.store().request(id_, kind);
        universe_.wake_all();
      };
    };
    if (scenario_.destroyed_after)
      universe_.at(*scenario_.destroyed_after, "destroy", request("destroy"));
    if (scenario_.stopped_after) universe_.at(*scenario_.stopped_after, "stop", request("stop"));
    if (scenario_.removed_after) remove_after(*scenario_.removed_after);
  }

  // Removes the container at that time, or later, once it has started.
  void remove_after(Duration from_now) {
    universe_.at(from_now, "removal", [this, from_now] {
      const auto name = container_name(id_);
      if (universe_.starts().count(name) == 0) return remove_after(from_now);
      universe_.remove_behind_our_back(name);
    });
  }

  // A code that the daemon reported is recorded unchanged, and none is invented.
  void check_code(const store::Termination& termination) {
    if (!termination.exit_code && !termination.signal) return;
    REQUIRE(universe_.ended().size() == 1);
    const int code = universe_.ended()[0].exit_code;
    CHECK(termination.exit_code.value_or(128 + termination.signal.value_or(0)) == code);
  }

  Scenario scenario_;
  Chance chance_;
  Universe universe_;
  Installation installation_;
  const std::string id_ = "container-0";
  std::string sandbox_;
  bool was_killed_ = false;
};

Scenario any_scenario() { return GENERATE(from_range(scenarios)); }

// Without those in which a supervisor must have known the process: its successor cannot detect that
// the process is gone.
Scenario any_scenario_with_successor() {
  return GENERATE(
      filter([](const Scenario& s) { return !s.task.end_is_denied && !s.task.forgotten_for; },
             from_range(scenarios)));
}

}  // namespace

TEST_CASE("each scenario ends as it must") {
  const auto scenario = any_scenario();
  CAPTURE(scenario);
  Simulation simulation(scenario, 1, {});
  CHECK(simulation.supervise_once());
  simulation.check();
  simulation.check_scenario();
}

TEST_CASE("a task gets the whole grace period of its kill policy") {
  const auto grace = GENERATE(0s, 1s, 10s);
  Simulation simulation({.name = "is stopped, but ignores SIGTERM",
                         .task = stubborn,
                         .is_command = true,
                         .stopped_after = 500ms,
                         .kill_grace = grace},
                        1, {});
  CHECK(simulation.supervise_once());
  const auto& signals = simulation.universe().signals();
  REQUIRE(signals.size() == 2);
  CHECK(signals[0].signal == "SIGTERM");
  CHECK(signals[1].signal == "SIGKILL");
  CHECK(signals[1].at - signals[0].at == grace);
}

TEST_CASE("a supervisor that is killed at any step has a successor that leaves no trace of it") {
  const auto scenario = any_scenario_with_successor();
  long first = 0;
  long steps = 0;
  {
    Simulation undisturbed(scenario, 1, {});
    first = undisturbed.universe().steps();
    undisturbed.supervise_once();
    steps = undisturbed.universe().steps();
  }
  for (long step = first + 1; step <= steps; ++step) {
    CAPTURE(scenario, step, steps);
    Simulation simulation(scenario, 1, {});
    simulation.universe().kill_at(step);
    while (!simulation.supervise_once()) {
    }
    simulation.check();
    simulation.check_scenario();
  }
}

TEST_CASE("a supervisor that is killed repeatedly, with failures of the daemon") {
  const auto scenario = any_scenario_with_successor();
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    CAPTURE(scenario, seed);
    std::mt19937_64 chance(seed);
    Simulation simulation(scenario, seed,
                          {.lost_request = 0.1, .lost_reply = 0.1, .broken_stream = 0.2});
    for (int death = 0; death < 5; ++death) {
      simulation.universe().kill_at(simulation.universe().steps() + 1 +
                                    static_cast<long>(chance() % 40));
      if (simulation.supervise_once()) break;
    }
    simulation.stop_faults();
    simulation.universe().kill_at(-1);
    while (!simulation.supervise_once()) {
    }
    simulation.check();
  }
}

// The supervisor in a simulated world: killed at every step of every story, in every weather. What
// it does with its rows, locks and files is real.
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
  std::optional<Task> hook = {};               // at both ends
  bool hook_fails_task = false;
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
     .task = {.ignores_term = true, .lines = 5, .executor_lives_for = 300ms},
     .is_command = true},
    {.name = "wants too much memory, which is told late",
     .kind = "oom",
     .task = {.runs_for = 1s, .exit_code = 137, .lines = 5, .oom_told_after = 1500ms}},
    {.name = "ends, which the daemon denies",
     .kind = "lost",
     .task = {.runs_for = 1s, .exit_code = 7, .end_is_denied = true}},
    {.name = "ends with the daemon, which makes up a code",
     .kind = "lost",
     .task = {.runs_for = 1s, .exit_code = 7, .lines = 5, .forgotten_for = 3s}},
    {.name = "is removed by somebody else",
     .kind = "lost",
     .task = goes_on,
     .removed_after = 500ms},
    {.name = "has hooks", .kind = "exited", .task = ends, .hook = Task{.runs_for = 300ms}},
    {.name = "has hooks that hang and do not matter",
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
    {.name = "is destroyed while its hook runs",
     .kind = "destroyed",
     .task = ends,
     .destroyed_after = 500ms,
     .hook = Task{},
     .hook_fails_task = true},
};

class Simulation {
 public:
  Simulation(const Story& story, std::uint64_t seed, Weather weather)
      : story_(story), chance_(seed, weather), universe_(chance_), installation_(universe_) {
    universe_.program = story.task;
    universe_.image_is_there = story.image_is_there;
    if (story.hook) {
      universe_.hook = *story.hook;
      installation_.set_hooks({{"/hook"}, {"/hook"}, 10s, story.hook_fails_task});
    }
    universe_.add_foreigner("somebody-else");
    launch();
    plan_requests();
  }

  Universe& universe() { return universe_; }
  void calm() { chance_.calm(); }

  // One life of the supervisor; true when it came to its end.
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
    auto store = installation_.store();
    CHECK(store.find(id_)->state == name_of(State::gone));
    const auto termination = store.termination_of(id_);
    REQUIRE(termination);
    INFO(termination->kind << ": " << termination->message);
    CHECK(universe_.containers().size() == 1);
    CHECK(universe_.containers().count("somebody-else") == 1);
    CHECK(universe_.ended().size() <= 1);
    for (const auto& ended : universe_.ended()) CHECK(ended.starts == 1);
    check_code(*termination);
    CHECK(problems_of_walk(store, *store.find(id_)) == std::vector<std::string>{});
  }

  void check_story() {
    auto store = installation_.store();
    const auto termination = store.termination_of(id_);
    REQUIRE(termination);
    INFO(termination->message);
    CHECK(termination->kind == story_.kind);
    for (const char* when : {"launch ", "end "}) {
      CHECK((universe_.hooks().count(when + id_) == 1) == story_.hook.has_value());
    }
    if (story_.hook_fails_task) {
      CHECK(universe_.starts().empty());
      return;
    }
    // What is removed, or runs for ever by the daemon's word, takes its output along.
    if (story_.removed_after || story_.task.end_is_denied) return;
    check_output(universe_.ended().at(0));
  }

  // All that was printed, once. What the log does not have any more may be missing, if somebody
  // died.
  void check_output(const SimulatedContainer& ended) const {
    std::string copied = content_of(sandbox_ + "/stdout");
    std::string missing;
    for (std::size_t i = 0; i < ended.output.size(); ++i) {
      const auto& line = ended.output[i].bytes;
      const bool may_be_missing = was_killed_ && (i < ended.log_start || !story_.task.has_log);
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
    const auto sent = installation_.new_launch(id_, story_.is_command);
    sandbox_ = sent.directory();
    std::optional<int> status;
    installation_.run(containerizer::launch, "launch", sent.SerializeAsString(),
                      std::make_shared<Nobody>(),
                      [&](std::optional<int> ended) { status = ended; });
    // The supervisors are this test's own.
    const auto run_program =
        std::exchange(universe_.run_program, [](const auto&, int output) { ::close(output); });
    universe_.run([this] { return universe_.processes() == 0; });
    universe_.run_program = run_program;
    REQUIRE(status == exit_ok);
  }

  void plan_requests() {
    const auto request = [this](const char* kind) {
      return [this, kind] {
        installation_.store().request(id_, kind);
        universe_.wake_all();
      };
    };
    if (story_.destroyed_after)
      universe_.at(*story_.destroyed_after, "destroy", request("destroy"));
    if (story_.stopped_after) universe_.at(*story_.stopped_after, "stop", request("stop"));
    if (story_.removed_after) remove_after(*story_.removed_after);
  }

  // Once it has been started.
  void remove_after(Duration from_now) {
    universe_.at(from_now, "removal", [this, from_now] {
      const auto name = container_name(id_);
      if (universe_.starts().count(name) == 0) return remove_after(from_now);
      universe_.remove_behind_our_back(name);
    });
  }

  // A code that the daemon gave is told as it was, and none is invented.
  void check_code(const store::Termination& termination) {
    if (!termination.exit_code && !termination.signal) return;
    REQUIRE(universe_.ended().size() == 1);
    const int code = universe_.ended()[0].exit_code;
    CHECK(termination.exit_code.value_or(128 + termination.signal.value_or(0)) == code);
  }

  Story story_;
  Chance chance_;
  Universe universe_;
  Installation installation_;
  const std::string id_ = "container-0";
  std::string sandbox_;
  bool was_killed_ = false;
};

Story any_story() { return GENERATE(from_range(stories)); }

// Whoever takes over before a process was known cannot tell that it has gone.
Story any_story_to_take_over() {
  return GENERATE(
      filter([](const Story& s) { return !s.task.end_is_denied && !s.task.forgotten_for; },
             from_range(stories)));
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
  long first = 0;
  long steps = 0;
  {
    Simulation undisturbed(story, 1, {});
    first = undisturbed.universe().steps();
    undisturbed.supervise_once();
    steps = undisturbed.universe().steps();
  }
  for (long step = first + 1; step <= steps; ++step) {
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
    Simulation simulation(story, seed,
                          {.lost_request = 0.1, .lost_reply = 0.1, .broken_stream = 0.2});
    for (int death = 0; death < 5; ++death) {
      simulation.universe().kill_at(simulation.universe().steps() + 1 +
                                    static_cast<long>(chance() % 40));
      if (simulation.supervise_once()) break;
    }
    simulation.calm();
    simulation.universe().kill_at(-1);
    while (!simulation.supervise_once()) {
    }
    simulation.check();
  }
}

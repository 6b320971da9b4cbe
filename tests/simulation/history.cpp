#include "tests/simulation/history.h"

#include <filesystem>
#include <ostream>
#include <random>

#include "engine/container/identity.h"
#include "engine/lifecycle/lifecycle.h"
#include "engine/translation/launch_plan.h"
#include "host/format.h"
#include "tests/simulation/slave.h"
#include "tests/simulation/walk.h"

namespace containerizer::simulation {
namespace {

using Kind = Happening::Kind;
using namespace std::chrono_literals;

constexpr Duration length{20'000};
constexpr const char* kind_names[] = {
    "launch",           "destroy",        "update",         "slave crash",    "kill of a process",
    "remove container", "kill container", "daemon restart", "daemon upgrade", "reboot"};

std::string id_of(int container) { return formatted("container-{}", container); }

Task make_task(std::mt19937_64& random) {
  Task task;
  if (random() % 3 != 0) task.runs_for = Duration(random() % 10'000);
  task.exit_code = static_cast<int>(random() % 4);
  task.ignores_term = random() % 4 == 0;
  task.lines = static_cast<int>(random() % 4);
  if (random() % 8 == 0) {
    task.exit_code = 137;
    task.oom_told_after = Duration(random() % 2'000);
  }
  if (random() % 8 == 0) task.executor_lives_for = Duration(random() % 5'000);
  return task;
}

FaultRates make_fault_rates(std::mt19937_64& random) {
  const auto chance = [&](double worst) {
    return random() % 2 == 0 ? 0.0 : worst * static_cast<double>(random() % 100) / 100;
  };
  FaultRates fault_rates;
  fault_rates.lost_request = chance(0.2);
  fault_rates.lost_reply = chance(0.2);
  fault_rates.silence = chance(0.05);
  fault_rates.refusal = chance(0.05);
  fault_rates.broken_stream = chance(0.3);
  fault_rates.death = chance(0.02);
  fault_rates.switch_ = 0.05 + chance(0.5);
  return fault_rates;
}

// One run of a history.
class Life {
 public:
  Life(const History& history, Fate& fate)
      : history_(history),
        universe_(fate),
        installation_(universe_),
        slave_(universe_, installation_),
        random_(history.seed + 1) {
    if (fate.begin(
            [this] { return Hash(universe_.fingerprint()).add(slave_.fingerprint()).value(); })) {
      universe_.keep_track(installation_.settings().state_directory() + "/run");
    }
    universe_.add_foreigner("somebody-else");
    if (history.hook) {
      universe_.hook = *history.hook;
      installation_.set_hooks({{"/hook"}, {"/hook"}, 10s, false});
    }
    for (std::size_t i = 0; i < history.tasks.size(); ++i) {
      universe_.programs[container_name(id_of(static_cast<int>(i)))] = history.tasks[i];
    }
    for (const auto& happening : history.happenings) {
      universe_.at(happening.at, kind_names[static_cast<std::size_t>(happening.kind)],
                   [this, happening] { happen(happening); });
    }
  }

  ~Life() { universe_.abandon(); }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  Outcome run() {
    try {
      slave_.start();
      universe_.at(length, "end", [] {});
      const auto end = universe_.now() + length;
      universe_.run([&] { return universe_.now() >= end; });
      universe_.fate().stop_faults();
      settle();
      note_last_readings();
      settle();
      check();
    } catch (const std::exception& error) {
      problems_.push_back(error.what());
    }
    problems_.insert(problems_.end(), slave_.problems().begin(), slave_.problems().end());
    return {problems_, universe_.steps()};
  }

 private:
  // Restarts the slave and destroys all containers.
  void settle() {
    slave_.crash();
    slave_.start();
    universe_.run([&] { return slave_.is_ready(); });
    slave_.destroy_all();
    universe_.run([&] { return slave_.is_done() && universe_.processes() == 0; });
  }

  // What the next slave may be told once more.
  void note_last_readings() {
    for (const auto& one : installation_.store().last_readings(10s)) {
      told_again_.insert(one.container_id);
    }
  }

  void happen(const Happening& happening) {
    const auto id = id_of(happening.container);
    switch (happening.kind) {
      case Kind::launch:
        slave_.launch(id, history_.is_command[static_cast<std::size_t>(happening.container)]);
        break;
      case Kind::destroy:
        slave_.destroy(id);
        break;
      case Kind::update:
        slave_.update(id);
        break;
      case Kind::slave_crash:
        slave_.crash();
        universe_.at(500ms, "slave", [this] { slave_.start(); });
        break;
      case Kind::kill_process:
        universe_.kill_any(random_());
        break;
      case Kind::remove_container:
        disturbed_.insert(id);
        universe_.remove_behind_our_back(container_name(id));
        break;
      case Kind::kill_container:
        universe_.kill_behind_our_back(container_name(id));
        break;
      case Kind::daemon_restart:
        universe_.restart_daemon(3s, false);
        break;
      case Kind::daemon_upgrade:
        universe_.restart_daemon(3s, true);
        break;
      case Kind::reboot:
        rebooted_ = true;
        slave_.crash();
        universe_.reboot();
        universe_.at(500ms, "slave", [this] { slave_.start(); });
        break;
    }
  }

  void check() {
    auto store = installation_.store();
    for (const auto& row : store.everything()) check_row(store, row);
    if (!store.undelivered().empty()) problem("a termination was not delivered");
    for (const auto& id : slave_.listed()) {
      if (told_again_.count(id) == 0) problem("containers lists an ended container");
    }
    for (const auto& [name, container] : universe_.containers()) {
      if (name != "somebody-else") problem(name + " is left in the daemon");
    }
    if (universe_.containers().count("somebody-else") == 0)
      problem("another program's container is gone");
    for (const auto& [name, starts] : universe_.starts()) {
      if (starts > 1) problem(formatted("{} was started {} times", name, starts));
    }
    for (const auto& [name, starts] : universe_.executor_starts()) {
      if (starts > 1) problem(formatted("{} got {} executors", name, starts));
    }
    const auto run = installation_.settings().state_directory() + "/run";
    for (const auto& file : std::filesystem::directory_iterator(run)) {
      problem(file.path().filename().string() + " is left");
    }
  }

  void check_row(store::Store& store, const store::Container& row) {
    const auto& id = row.container_id;
    if (row.state != name_of(State::gone)) problem(id + " is " + row.state);
    const auto termination = store.termination_of(id);
    if (!termination) {
      problem(id + " has no termination");
    } else {
      check_code(store, id, *termination);
    }
    for (const auto& one : problems_of_walk(store, row)) problem(one);
  }

  // A code that the daemon reported is recorded unchanged. None is invented, and none is lost.
  void check_code(store::Store& store, const std::string& id,
                  const store::Termination& termination) {
    const SimulatedContainer* ended = nullptr;
    for (const auto& one : universe_.ended()) {
      if (one.name == container_name(id)) ended = &one;
    }
    std::optional<int> recorded = termination.exit_code;
    if (termination.signal) recorded = 128 + *termination.signal;
    if (recorded && (ended == nullptr || *recorded != ended->exit_code)) {
      problem(formatted("{} is recorded with exit code {}", id, *recorded));
    }
    const bool must_be_recorded = ended != nullptr && ended->by_itself && !rebooted_ &&
                                  disturbed_.count(id) == 0 && history_.fault_rates.refusal == 0 &&
                                  !store.requests_of(id).destroy;
    if (must_be_recorded && !recorded) {
      problem(formatted("{} ended with {}, which is recorded as {}", id, ended->exit_code,
                        termination.message));
    }
  }

  void problem(const std::string& what) { problems_.push_back(what); }

  const History& history_;
  Universe universe_;
  Installation installation_;
  Slave slave_;
  std::mt19937_64 random_;
  bool rebooted_ = false;
  std::set<std::string> disturbed_;
  std::set<std::string> told_again_;
  std::vector<std::string> problems_;
};

bool has_problem(const History& history) { return !run_history(history).problems.empty(); }

}  // namespace

std::ostream& operator<<(std::ostream& out, const History& history) {
  const auto& w = history.fault_rates;
  out << formatted(
      "seed {}: lost requests {}, lost replies {}, silence {}, refusals {}, broken streams {},"
      " deaths {}, switches {}\n",
      history.seed, w.lost_request, w.lost_reply, w.silence, w.refusal, w.broken_stream, w.death,
      w.switch_);
  if (history.hook) out << "  with hooks\n";
  for (const auto& one : history.happenings) {
    out << formatted("  {:>6} ms {} {}\n", one.at.count(),
                     kind_names[static_cast<std::size_t>(one.kind)], one.container);
  }
  return out;
}

History make_history(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  History history;
  history.seed = seed;
  history.fault_rates = make_fault_rates(random);
  const int containers = 1 + static_cast<int>(random() % 3);
  for (int i = 0; i < containers; ++i) {
    history.tasks.push_back(make_task(random));
    history.is_command.push_back(random() % 2 == 0);
    history.happenings.push_back({Duration(1'000 + random() % 5'000), Kind::launch, i});
  }
  constexpr std::size_t kinds = static_cast<std::size_t>(Kind::reboot);
  for (auto more = random() % 8; more > 0; --more) {
    history.happenings.push_back({Duration(1'000 + random() % 18'000),
                                  static_cast<Kind>(1 + random() % kinds),
                                  static_cast<int>(random() % static_cast<unsigned>(containers))});
  }
  if (random() % 4 == 0) history.hook = make_task(random);
  return history;
}

Outcome run_history(const History& history, Fate& fate) { return Life(history, fate).run(); }

Outcome run_history(const History& history) {
  Chance chance(history.seed, history.fault_rates);
  return run_history(history, chance);
}

History shrink(History history) {
  const auto try_without = [&](auto change) {
    auto smaller = history;
    change(smaller);
    if (has_problem(smaller)) history = std::move(smaller);
  };
  for (std::size_t i = history.happenings.size(); i-- > 0;) {
    try_without(
        [&](History& h) { h.happenings.erase(h.happenings.begin() + static_cast<long>(i)); });
  }
  for (double FaultRates::*one :
       {&FaultRates::lost_request, &FaultRates::lost_reply, &FaultRates::silence,
        &FaultRates::refusal, &FaultRates::broken_stream, &FaultRates::death}) {
    try_without([&](History& h) { h.fault_rates.*one = 0; });
  }
  return history;
}

}  // namespace containerizer::simulation

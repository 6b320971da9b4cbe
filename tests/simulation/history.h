// Random histories: a list of events for a slave and its containers, which can be replayed and
// shortened, and the conditions that must be true at its end.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/universe.h"

namespace containerizer::simulation {

struct Happening {
  enum class Kind {
    launch,
    destroy,
    update,
    slave_crash,
    kill_process,
    remove_container,
    kill_container,
    daemon_restart,
    daemon_upgrade,  // a restart with live-restore
    reboot,
  };
  Duration at{0};
  Kind kind = Kind::launch;
  int container = 0;
};

struct History {
  std::uint64_t seed = 0;
  FaultRates fault_rates;
  std::vector<Task> tasks;
  std::vector<bool> is_command;
  std::optional<Task> hook;  // launch and end hook of every container
  std::vector<Happening> happenings;
};

std::ostream& operator<<(std::ostream& out, const History& history);

History make_history(std::uint64_t seed);

struct Outcome {
  std::vector<std::string> problems;  // empty: all promises were kept
  long steps = 0;
};

// Runs the history, then stops all failures, restarts the slave, destroys all containers and checks
// the result.
Outcome run_history(const History& history, Fate& fate);
// The same with random choices, from the history's seed and fault rates.
Outcome run_history(const History& history);

// Shortens a history as long as it still has a problem. REQUIRES: it has one.
History shrink(History history);

}  // namespace containerizer::simulation

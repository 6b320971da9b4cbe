// Random histories: what happens to a slave and its containers, as a list that can be replayed and
// made shorter, and what must be true when all of it is over.
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
    daemon_upgrade,  // a restart that containers survive
    reboot,
  };
  Duration at{0};
  Kind kind = Kind::launch;
  int container = 0;
};

struct History {
  std::uint64_t seed = 0;
  Weather weather;
  std::vector<Task> tasks;
  std::vector<bool> is_command;
  std::optional<Task> hook;  // at both ends of every container
  std::vector<Happening> happenings;
};

std::ostream& operator<<(std::ostream& out, const History& history);

History make_history(std::uint64_t seed);

struct Outcome {
  std::vector<std::string> problems;  // none: all promises were kept
  long steps = 0;
};

// Lets it happen, calms fate, restarts the slave, ends what still runs, and looks.
Outcome live_through(const History& history, Fate& fate);
// By chance, as its seed and its weather will have it.
Outcome live_through(const History& history);

// A history with as little in it as still has a problem. REQUIRES: this one has.
History shrink(History history);

}  // namespace containerizer::simulation

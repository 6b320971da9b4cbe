// One lock file per container: who holds its lifecycle, and how far it has come. Other processes
// wait on it without polling, and the kernel frees it however its holder dies.
#pragma once

#include <optional>
#include <string>

#include "engine/lifecycle/lifecycle.h"
#include "host/host.h"

namespace containerizer {

// What the owner has yet to get past, in this order. It holds all of them at first and lets go of
// one after the other; a freed one means "passed" only when the row says so too, else its owner
// died.
enum class Phase {
  startup,    // not running yet, and no termination recorded
  outcome,    // no termination recorded
  executor,   // not settled: `wait` may not answer in full
  ownership,  // the owner's life
};

// Whether a container in this state is past the phase.
bool is_past(State state, Phase phase);

class LifeLock {
 public:
  // `create` for owners-to-be. Without, a container whose lock file is gone counts as passed.
  LifeLock(const std::string& state_directory, const std::string& container_id, bool create);

  // Becomes the owner, holding every phase; false when there is one already. The owner keeps the
  // object for as long as it owns.
  bool try_own(Host& host);
  // REQUIRES: we own.
  void pass(Phase phase);

  bool is_held(Phase phase) const;
  // As LockFile::lock.
  LockFile::Outcome await_passed(Host& host, Phase phase, std::optional<Deadline> deadline = {},
                                 const volatile std::sig_atomic_t* interrupted = nullptr);

 private:
  LockFile file_;
};

}  // namespace containerizer

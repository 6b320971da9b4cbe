// One lock file per container: who holds its lifecycle, and how far it has come. Other processes
// wait on it without polling, and the kernel frees it however its holder dies.
#pragma once

#include <optional>
#include <string>

#include "engine/host/host.h"
#include "engine/lifecycle.h"

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

// A byte of the lock file behind those of the phases: whoever changes the limits holds it.
inline constexpr int limits_byte = 8;

// Whether a container in this state is past the phase.
bool is_past(State state, Phase phase);

// The path of one of a container's files: ".lock", ".output" for the cursor of its output, ".facts"
// for its running facts, ".executor" for the sign that its mesos-executor has begun.
std::string life_file(const std::string& state_directory, const std::string& container_id,
                      const std::string& suffix);

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

// Deletes the files of a container that is Gone. Harmless to repeat, and to those who still hold or
// await its lock.
void forget_files(const std::string& state_directory, const std::string& container_id);

}  // namespace containerizer

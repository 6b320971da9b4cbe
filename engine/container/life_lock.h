// One lock file per container. It shows whether a supervisor owns the container, and how far the
// container's life has come. The release of a phase wakes the processes that wait for it. The
// kernel releases the locks of an owner that dies. Two further bytes show whether a task proxy and
// a `wait` run.
#pragma once

#include <optional>
#include <string>

#include "engine/lifecycle/lifecycle.h"
#include "host/host.h"

namespace containerizer {

// The phases of a container's life, in order. Each is a byte of the lock file. The owner locks all
// of them, and releases a phase when the container is past it. A released phase therefore means
// that the container is past it, or that the owner died. The row shows which.
enum class Phase {
  startup,    // passed when the container runs, or its termination is recorded
  outcome,    // passed when the termination is recorded
  executor,   // passed when the outcome is settled: `wait` may then send its full reply
  ownership,  // passed when the owner has exited
};

// Whether a container in this state is past the phase.
bool is_past(State state, Phase phase);

class LifeLock {
 public:
  // `create` is for a process that will try to become the owner. Without it, and if the lock file
  // does not exist, all phases are treated as released. Throws std::system_error as LockFile does.
  LifeLock(const std::string& state_directory, const std::string& container_id, bool create);
  // Takes the open lock file of an owner that has become this program.
  explicit LifeLock(Fd file) : file_(std::move(file)) {}

  // Becomes the owner and locks all phases, also if it is the owner already. False if another
  // process is the owner. Ownership ends when this object is destroyed, or when the process dies.
  bool try_own(Host& host);
  // Releases a phase. REQUIRES: we are the owner.
  void pass(Phase phase);
  // Whether the lock file was deleted. Only its owner may do that, so somebody has removed the work
  // directory. REQUIRES: we are the owner.
  bool is_abandoned() const { return file_.is_deleted(); }
  // The open lock file. It keeps the locks in another program that this process becomes.
  int descriptor() const { return file_.descriptor(); }

  // The task proxy calls this: has_proxy() is then true, for all processes, until this object is
  // destroyed or the process dies.
  void hold_as_proxy();
  bool has_proxy() const;
  // The same for `wait`, of which several can run at a time.
  void hold_as_wait();
  bool has_wait() const;

  // Whether an owner has locked the phase at this moment.
  bool is_held(Phase phase) const;
  // The owner. Empty if there is none, or if LockFile::owner_of() does not find it.
  std::optional<ProcessId> owner() const;
  // Blocks until the phase is released. Deadline, interruption and result are those of
  // LockFile::lock().
  LockFile::Outcome await_passed(Host& host, Phase phase, std::optional<Deadline> deadline = {},
                                 const volatile std::sig_atomic_t* interrupted = nullptr);

 private:
  LockFile file_;
};

// Whether a process owns the container now. Creates no lock file. Throws as LifeLock does.
bool has_owner(const std::string& state_directory, const std::string& container_id);

}  // namespace containerizer

#include "engine/container/life_lock.h"

#include "engine/container/run_files.h"

namespace containerizer {
namespace {

// The bytes that the task proxy and `wait` lock, behind those of the phases and of
// resource_limits.cpp.
constexpr int proxy_byte = 9;
constexpr int wait_byte = 10;

}  // namespace

bool is_past(State state, Phase phase) {
  const bool has_ended = state == State::exited || is_settled(state);
  switch (phase) {
    case Phase::startup:
      return state == State::running || state == State::stopping || has_ended;
    case Phase::outcome:
      return has_ended;
    case Phase::executor:
      return is_settled(state);
    case Phase::ownership:
      break;
  }
  return state == State::gone;
}

LifeLock::LifeLock(const std::string& state_directory, const std::string& container_id, bool create)
    : file_(run_file(state_directory, container_id, ".lock"), create) {}

bool LifeLock::try_own(Host& host) {
  using Mode = LockFile::Mode;
  if (!file_.try_lock(static_cast<int>(Phase::ownership), Mode::exclusive)) return false;
  // The owner alone takes these exclusively. A process that waits for a phase has its lock shared
  // for a moment, and releases it at once.
  for (const Phase phase : {Phase::startup, Phase::outcome, Phase::executor}) {
    host.lock(file_, static_cast<int>(phase), Mode::exclusive, {}, nullptr);
  }
  return true;
}

void LifeLock::pass(Phase phase) { file_.unlock(static_cast<int>(phase)); }

void LifeLock::hold_as_proxy() {
  // A second task proxy, started by hand, does not get the lock, and needs none.
  if (file_.valid()) file_.try_lock(proxy_byte, LockFile::Mode::exclusive);
}

bool LifeLock::has_proxy() const { return file_.valid() && file_.is_held(proxy_byte); }

void LifeLock::hold_as_wait() {
  if (file_.valid()) file_.try_lock(wait_byte, LockFile::Mode::shared);
}

bool LifeLock::has_wait() const { return file_.valid() && file_.is_locked(wait_byte); }

bool LifeLock::is_held(Phase phase) const {
  return file_.valid() && file_.is_held(static_cast<int>(phase));
}

std::optional<ProcessId> LifeLock::owner() const {
  return file_.valid() ? file_.owner_of(static_cast<int>(Phase::ownership)) : std::nullopt;
}

LockFile::Outcome LifeLock::await_passed(Host& host, Phase phase, std::optional<Deadline> deadline,
                                         const volatile std::sig_atomic_t* interrupted) {
  // Without a lock file, no supervisor has started yet, or the container is Gone.
  if (!file_.valid()) return LockFile::Outcome::locked;
  const int byte = static_cast<int>(phase);
  // Shared, so that any number of processes can wait for the same phase.
  const auto outcome = host.lock(file_, byte, LockFile::Mode::shared, deadline, interrupted);
  if (outcome == LockFile::Outcome::locked) file_.unlock(byte);
  return outcome;
}

bool has_owner(const std::string& state_directory, const std::string& container_id) {
  return LifeLock(state_directory, container_id, false).is_held(Phase::ownership);
}

}  // namespace containerizer

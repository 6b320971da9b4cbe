// Watches whether a command task gets from the slave to mesos-executor, which then runs the task
// proxy. A slave that dies before that never sends the task again: its successor reports the task
// as lost, and the container must not run on.
#pragma once

#include <optional>

#include "engine/container/life_lock.h"
#include "engine/container/services.h"
#include "host/exit_watch.h"

namespace containerizer {

class HandOver {
 public:
  // Watches the process of the slave that has launched `container`. If that process is not known,
  // or if the container is an executor itself, the hand-over never fails. The lock must outlive
  // this object.
  HandOver(const Services& services, const store::Container& container, const LifeLock& lock);

  // Readable when has_failed() must be called; -1 if nothing needs to be watched.
  int fd() const { return slave_.fd(); }
  // Call has_failed() at this time too.
  Deadline due() const;
  // Whether the slave has died, and the task has not come in the time that a message under way
  // takes.
  bool has_failed();
  // Whether the slave has died, and no task proxy runs.
  bool is_missing();

 private:
  Host& host_;
  const LifeLock& lock_;
  ExitWatch slave_;
  std::optional<Deadline> gone_at_;  // the slave; empty too once the task has come
};

}  // namespace containerizer

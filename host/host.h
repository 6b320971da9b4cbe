// The host as the daemon sees it: one interface, so that a simulation can stand in.
// One thread. Descriptors that it hands out are good for its own poll().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/clock.h"
#include "host/fd.h"
#include "host/lock.h"
#include "host/process.h"
#include "host/result.h"
#include "host/worker.h"

namespace containerizer {

class Host {
 public:
  virtual ~Host() = default;

  virtual std::string boot() const = 0;
  virtual Deadline now() const = 0;

  // Blocks until one of `descriptors` (-1: none) is readable or the deadline has passed; says which
  // are. Nothing is readable when the time is over.
  virtual std::vector<bool> poll(const std::vector<int>& descriptors, Deadline deadline) = 0;

  // LockFile::lock.
  virtual LockFile::Outcome lock(LockFile& file, int byte, LockFile::Mode mode,
                                 std::optional<Deadline> deadline,
                                 const volatile std::sig_atomic_t* interrupted) = 0;

  // Readable after another process asked us to look at the requests in the store.
  virtual int wake() const = 0;
  virtual void clear_wake() = 0;
  // Asks a process that lives by a Host to do that. False when it is gone.
  virtual bool wake_up(const ProcessId& process) = 0;

  virtual ProcessId self() = 0;
  virtual std::optional<ProcessId> identify(pid_t pid) = 0;
  // The first process of a container, by the number that the daemon gives it. Nothing when there is
  // none (any more), or when that process is another one: a daemon on another host numbers others.
  virtual std::optional<ProcessId> identify_init(std::int64_t pid,
                                                 const std::string& docker_id) = 0;
  // Readable once the process has ended; invalid when it has already.
  virtual Fd exit_descriptor(const ProcessId& process) = 0;
  virtual void signal(const ProcessId& process, int signal) = 0;
  // The process and all that it leads, REQUIRES: it was started by us, in a session of its own.
  virtual void signal_group(const ProcessId& leader, int signal) = 0;

  // See host/process.h. One process can be prepared at a time.
  virtual Result<ProcessId> prepare(const Program& program) = 0;
  virtual Status allow() = 0;
  virtual Result<ProcessId> start(const Program& program) = 0;
  // Starts a program and returns what it writes to its standard output (of `program` that is not
  // used), until it closes that or the deadline has passed. Unless it is detached, it is then
  // ended. interrupted: `interrupt` (a descriptor, -1 for none) became readable before.
  virtual Result<std::string> run_and_capture(Program program, Deadline deadline,
                                              int interrupt) = 0;
  // The same; when we are part of a service of systemd's, in a scope of its own, so that it
  // outlives the service. If that fails, or takes long, it is begun without one, which is logged.
  // REQUIRES: it is detached, says something once it has begun, and may be begun twice.
  virtual Result<std::string> run_in_scope(Program program, const std::string& description,
                                           Deadline deadline) = 0;
  // A worker whose work may block. It runs in a thread, which a simulation has none of.
  virtual std::unique_ptr<Worker> start_worker(std::function<void()> work) = 0;
  // The waitpid status of an ended child of ours.
  virtual std::optional<int> reap(const ProcessId& child) = 0;
};

// The real one. Makes SIGUSR1 the wake signal and blocks it for this process.
std::unique_ptr<Host> make_host();

}  // namespace containerizer

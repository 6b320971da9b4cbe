// Everything that the program does to its host except files: processes, signals, locks, time and
// waiting. It is an interface, so that tests/simulation can replace the host.
//
// Use a Host from one thread. Pass the descriptors that it returns to its own poll() only: those of
// the simulation are not real descriptors.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/clock.h"
#include "host/fd.h"
#include "host/lock.h"
#include "host/process.h"
#include "host/result.h"

namespace containerizer {

class Host {
 public:
  virtual ~Host() = default;

  // The ID of this boot; see boot_id() in host/process.h.
  virtual std::string boot() const = 0;
  // The monotonic clock.
  virtual Deadline now() const = 0;

  // Blocks until a descriptor is readable (or its other end is closed) or the deadline has passed.
  // Returns one flag per descriptor: whether it is readable. -1 is allowed and never readable. All
  // flags are false when the deadline has passed, or when a signal handler interrupted the wait.
  virtual std::vector<bool> poll(const std::vector<int>& descriptors, Deadline deadline) = 0;

  // Calls LockFile::lock; see host/lock.h.
  virtual LockFile::Outcome lock(LockFile& file, int byte, LockFile::Mode mode,
                                 std::optional<Deadline> deadline,
                                 const volatile std::sig_atomic_t* interrupted) = 0;

  // A descriptor that is readable after another process has called wake_up() for this process: the
  // store then contains a new request. The Host owns it.
  virtual int wake() const = 0;
  // Makes wake() unreadable. Call it before reading the requests: a wake-up in between is then
  // kept.
  virtual void clear_wake() = 0;
  // Makes wake() of `process` readable. Returns false if that process has exited.
  // REQUIRES: that process has a Host; in any other process, SIGUSR1 can be fatal.
  virtual bool wake_up(const ProcessId& process) = 0;

  // This process.
  virtual ProcessId self() = 0;
  // See host/process.h.
  virtual std::optional<ProcessId> identify(pid_t pid) = 0;
  // The first process of the container `docker_id`, whose PID the daemon reports as `pid`. Empty if
  // that process has exited, or if it is not in a cgroup of the container: a daemon on another host
  // reports PIDs of that host.
  virtual std::optional<ProcessId> identify_init(std::int64_t pid,
                                                 const std::string& docker_id) = 0;
  // Returns a descriptor for poll(), which becomes readable when `process` exits. The caller owns
  // it. It is invalid if the process has already exited. It does not reap a child; see reap().
  virtual Fd exit_descriptor(const ProcessId& process) = 0;
  // Sends a signal. Does nothing if the process has exited.
  virtual void signal(const ProcessId& process, int signal) = 0;
  // Sends a signal to the process group that `leader` leads. Does nothing if `leader` has exited.
  // REQUIRES: this program started `leader`, so it is the leader of its own session.
  virtual void signal_group(const ProcessId& leader, int signal) = 0;

  // PreparedProcess::fork() and allow(), and start(), of host/process.h. The Host owns the prepared
  // process. A second prepare() drops the first process, which then exits without having done
  // anything. REQUIRES for allow(): prepare() succeeded before it.
  virtual Result<ProcessId> prepare(const Program& program) = 0;
  virtual Status allow() = 0;
  virtual Result<ProcessId> start(const Program& program) = 0;

  // Starts a program and returns what it writes to its standard output (`program.output` is
  // ignored). Reads until all writers have closed that output, the deadline has passed or
  // `interrupt` (a descriptor; -1 for none) is readable. A passed deadline is not a failure: the
  // output so far is returned. The exit code is not reported. Unless the program is detached, its
  // process group is then killed and the process reaped.
  // interrupted: `interrupt` is readable when the reading ends. Other failures: see start().
  virtual Result<std::string> run_and_capture(Program program, Deadline deadline,
                                              int interrupt) = 0;

  // Like run_and_capture() without an interrupt. If this process belongs to a systemd service, the
  // program starts in its own systemd scope, so it keeps running when the service is stopped.
  // Failures: see start(). No scope, or no output within 10 s, is not a failure: the program is
  // started again without a scope, a warning is logged, and later calls do not try a scope.
  // REQUIRES: `program` is detached, writes output as soon as it has started, and tolerates being
  // started twice.
  virtual Result<std::string> run_in_scope(Program program, const std::string& description,
                                           Deadline deadline) = 0;

  // Reaps a child of this process and returns its waitpid status. Empty while it runs, and if it is
  // not a child of this process.
  virtual std::optional<int> reap(const ProcessId& child) = 0;
};

// The real host. Blocks SIGUSR1 for the calling process, because it is the wake signal.
std::unique_ptr<Host> make_host();

}  // namespace containerizer

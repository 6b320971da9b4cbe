// Everything that the program does to its host except files: processes, signals, locks, time and
// waiting. It is an interface, so that tests/simulation can replace the host.
//
// Use a Host from one thread. Pass the descriptors that it returns to its own poll() only: those of
// the simulation are not real descriptors.
#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/clock.h"
#include "host/fd.h"
#include "host/lock.h"
#include "host/oom_log.h"
#include "host/process.h"
#include "host/result.h"
#include "host/scope.h"
#include "host/worker.h"

namespace containerizer {

// Wakes a process that has a Host; see wake_up(). In any other process it is fatal.
inline constexpr int wake_signal = SIGUSR1;

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

  // This process. Its PID is 0 if the kernel does not answer.
  virtual ProcessId self() = 0;
  // See host/process.h.
  virtual std::optional<ProcessId> identify(pid_t pid) = 0;
  // The first process of the container `docker_id`, whose PID the daemon reports as `pid`. Empty if
  // that process has exited, or if it is not in a cgroup of the container: a daemon on another host
  // reports PIDs of that host.
  virtual std::optional<ProcessId> identify_init(std::int64_t pid,
                                                 const std::string& docker_id) = 0;
  virtual Life life_of(const ProcessId& process) = 0;
  // See host/cgroup.h.
  virtual std::string memory_peak_file(const ProcessId& process) = 0;
  // Returns a descriptor for poll(), which becomes readable when `process` exits. The caller owns
  // it. It does not reap a child; see reap(). not_found: the process has exited. unavailable: the
  // process may live, and cannot be watched; see host/exit_watch.h.
  virtual Result<Fd> exit_descriptor(const ProcessId& process) = 0;
  // Sends a signal. Does nothing if the process has exited.
  virtual void signal(const ProcessId& process, int signal) = 0;
  // Sends a signal to the process group that `leader` leads. Does nothing if `leader` has exited.
  // REQUIRES: this program started `leader`, so it is the leader of its own session.
  virtual void signal_group(const ProcessId& leader, int signal) = 0;

  // Kills all processes_with() of host/process.h. Returns their number.
  virtual std::size_t kill_all_with(const std::string& variable) = 0;

  // Kills all processes_of_container() of host/cgroup.h. Returns their number.
  virtual std::size_t kill_container(const std::string& docker_id) = 0;

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

  // Whether run_in_scopes() starts programs in scopes: is_in_service() of host/scope.h, and no
  // scope was refused.
  virtual bool uses_scopes() = 0;
  // Starts all the programs at once, and returns the output of each, like run_and_capture() without
  // an interrupt. If this process belongs to a systemd service, each program starts in its own
  // systemd scope, so it keeps running when the service is stopped. Failures: see start(). No
  // scope, or no output within 10 s, is not a failure: the program is started again without a
  // scope, a warning is logged, and later calls do not try a scope.
  // REQUIRES: each program is detached, writes less than a pipe holds as soon as it has started,
  // and tolerates being started twice.
  virtual std::vector<Result<std::string>> run_in_scopes(const std::vector<ScopedProgram>& programs,
                                                         Deadline deadline) = 0;
  // Starts a thread that does work which may block. The simulation, which has no threads, runs it
  // in steps.
  virtual std::unique_ptr<Worker> start_worker(std::function<void()> work) = 0;

  // read_oom_kills() of host/oom_log.h.
  virtual std::optional<std::vector<OomKill>> oom_kills() = 0;

  // Reaps a child of this process and returns its waitpid status. Empty while it runs, and if it is
  // not a child of this process.
  virtual std::optional<int> reap(const ProcessId& child) = 0;

  // See become() in host/process.h.
  virtual Failure become(const Program& program, const std::vector<int>& kept) = 0;
};

// The real host. Blocks SIGUSR1 for the calling process, because it is the wake signal.
std::unique_ptr<Host> make_host();

}  // namespace containerizer

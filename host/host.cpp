#include "host/host.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "host/cgroup.h"
#include "host/file.h"
#include "host/log.h"
#include "host/scope.h"

namespace containerizer {
namespace {

constexpr int wake_signal = SIGUSR1;
constexpr Duration longest_wait_for_systemd{10'000};

class RealHost : public Host {
 public:
  RealHost() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, wake_signal);
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    wake_ = Fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  }

  std::string boot() const override { return boot_id(); }
  Deadline now() const override { return std::chrono::steady_clock::now(); }

  std::vector<bool> poll(const std::vector<int>& descriptors, Deadline deadline) override {
    std::vector<pollfd> polled;
    polled.reserve(descriptors.size());
    for (const int descriptor : descriptors) polled.push_back({descriptor, POLLIN, 0});
    // poll() takes an int of milliseconds, and no_limit does not fit into one.
    const auto limit = std::min(time_left(deadline), Duration(24 * 3600 * 1000));
    ::poll(polled.data(), polled.size(), static_cast<int>(limit.count()));
    std::vector<bool> ready;
    ready.reserve(polled.size());
    for (const auto& entry : polled) ready.push_back(entry.revents != 0);
    return ready;
  }

  LockFile::Outcome lock(LockFile& file, int byte, LockFile::Mode mode,
                         std::optional<Deadline> deadline,
                         const volatile std::sig_atomic_t* interrupted) override {
    return file.lock(byte, mode, deadline, interrupted);
  }

  int wake() const override { return wake_.get(); }

  void clear_wake() override {
    // Another wake-up can arrive between two reads, so read until there is none.
    signalfd_siginfo info{};
    while (::read(wake_.get(), &info, sizeof info) == sizeof info) {
    }
  }

  bool wake_up(const ProcessId& process) override { return send_signal(process, wake_signal); }

  ProcessId self() override { return containerizer::identify(::getpid()).value_or(ProcessId{}); }
  std::optional<ProcessId> identify(pid_t pid) override { return containerizer::identify(pid); }
  std::optional<ProcessId> identify_init(std::int64_t number,
                                         const std::string& docker_id) override {
    const auto pid = static_cast<pid_t>(number);
    auto process = pid > 0 ? containerizer::identify(pid) : std::nullopt;
    return process && has_cgroup_named(pid, docker_id) ? process : std::nullopt;
  }
  Fd exit_descriptor(const ProcessId& process) override { return open_process(process); }
  void signal(const ProcessId& process, int signal) override { send_signal(process, signal); }
  void signal_group(const ProcessId& leader, int signal) override {
    send_group_signal(leader, signal);
  }

  Result<ProcessId> prepare(const Program& program) override {
    auto process = PreparedProcess::fork(program);
    if (!process.ok()) return process.failure();
    prepared_ = std::make_unique<PreparedProcess>(std::move(process.value()));
    return prepared_->id();
  }

  Status allow() override {
    auto allowed = prepared_->allow();
    prepared_.reset();
    return allowed;
  }

  Result<ProcessId> start(const Program& program) override { return containerizer::start(program); }

  Result<std::string> run_and_capture(Program program, Deadline deadline, int interrupt) override {
    auto pipe = make_pipe();
    if (!pipe.ok()) return pipe.failure();
    program.output = pipe.value().write.get();
    auto started = containerizer::start(program);
    if (!started.ok()) return started.failure();
    // Otherwise we are a writer too, and the output never ends.
    pipe.value().write.close();
    auto output = read_to_end(pipe.value().read, deadline, interrupt);
    if (!program.detached) end(started.value());
    if (interrupt >= 0 && poll({interrupt}, now())[0]) {
      return Failure{Fault::interrupted, program.arguments[0] + " was cancelled"};
    }
    return output;
  }

  Result<std::string> run_in_scope(Program program, const std::string& description,
                                   Deadline deadline) override {
    if (!systemd_fails_ && is_in_service()) {
      auto output = run_and_capture(in_scope(program, description),
                                    std::min(deadline, deadline_in(longest_wait_for_systemd)), -1);
      // systemd-run's own exit code is lost, because the program is detached. Output proves that
      // the program itself has started.
      if (output.ok() && !output.value().empty()) return output;
      systemd_fails_ = true;
      log::warn(
          "cannot start {} in its own systemd scope{}; starting it without one: stopping the "
          "slave's unit will kill it unless the unit sets KillMode=process",
          description, output.ok() ? "" : ": " + output.failure().text);
    }
    return run_and_capture(std::move(program), deadline, -1);
  }

  std::optional<int> reap(const ProcessId& child) override {
    return containerizer::reap(child.pid);
  }

 private:
  void end(const ProcessId& child) {
    // The descriptor comes first: after the signal, the process may already be a zombie.
    const Fd ended = open_process(child);
    send_group_signal(child, SIGKILL);
    if (ended.valid()) poll({ended.get()}, deadline_in(Duration(1'000)));
    containerizer::reap(child.pid);
  }

  Fd wake_;
  std::unique_ptr<PreparedProcess> prepared_;
  // After one failure, systemd is not asked again: a recovery can start a thousand programs, and
  // each attempt can take 10 s.
  bool systemd_fails_ = false;
};

}  // namespace

std::unique_ptr<Host> make_host() { return std::make_unique<RealHost>(); }

}  // namespace containerizer

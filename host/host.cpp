#include "host/host.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "host/cgroup.h"
#include "host/file.h"
#include "host/log.h"
#include "host/poll.h"
#include "host/scope.h"

namespace containerizer {
namespace {

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
    poll_patiently(polled.data(), polled.size(), time_left(deadline));
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
  Life life_of(const ProcessId& process) override { return containerizer::life_of(process); }
  Result<Fd> exit_descriptor(const ProcessId& process) override { return open_process(process); }
  std::string memory_peak_file(const ProcessId& process) override {
    return containerizer::memory_peak_file(process.pid);
  }
  void signal(const ProcessId& process, int signal) override { send_signal(process, signal); }
  void signal_group(const ProcessId& leader, int signal) override {
    send_group_signal(leader, signal);
  }

  std::size_t kill_all_with(const std::string& variable) override {
    return kill_all(processes_with(variable));
  }

  std::size_t kill_container(const std::string& docker_id) override {
    return kill_all(processes_of_container(docker_id));
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
    const bool detached = program.detached;
    const auto name = program.arguments[0];
    auto started = start_capture(std::move(program));
    if (!started.ok()) return started.failure();
    auto output = read_to_end(started.value().output, deadline, interrupt);
    if (!detached) end(started.value().process);
    if (interrupt >= 0 && poll({interrupt}, now())[0]) {
      return Failure{Fault::interrupted, name + " was cancelled"};
    }
    return output;
  }

  bool uses_scopes() override { return !systemd_fails_ && is_in_service(); }

  std::vector<Result<std::string>> run_in_scopes(const std::vector<ScopedProgram>& programs,
                                                 Deadline deadline) override {
    const bool scoped = uses_scopes();
    std::vector<Result<Captured>> started;
    started.reserve(programs.size());
    for (const auto& one : programs) {
      started.push_back(start_capture(scoped ? in_scope(one) : one.program));
    }
    const auto scoped_deadline = std::min(deadline, deadline_in(longest_wait_for_systemd));
    std::vector<Result<std::string>> outputs;
    outputs.reserve(programs.size());
    for (std::size_t i = 0; i < programs.size(); ++i) {
      auto output = started[i].ok()
                        ? Result<std::string>(read_to_end(started[i].value().output,
                                                          scoped ? scoped_deadline : deadline, -1))
                        : started[i].failure();
      if (scoped) output = or_without_scope(output, programs[i], deadline);
      outputs.push_back(std::move(output));
    }
    return outputs;
  }

  std::unique_ptr<Worker> start_worker(std::function<void()> work) override {
    return make_thread_worker(std::move(work));
  }

  std::optional<std::vector<OomKill>> oom_kills() override { return read_oom_kills(); }

  std::optional<int> reap(const ProcessId& child) override {
    return containerizer::reap(child.pid);
  }

  Failure become(const Program& program, const std::vector<int>& kept) override {
    return containerizer::become(program, kept);
  }

 private:
  static std::size_t kill_all(const std::vector<ProcessId>& processes) {
    for (const auto& process : processes) send_signal(process, SIGKILL);
    return processes.size();
  }

  // A program that runs, and the descriptor that reads what it writes.
  struct Captured {
    ProcessId process;
    Fd output;
  };

  static Result<Captured> start_capture(Program program) {
    auto pipe = make_pipe();
    if (!pipe.ok()) return pipe.failure();
    program.output = pipe.value().write.get();
    auto started = containerizer::start(program);
    if (!started.ok()) return started.failure();
    // Our end for writing closes here. With it, the output would never end.
    return Captured{started.value(), std::move(pipe.value().read)};
  }

  // systemd-run's own exit code is lost, because the program is detached. Output proves that the
  // program itself has started.
  Result<std::string> or_without_scope(const Result<std::string>& output,
                                       const ScopedProgram& scoped, Deadline deadline) {
    if (output.ok() && !output.value().empty()) return output;
    if (!std::exchange(systemd_fails_, true)) {
      log::warn(
          "cannot start the {} in its own systemd scope{}; it runs without a scope. A stop of the "
          "slave's unit then kills it, unless the unit sets KillMode=process",
          scoped.description, output.ok() ? "" : ": " + output.failure().text);
    }
    return run_and_capture(scoped.program, deadline, -1);
  }

  void end(const ProcessId& child) {
    // The descriptor comes first: after the signal, the process may already be a zombie.
    const auto ended = open_process(child);
    send_group_signal(child, SIGKILL);
    if (ended.ok()) poll({ended.value().get()}, deadline_in(Duration(1'000)));
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

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "host/file.h"
#include "host/format.h"
#include "tests/simulation/universe.h"

namespace containerizer::simulation {

// Works at once, in the process that asks for it.
class SimulatedWorker : public Worker {
 public:
  SimulatedWorker(Universe& universe, std::function<void()> work)
      : universe_(universe),
        work_(std::move(work)),
        fd_(universe.new_descriptor([this] { return is_done_; })) {}
  ~SimulatedWorker() override { universe_.descriptors_.erase(fd_); }
  void poke() override {
    work_();
    is_done_ = true;
  }
  int fd() const override { return fd_; }
  void clear() override { is_done_ = false; }

 private:
  Universe& universe_;
  std::function<void()> work_;
  bool is_done_ = false;
  int fd_;
};

class SimulatedHost : public Host {
 public:
  explicit SimulatedHost(Universe& universe) : universe_(universe), self_(universe.current_) {
    wake_ = universe.new_descriptor([this] { return self_->woken; });
  }
  ~SimulatedHost() override { universe_.descriptors_.erase(wake_); }

  std::string boot() const override { return formatted("boot {}", universe_.boot_); }
  Deadline now() const override { return universe_.now_; }

  std::vector<bool> poll(const std::vector<int>& descriptors, Deadline deadline) override {
    universe_.step();
    std::vector<bool> ready;
    const auto look = [&] {
      ready.clear();
      bool any = false;
      for (const int fd : descriptors) {
        const auto found = universe_.descriptors_.find(fd);
        ready.push_back(found != universe_.descriptors_.end() && found->second());
        any = any || ready.back();
      }
      return any;
    };
    if (!look()) universe_.block(look, deadline);
    look();
    for (const bool one : ready) universe_.learn(one);
    return ready;
  }

  LockFile::Outcome lock(LockFile& file, int byte, LockFile::Mode mode,
                         std::optional<Deadline> deadline,
                         const volatile std::sig_atomic_t* interrupted) override {
    using Outcome = LockFile::Outcome;
    const auto far = universe_.now_ + Duration(365LL * 24 * 3600 * 1000);
    bool taken = false;
    const auto is_interrupted = [&] { return interrupted != nullptr && *interrupted != 0; };
    // Like the kernel, it gives the lock to the process before that process runs.
    const auto look = [&] {
      taken = taken || file.try_lock(byte, mode);
      return taken || is_interrupted();
    };
    universe_.step();
    if (!look()) universe_.block(look, deadline.value_or(far));
    universe_.learn(taken);
    if (taken) return Outcome::locked;
    return is_interrupted() ? Outcome::interrupted : Outcome::timed_out;
  }

  int wake() const override { return wake_; }
  void clear_wake() override { self_->woken = false; }
  bool wake_up(const ProcessId& process) override {
    const auto found = universe_.processes_.find(process.pid);
    universe_.learn(found != universe_.processes_.end());
    if (found == universe_.processes_.end()) return false;
    found->second.woken = true;
    return true;
  }

  ProcessId self() override { return {self_->pid, 1}; }

  std::optional<ProcessId> identify(pid_t pid) override {
    const ProcessId process{pid, 1};
    return is_alive(process) ? std::optional(process) : std::nullopt;
  }
  std::optional<ProcessId> identify_init(std::int64_t pid, const std::string& id) override {
    const ProcessId process{static_cast<pid_t>(pid), 1};
    const bool is_its = pid > 0 && universe_.init_of(id) == pid && is_alive(process);
    return is_its ? std::optional(process) : std::nullopt;
  }
  std::string memory_peak_file(const ProcessId& /*process*/) override { return ""; }
  Life life_of(const ProcessId& process) override {
    return is_alive(process) ? Life::alive : Life::gone;
  }
  Result<Fd> exit_descriptor(const ProcessId& process) override {
    if (!is_alive(process)) return Failure{Fault::not_found, "it has exited"};
    return Fd(universe_.new_descriptor(
        [&universe = universe_, process] { return !universe.is_alive(process); }));
  }
  void signal(const ProcessId& process, int signal) override {
    for (const auto& [id, pid] : universe_.inits_) {
      if (pid == process.pid && universe_.find(id) != nullptr) {
        universe_.signal(universe_.name_of(id), signal == SIGKILL ? "SIGKILL" : "SIGTERM");
      }
    }
  }
  void signal_group(const ProcessId& leader, int /*signal*/) override {
    universe_.alive_.erase(leader.pid);
  }

  // A hook ends with its supervisor, and leaves nothing.
  std::size_t kill_all_with(const std::string& /*variable*/) override { return 0; }
  // The simulated daemon starts a container at one moment, so it cannot die in the middle.
  std::size_t kill_container(const std::string& /*docker_id*/) override { return 0; }

  // mesos-executor. It lives until a second after the task's end, or as long as the task says.
  Result<ProcessId> prepare(const Program& program) override {
    universe_.step();
    prepared_ = program;
    prepared_id_ = ProcessId{universe_.new_number("executor"), 1};
    return prepared_id_;
  }
  Status allow() override {
    universe_.step();
    std::ofstream(prepared_.started_file).put('\n');
    universe_.start_executor(prepared_id_.pid, prepared_);
    universe_.step();
    return Done{};
  }
  // A hook.
  Result<ProcessId> start(const Program& program) override {
    universe_.step();
    const ProcessId id{universe_.new_number("hook"), 1};
    universe_.start_hook(id.pid, program);
    universe_.step();
    return id;
  }

  Result<std::string> run_and_capture(Program program, Deadline deadline, int interrupt) override {
    universe_.step();
    auto pipe = make_pipe();
    if (!pipe.ok()) return pipe.failure();
    // The pipe is closed even if the process is killed before it starts.
    const auto output = std::make_shared<Fd>(std::move(pipe.value().write));
    universe_.spawn(program.arguments.at(1) + " " + program.arguments.back(),
                    [&universe = universe_, arguments = program.arguments, output] {
                      universe.step();
                      universe.run_program(arguments, output->release());
                    });
    const auto is_closed = [read = pipe.value().read.get()] {
      pollfd end{read, POLLIN, 0};
      return ::poll(&end, 1, 0) == 1 && (end.revents & POLLHUP) != 0;
    };
    const auto is_cancelled = [&] {
      const auto found = universe_.descriptors_.find(interrupt);
      return found != universe_.descriptors_.end() && found->second();
    };
    universe_.block([&] { return is_closed() || is_cancelled(); }, deadline);
    universe_.learn(is_closed());
    if (is_cancelled()) return Failure{Fault::interrupted, "it was cancelled"};
    return is_closed() ? read_to_end(pipe.value().read, deadline_in(Duration(0))) : "";
  }
  bool uses_scopes() override { return false; }
  std::vector<Result<std::string>> run_in_scopes(const std::vector<ScopedProgram>& programs,
                                                 Deadline deadline) override {
    std::vector<Result<std::string>> outputs;
    for (const auto& one : programs) outputs.push_back(run_and_capture(one.program, deadline, -1));
    return outputs;
  }

  std::unique_ptr<Worker> start_worker(std::function<void()> work) override {
    return std::make_unique<SimulatedWorker>(universe_, std::move(work));
  }

  // The daemon alone tells of kills for lack of memory.
  std::optional<std::vector<OomKill>> oom_kills() override { return std::nullopt; }

  // Only the status of a hook is used.
  std::optional<int> reap(const ProcessId& /*child*/) override {
    return universe_.hook.exit_code << 8;
  }

  Failure become(const Program& /*program*/, const std::vector<int>& /*kept*/) override {
    return {Fault::refused, "there is no other program"};
  }

 private:
  bool is_alive(const ProcessId& process) {
    const bool alive = universe_.is_alive(process);
    universe_.learn(alive);
    return alive;
  }

  Universe& universe_;
  Universe::Process* self_;
  int wake_;
  Program prepared_;
  ProcessId prepared_id_;
};

std::unique_ptr<Host> Universe::host() { return std::make_unique<SimulatedHost>(*this); }

}  // namespace containerizer::simulation

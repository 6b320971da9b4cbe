// The simulation: processes, a clock, a Docker daemon and a host, all in one thread. A Fate makes
// every choice. The simulation survives the deaths of its processes.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/container/life_lock.h"
#include "engine/docker/docker.h"
#include "host/host.h"
#include "store/store.h"
#include "tests/simulation/database_watch.h"
#include "tests/simulation/fate.h"
#include "tests/simulation/fiber.h"

namespace containerizer::simulation {

// Thrown by any call of a process that has died.
struct Killed {};

// The behaviour of a task's program.
struct Task {
  std::optional<Duration> runs_for = {};  // empty: until it is killed
  int exit_code = 0;
  bool ignores_term = false;
  int lines = 0;
  Duration line_every{1};
  std::optional<std::size_t> log_keeps = {};  // lines, in the daemon's log; absent: all
  bool has_log = true;                        // that the daemon can read
  std::optional<Duration> oom_told_after =
      {};                      // an OOM kill, which the daemon reports after this time
  bool end_is_denied = false;  // the daemon never notices the end
  // The daemon dies before it has recorded the end, returns after this time, and invents a code.
  std::optional<Duration> forgotten_for = {};
  std::optional<Duration> executor_lives_for = {};  // empty: until after the task's end
  // The daemon answers no request to create the container, and creates it after this time.
  std::optional<Duration> created_after = {};
};

// A container in the daemon.
struct SimulatedContainer {
  std::string id;
  std::string name;
  std::map<std::string, std::string> labels;
  int starts = 0;
  bool running = false;
  int exit_code = 0;
  bool oom_killed = false;
  bool is_denied = false;  // it has ended, but the daemon reports it as running
  bool by_itself = false;  // it ended without a kill
  std::optional<int> made_up_code;
  Deadline told_end = {};        // the time of the end that the daemon reports
  std::vector<LogEntry> output;  // all of it
  // The part of `output` that the daemon's log has. The log gets an entry a little later than the
  // attachments do, and loses old ones.
  std::size_t log_start = 0;
  std::size_t logged = 0;
};

class Universe {
 public:
  explicit Universe(Fate& fate);
  ~Universe();
  Universe(const Universe&) = delete;
  Universe& operator=(const Universe&) = delete;

  // --- Plans ---
  Task program;                          // for tasks that are not in `programs`
  std::map<std::string, Task> programs;  // by container name
  Task hook;                             // the operator's hooks: duration and exit code
  bool image_is_there = true;
  // How long after its start mesos-executor gets its task, if the slave of that time still lives.
  Duration hand_over_after{50};
  // Runs a detached program. `output` is its standard output, which it must close.
  std::function<void(const std::vector<std::string>& arguments, int output)> run_program;
  // Plans an event. Events with the same name and time are the same for fingerprint().
  void at(Duration from_now, const std::string& name, std::function<void()> what);
  Fate& fate() { return fate_; }
  // The process that makes the nth step of the simulation dies at it.
  void kill_at(long step) { kill_at_ = step; }

  // --- Processes ---
  // Runs `body` as a process. `ended` gets whether it was killed.
  pid_t spawn(std::string name, std::function<void()> body,
              std::function<void(bool killed)> ended = {});
  void kill(pid_t process);
  void kill_all();
  // Kills all processes without calling `ended`. Objects that they use must still exist.
  void abandon();
  // Kills the process that the number selects.
  void kill_any(std::uint64_t number);
  // Wakes all processes, as Host::wake_up() does.
  void wake_all();
  std::size_t processes() const { return processes_.size(); }
  std::string process_names() const;

  // Runs processes and events until `is_over` returns true. Throws std::runtime_error if nothing
  // can happen any more.
  void run(const std::function<bool()>& is_over);
  // A point at which the calling process can die, and other processes can continue.
  void step();
  // Runs other processes until the condition is true or the deadline has passed.
  void block(const std::function<bool()>& condition, Deadline deadline);

  // --- Distinguishing states ---
  // From now on, records what each process reads. `files`: a directory that processes share.
  void keep_track(std::string files);
  // The running process has read something. Its behaviour follows from everything that it has read.
  void learn(std::uint64_t what);
  // A hash of the whole state. Two runs with the same plan and the same fingerprint continue in the
  // same way, if the same choices are made. REQUIRES: keep_track().
  std::uint64_t fingerprint();

  long steps() const { return steps_; }
  Deadline now() const { return now_; }

  // --- The daemon and the host ---
  const std::map<std::string, SimulatedContainer>& containers() const { return containers_; }
  // How often each container was started, by name.
  const std::map<std::string, int>& starts() const { return starts_; }
  // How often each hook was run, by names such as "launch container-0".
  const std::map<std::string, int>& hooks() const { return hooks_; }
  // How often mesos-executor was started for each container, by name.
  const std::map<std::string, int>& executor_starts() const { return executor_starts_; }
  // Whether a mesos-executor of the container lives.
  bool has_executor(const std::string& name) const;
  // The signals that running containers got, with their times.
  struct Signalled {
    std::string signal;
    Deadline at;
  };
  const std::vector<Signalled>& signals() const { return signals_; }
  // Every container, as it was at its end.
  const std::vector<SimulatedContainer>& ended() const { return ended_; }
  void remove_behind_our_back(const std::string& name);
  void kill_behind_our_back(const std::string& name) { end(name, 137, false); }
  void add_foreigner(const std::string& name);
  // Stops the daemon for a time. Without live-restore, its running containers end.
  void restart_daemon(Duration gone_for, bool live_restore);
  // Kills all processes. Containers look as if they had exited, and the daemon has lost their
  // codes.
  void reboot();
  int boot() const { return boot_; }
  // From now on, this process is the slave; the earlier one is dead. 0: there is no slave.
  void set_slave(pid_t process);
  pid_t slave() const { return slave_; }
  // A PID that no other process has.
  pid_t new_pid(const std::string& name) { return new_number(name); }

  // The interfaces for one process.
  std::unique_ptr<Docker> docker();
  std::unique_ptr<Host> host();
  std::unique_ptr<store::Store> store(const store::DatabaseSettings& settings);

 private:
  friend class SimulatedDocker;
  friend class SimulatedHost;
  friend class SimulatedExit;
  friend class SimulatedAttachment;
  friend class SimulatedLog;
  friend class SimulatedWorker;

  struct Process {
    pid_t pid;
    std::string name;
    std::unique_ptr<Fiber> fiber;
    std::function<void(bool)> ended;
    std::function<bool()> condition;  // empty: it is runnable
    Deadline deadline{};
    bool doomed = false;
    bool woken = false;
    std::uint64_t learnt = 0;
    std::uint64_t files = 0;
    std::exception_ptr failure;
  };

  struct Event {
    std::string name;
    std::function<void()> happen;
  };

  void go_on();
  void let_run(Process& process);
  bool can_run(const Process& process) const;
  bool is_next_event_near() const;
  void fire_next_event();
  void advance_time();
  void die();

  // How a call to the daemon fails; Mishap::none if it succeeds.
  Mishap mishap();
  bool breaks() { return choose(Question::stream, 2) == 1; }
  std::size_t choose(Question question, std::size_t options);
  std::uint64_t daemon_fingerprint() const;
  void learn_files();
  std::uint64_t files_fingerprint() const;

  void create(const std::string& name, const std::map<std::string, std::string>& labels);
  void create_late(const std::string& name, const std::map<std::string, std::string>& labels);
  void start(const std::string& name);
  void signal(const std::string& name, const std::string& signal);
  void end(const std::string& name, int exit_code, bool by_itself);
  void print(const std::string& name, int line);
  void log_lines(const std::string& id);
  void forget(const std::string& name);
  const Task& program_of(const std::string& name) const;
  SimulatedContainer* find(const std::string& reference);
  std::string name_of(const std::string& reference) const;
  pid_t init_of(const std::string& id) const;
  bool is_alive(const ProcessId& process) const;
  void start_executor(pid_t pid, const Program& executor);
  void hand_over(pid_t executor, const std::string& started_file);
  void end_executor(pid_t pid);
  void start_hook(pid_t pid, const Program& started);

  // Numbers for processes and containers that do not depend on the order in which they are created.
  int new_number(const std::string& name);
  bool can_others_run() const;

  int new_descriptor(std::function<bool()> readable);

  Fate& fate_;
  long steps_ = 0;
  std::optional<long> kill_at_;
  Deadline now_;
  std::multimap<Deadline, Event> events_;
  std::map<pid_t, Process> processes_;
  Process* current_ = nullptr;
  std::unique_ptr<store::Database> connection_;
  std::unique_ptr<DatabaseWatch> database_watch_;
  std::string files_;
  std::map<std::string, SimulatedContainer> containers_;  // by name
  std::vector<SimulatedContainer> ended_;
  std::map<std::string, int> starts_;
  std::map<std::string, int> executor_starts_;
  std::set<std::string> late_creations_;  // by name
  std::vector<Signalled> signals_;
  std::map<std::string, pid_t> inits_;      // by id
  std::map<pid_t, std::string> executors_;  // the name of their container
  std::map<pid_t, LifeLock> proxies_;       // by executor
  pid_t slave_ = 0;
  std::map<std::string, int> hooks_;
  std::set<pid_t> alive_;  // inits, executors and hooks
  std::map<int, std::function<bool()>> descriptors_;
  int next_descriptor_ = 1'000'000;  // above all real descriptors
  std::map<std::string, int> numbers_given_;
  int boot_ = 1;
  int daemon_life_ = 1;
  bool daemon_is_up_ = true;
};

}  // namespace containerizer::simulation

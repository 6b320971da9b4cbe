// A small world for the program to live in: processes, a clock, a Docker daemon and a host, all of
// it in one thread. What is open is asked of a Fate. The world survives the deaths that it causes.
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

#include "engine/docker/docker.h"
#include "host/host.h"
#include "store/store.h"
#include "tests/simulation/database_watch.h"
#include "tests/simulation/fate.h"
#include "tests/simulation/fiber.h"

namespace containerizer::simulation {

// Thrown out of whatever a process was calling: it is dead.
struct Killed {};

// What a task's program does.
struct Task {
  std::optional<Duration> runs_for = {};  // absent: until it is told to end
  int exit_code = 0;
  bool ignores_term = false;
  int lines = 0;
  Duration line_every{1};
  std::optional<std::size_t> log_keeps = {};  // lines, in the daemon's log; absent: all
  bool has_log = true;                        // that the daemon can read
  std::optional<Duration> oom_told_after =
      {};                      // killed for its memory, which the daemon tells late
  bool end_is_denied = false;  // the daemon never notices its end
  // The daemon dies before it has written down the end, is back after that, and makes up a code.
  std::optional<Duration> forgotten_for = {};
  std::optional<Duration> executor_lives_for = {};  // absent: until the task has ended
};

// A container as the daemon knows it.
struct SimulatedContainer {
  std::string id;
  std::string name;
  std::map<std::string, std::string> labels;
  int starts = 0;
  bool running = false;
  int exit_code = 0;
  bool oom_killed = false;
  bool is_denied = false;  // the daemon goes on calling it running
  bool by_itself = false;  // its end
  std::optional<int> made_up_code;
  Deadline told_end = {};        // when it ended, by the daemon's word
  std::vector<LogEntry> output;  // all of it
  // What the daemon's log has of it: it gets an entry a little later than the attachments, and
  // loses old ones.
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
  Task program;                          // of every task without one of its own
  std::map<std::string, Task> programs;  // by container name
  Task hook;                             // of the operator's: how long it runs, and its code
  bool image_is_there = true;
  // What a detached program does, by its arguments; `output` is its standard output, its own to
  // close.
  std::function<void(const std::vector<std::string>& arguments, int output)> run_program;
  // Two plans of one name, for one moment, are the same.
  void at(Duration from_now, const std::string& name, std::function<void()> what);
  Fate& fate() { return fate_; }
  // The n-th step of all is the death of whoever makes it.
  void kill_at(long step) { kill_at_ = step; }

  // --- Processes ---
  // `body` runs as a process; `ended` tells whether it was killed.
  pid_t spawn(std::string name, std::function<void()> body,
              std::function<void(bool killed)> ended = {});
  void kill(pid_t process);
  void kill_all();
  // Kills all, and nobody is told. What processes refer to must still be there.
  void abandon();
  // Whichever the number falls on.
  void kill_any(std::uint64_t number);
  // As if somebody had asked each of them to look at its requests.
  void wake_all();
  std::size_t processes() const { return processes_.size(); }
  std::string process_names() const;

  // Lets things happen until `is_over`. Throws std::runtime_error when nothing ever will.
  void run(const std::function<bool()>& is_over);
  // A point at which the calling process can die, and others can go on.
  void step();
  // Lets others go on until the condition holds or the deadline has passed.
  void block(const std::function<bool()>& condition, Deadline deadline);

  // --- Telling worlds apart ---
  // From now on it is kept what each process was told. `files`: a directory that processes share.
  void keep_track(std::string files);
  // The running process has been told something: what it does next follows from all that it was
  // told.
  void learn(std::uint64_t what);
  // Two worlds of one plan that look alike go on alike, if the same is chosen in them.
  // REQUIRES: keep_track().
  std::uint64_t fingerprint();

  long steps() const { return steps_; }
  Deadline now() const { return now_; }

  // --- The daemon and the host ---
  const std::map<std::string, SimulatedContainer>& containers() const { return containers_; }
  // How often containers of a name were started.
  const std::map<std::string, int>& starts() const { return starts_; }
  // How often hooks were run: "launch container-0".
  const std::map<std::string, int>& hooks() const { return hooks_; }
  // Every container as it was when it ended.
  const std::vector<SimulatedContainer>& ended() const { return ended_; }
  void remove_behind_our_back(const std::string& name);
  void kill_behind_our_back(const std::string& name) { end(name, 137, false); }
  void add_foreigner(const std::string& name);
  // The daemon is gone for a while. Without live-restore, so are the running containers.
  void restart_daemon(Duration gone_for, bool live_restore);
  // All processes are gone, and containers look ended; the daemon has lost their codes.
  void reboot();
  int boot() const { return boot_; }

  // For a process.
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
    std::function<bool()> condition;  // absent: it can go on
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

  // Nothing when the call goes through; what becomes of it otherwise.
  Mishap mishap();
  bool breaks() { return choose(Question::stream, 2) == 1; }
  std::size_t choose(Question question, std::size_t options);
  std::uint64_t daemon_fingerprint() const;
  void learn_files();
  std::uint64_t files_fingerprint() const;

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
  void start_hook(pid_t pid, const Program& started);

  // Numbers for processes and containers that do not depend on what else got one before.
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
  std::map<std::string, pid_t> inits_;      // by id
  std::map<pid_t, std::string> executors_;  // the name of their container
  std::map<std::string, int> hooks_;
  std::set<pid_t> alive_;  // inits, executors and hooks
  std::map<int, std::function<bool()>> descriptors_;
  int next_descriptor_ = 1'000'000;  // none that the host could have given
  std::map<std::string, int> numbers_given_;
  int boot_ = 1;
  int daemon_life_ = 1;
  bool daemon_is_up_ = true;
};

}  // namespace containerizer::simulation

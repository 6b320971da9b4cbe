// Processes that the judge starts: verbs, as a slave starts them, and commands such as docker.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "tests/slave/invoke.h"
#include "tests/slave/words.h"

namespace containerizer::judge {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

// Reaps all children of this process, and all orphans below it: it makes this process their
// parent. A dead process that nobody reaps looks alive to a containerizer.
class Reaping {
 public:
  Reaping();
  Reaping(const Reaping&) = delete;
  Reaping& operator=(const Reaping&) = delete;

  // The waitpid status of a child that has ended.
  std::optional<int> status_of(pid_t pid) const;
  // Runs `start`, which forks and returns the child's PID, so that the status of an earlier process
  // with that PID is forgotten.
  player::Child begin(const std::function<player::Child()>& start);

 private:
  void reap();

  mutable std::mutex mutex_;
  std::map<pid_t, int> ended_;
};

// A running process with its pipes. The destructor kills it with its process group.
class Process {
 public:
  // Bytes of its standard error are also passed to `errors`, if that is set.
  Process(const Reaping& reaping, player::Child child,
          std::function<void(std::string_view)> errors = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return child_.pid; }
  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }
  // The exit code, or 128 + the signal.
  std::optional<int> ended() const { return status_; }
  // No process has the write end of its standard output, or error.
  bool has_closed_output() const { return !child_.out.valid(); }
  bool has_closed_errors() const { return !child_.err.valid(); }
  // It ended, or closed its standard input, before it had read everything.
  bool has_refused_input() const { return refused_; }
  bool has_read_everything() const { return unsent_.empty() && !refused_; }

  void send(std::string_view bytes);
  void close_input();
  void close_output() { child_.out.close(); }
  // Reads and writes for at most this time, until something has happened.
  void pump(Seconds limit);
  // Returns whether it ended in time.
  bool await_end(Seconds limit);
  void kill();

 private:
  void give();
  bool take(player::Fd& from, std::string& into, bool errors);

  const Reaping& reaping_;
  player::Child child_;
  player::Fd alive_;  // a pidfd
  std::function<void(std::string_view)> errors_;
  std::string out_, err_, unsent_;
  bool input_closed_ = false;
  bool refused_ = false;
  std::optional<int> status_;
};

// Starts processes. Every process of the judge comes from here.
class Host {
 public:
  Host();

  // `sh -c "<containerizer> <verb>"`, as a slave of the release starts it.
  std::unique_ptr<Process> begin(const std::string& containerizer, player::Release release,
                                 const player::Call& call,
                                 std::function<void(std::string_view)> errors = {});
  // A command of a shell, with this process' own environment.
  std::unique_ptr<Process> begin(const std::string& command);
  // Runs it, and returns its standard output without the last newline. Throws std::runtime_error
  // if it fails, or does not end within a minute.
  std::string run(const std::string& command);

 private:
  player::Runtime runtime_;
  player::Reaper unused_;
  Reaping reaping_;
};

// Quotes a word for a shell.
std::string shell_quoted(const std::string& word);

}  // namespace containerizer::judge

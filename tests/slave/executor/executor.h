// mesos-executor: register, run one task, report its end, wait a moment, exit.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "tests/slave/fd.h"
#include "tests/slave/version.h"
#include "tests/slave/wire.h"

namespace containerizer::player {

// The command that runs instead of the task's own command, if any.
struct Replacement {
  std::vector<std::string> override_words;          // Run by execvp.
  std::optional<boost::json::object> task_command;  // A CommandInfo.
};

// The values from the environment.
struct Circumstances {
  std::string slave_pid;
  std::string slave_id;
  std::string framework_id;
  std::string executor_id;
  bool checkpoint = false;
  std::chrono::milliseconds recovery_timeout{};
  std::chrono::milliseconds shutdown_grace{};
  bool local = false;  // MESOS_LOCAL: it does not kill itself.
};

// A stream of lines in both directions.
struct Line {
  Fd socket;
  std::string received;
};

class StandInExecutor {
 public:
  StandInExecutor(Release release, Circumstances circumstances, Replacement replacement,
                  Fd listener, std::string address)
      : release_(release),
        given_(std::move(circumstances)),
        replacement_(std::move(replacement)),
        listener_(std::move(listener)),
        address_(std::move(address)) {}

  // Returns the exit status. REQUIRES: SIGCHLD is blocked, SIGPIPE ignored, in a single thread.
  int run();

 private:
  using Clock = std::chrono::steady_clock;

  void connect(const std::string& type);
  void send(Message message);
  void wait_for_something();
  void read_from(Line& line);
  void obey(const Message& message);
  void reconnect(const Message& message);

  void launch_task(const Message& message);
  std::vector<std::string> words_of(const boost::json::object& command, std::string& program) const;
  void kill_task(std::chrono::milliseconds grace);
  void shut_down();
  void slave_lost();
  void reap();
  void report(const std::string& task, const std::string& state, const std::string& message);
  void pass_deadlines();
  int milliseconds_to_next_deadline() const;

  const Release release_;
  Circumstances given_;
  const Replacement replacement_;
  Fd listener_;
  const std::string address_;
  Fd child_signals_;

  Line slave_;
  Line caller_;  // A restarted slave that has connected to our listener.
  bool registered_ = false;
  std::deque<Message> unacknowledged_;
  int last_number_ = 0;

  std::string task_;  // Empty: no task was launched yet.
  std::optional<double> task_grace_;
  pid_t child_ = -1;  // -1: not running.
  bool killed_ = false;
  bool ended_ = false;

  std::optional<Clock::time_point> kill_hard_at_;
  std::optional<Clock::time_point> give_up_slave_at_;
  std::optional<Clock::time_point> suicide_at_;
  std::optional<Clock::time_point> end_at_;
};

}  // namespace containerizer::player

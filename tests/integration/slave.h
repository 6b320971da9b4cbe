// A slave: the player of tests/slave as a child process. A test writes commands to it and expects
// the events that it prints.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/work_directory.h"
#include "tests/slave/event_lines.h"

namespace containerizer::integration {

// A container that a slave has launched.
struct Task {
  std::string name;
  std::string id;
  fs::path sandbox;
};

class Slave {
 public:
  using Flags = std::vector<std::string>;

  // Starts the slave and waits until it accepts tasks.
  explicit Slave(const WorkDirectory& place, const std::string& mesos = "1.0.4",
                 const Flags& flags = {});
  // Kills the slave. Processes that it has started keep running.
  ~Slave() = default;

  pid_t pid() const { return player_.pid(); }

  // Sends a command to the player; see tests/slave/README.md.
  void say(const std::string& command);
  // Sends `launch NAME WORDS`, or another launch command. Returns once the launch has started.
  Task launch(const std::string& name, const std::string& words,
              const std::string& command = "launch");
  // Launches a command task that runs `script` in busybox:test.
  Task run(const std::string& name, const std::string& script, const std::string& words = "");

  // Waits for an event: a whole line that matches the pattern and that no earlier call has
  // returned. Returns the contents of the pattern's groups. The order of other events does not
  // matter.
  std::vector<std::string> expect(const std::string& pattern);
  // Waits for `status NAME STATE` from any source. Returns its message.
  std::string expect_status(const Task& task, const std::string& state);
  std::string expect_termination(const Task& task);
  // Returns whether such an event has already arrived, without consuming it.
  bool has_seen(const std::string& pattern) const;

  // SIGKILL.
  void die() { player_.kill_hard(); }

 private:
  std::string all_output() const;

  Child player_;
  player::EventLines events_;  // that no expect() has returned yet
};

}  // namespace containerizer::integration

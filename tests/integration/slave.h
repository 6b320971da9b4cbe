// A slave: the player of tests/slave as a child process, told what to do line by line, judged by
// the events it prints.
#pragma once

#include <string>
#include <vector>

#include "tests/integration/work_directory.h"

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

  // Starts it and waits until it is ready to take tasks.
  explicit Slave(const WorkDirectory& place, const std::string& mesos = "1.0.4",
                 const Flags& flags = {});
  // Kills it; what it has started lives on.
  ~Slave() = default;

  pid_t pid() const { return player_.pid(); }

  // A command of the player's, see tests/slave/README.md.
  void say(const std::string& command);
  // `launch NAME WORDS`, or another command that launches; returns once it has begun.
  Task launch(const std::string& name, const std::string& words,
              const std::string& command = "launch");
  // A command task in busybox:test that runs `script`.
  Task run(const std::string& name, const std::string& script, const std::string& words = "");

  // Waits for an event (a whole line matches the pattern) that no expectation has met yet, and
  // returns what the pattern's groups hold. The order of other events does not matter.
  std::vector<std::string> expect(const std::string& pattern);
  // `status NAME STATE`, whoever says so; the message that came with it.
  std::string expect_status(const Task& task, const std::string& state);
  std::string expect_termination(const Task& task);
  // Whether such an event has come already, and leaves it there.
  bool has_seen(const std::string& pattern) const;

  // SIGKILL.
  void die() { player_.kill_hard(); }

 private:
  void take_lines();
  std::string told() const;

  Child player_;
  std::vector<std::string> pending_;  // events not yet expected
  std::size_t read_ = 0;
};

}  // namespace containerizer::integration

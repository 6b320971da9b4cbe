// Programs that are run to be measured.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "host/fd.h"

namespace containerizer::bench {

using Clock = std::chrono::steady_clock;
using Variables = std::map<std::string, std::string>;

double milliseconds_between(Clock::time_point from, Clock::time_point to);

struct Command {
  std::vector<std::string> words;  // words[0] is a path, or is looked up in PATH
  Variables environment;
  std::string directory = "/";
  std::string input = {};            // of at most the size of a pipe
  std::string errors = "/dev/null";  // file to which standard error is appended
};

struct Ended {
  double wall_ms = 0;  // from before the start until the process was reaped
  double cpu_ms = 0;   // of the process and all that it has waited for, user and system
  std::string output;
};

// A running program, in a session of its own. Its standard input stays open behind `input`, as a
// slave keeps it. Killed and reaped when this object goes. Everything throws std::runtime_error.
class Child {
 public:
  explicit Child(const Command& command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  Clock::time_point started() const { return started_; }

  // Waits for the end, once. Throws also when the program fails, with what it wrote to `errors`.
  Ended finish();

 private:
  std::string name_;
  std::string errors_;
  Clock::time_point started_;
  pid_t pid_ = -1;
  Fd input_;
  Fd output_;
};

// Runs it to its end.
Ended run(const Command& command);

}  // namespace containerizer::bench

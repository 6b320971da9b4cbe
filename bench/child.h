// Programs that are run for a measurement.
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
  std::vector<std::string> words;  // argv; words[0] is a path, or is searched in PATH
  Variables environment;
  std::string directory = "/";
  std::string input = {};            // must fit into a pipe
  std::string errors = "/dev/null";  // file to which standard error is appended
};

struct Ended {
  double wall_ms = 0;  // from before the start until the process was reaped
  double cpu_ms = 0;   // user and system time of the process and of all children that it has reaped
  std::string output;
};

// A running program in its own session. Its standard input stays open after `input`, like that of a
// verb. The destructor kills and reaps it. All functions throw std::runtime_error.
class Child {
 public:
  explicit Child(const Command& command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  Clock::time_point started() const { return started_; }

  // Waits for the exit. Call it once. Also throws if the program fails, with its last output in
  // `errors`.
  Ended finish();

 private:
  std::string name_;
  std::string errors_;
  Clock::time_point started_;
  pid_t pid_ = -1;
  Fd input_;
  Fd output_;
};

// Runs it until it exits.
Ended run(const Command& command);

// The proportional set size of a process in MB: its own memory and its share of common pages.
// Throws std::runtime_error if there is no such process.
double memory_of(pid_t pid);

}  // namespace containerizer::bench

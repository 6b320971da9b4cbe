// The slave's side: a work directory, its tasks, and the verbs as a slave calls them.
#pragma once

#include <string>
#include <vector>

#include "bench/child.h"
#include "containerizer.pb.h"
#include "host/fd.h"
#include "store/store.h"

namespace containerizer::bench {

// A custom executor whose process reports that it runs, through a pipe in its sandbox.
struct Task {
  std::string id;
  std::string sandbox;
  mesos::containerizer::Launch launch;
  Variables environment;  // of the launch verb
  Fd signal;              // readable once the container's process has written to the pipe
};

// The moment at which each task's process wrote to its pipe. Throws std::runtime_error if one does
// not write within a minute.
std::vector<Clock::time_point> await_running(const std::vector<const Task*>& tasks);
Clock::time_point await_running(const Task& task);

class Slave {
 public:
  // Creates the work directory in scratch(), which bench/run removes. `settings` are the operator's
  // variables.
  explicit Slave(const std::string& name, const Variables& settings = {});

  const std::string& work_directory() const { return work_directory_; }
  store::DatabaseSettings database() const;

  // A new task, which is not launched yet. Its frame and environment were recorded from a 0.19.1
  // slave. Its process reports that it runs, and then executes `rest`.
  Task new_task(const std::string& rest = "exec sleep 86400") const;

  Command launch(const Task& task) const;
  // Calls update, usage, wait or destroy for a task.
  Command verb(const std::string& verb, const Task& task) const;
  // Calls containers or recover.
  Command verb(const std::string& verb) const;
  // Destroys it. Only its record remains.
  void destroy(const Task& task) const;

 private:
  Command command(const std::string& verb, const std::string& message,
                  const Variables& environment) const;

  std::string work_directory_;
  Variables environment_;
};

// The variables that every program needs to reach the private daemon, and that bin/daemon needs.
Variables basic_environment();

// A directory that bench/run removes. Its bin/ and build/ contain the program.
std::string scratch();

}  // namespace containerizer::bench

// The slave's side: a work directory, tasks in it, and the verbs as a slave calls them.
#pragma once

#include <string>
#include <vector>

#include "bench/child.h"
#include "containerizer.pb.h"
#include "host/fd.h"
#include "store/store.h"

namespace containerizer::bench {

// A custom executor's container that says when its process runs, by a pipe in its sandbox.
struct Task {
  std::string id;
  std::string sandbox;
  mesos::containerizer::Launch launch;
  Variables environment;  // of the launch verb
  Fd signal;              // readable once the container's process has written to the pipe
};

// When each task's process wrote to its pipe. Throws std::runtime_error when one does not within a
// minute.
std::vector<Clock::time_point> await_running(const std::vector<const Task*>& tasks);
Clock::time_point await_running(const Task& task);

class Slave {
 public:
  // Makes the work directory in the directory that is left behind by nobody: the bench's own.
  // `settings` are the operator's variables.
  explicit Slave(const std::string& name, const Variables& settings = {});

  const std::string& work_directory() const { return work_directory_; }
  store::DatabaseSettings database() const;

  // A new container, not launched; its recorded frame and environment are those of a 0.19.1 slave.
  // Once running, it executes `rest`.
  Task new_task(const std::string& rest = "exec sleep 86400") const;

  Command launch(const Task& task) const;
  // update, usage, wait and destroy of a task.
  Command verb(const std::string& verb, const Task& task) const;
  // containers, recover.
  Command verb(const std::string& verb) const;
  // Ends it; nothing is left but its record.
  void destroy(const Task& task) const;

 private:
  Command command(const std::string& verb, const std::string& message,
                  const Variables& environment) const;

  std::string work_directory_;
  Variables environment_;
};

// What every program needs that talks to this daemon, and what bin/daemon finds it by.
Variables basic_environment();

// A directory of ours that bench/run removes; bin/ and build/ in it hold the program.
std::string scratch();

}  // namespace containerizer::bench

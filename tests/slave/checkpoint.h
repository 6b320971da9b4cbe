// The slave's checkpoints under <work_dir>/meta, and the paths of its directories.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/slave/launch_message.h"

namespace containerizer::player {

// The latest run of an executor, as found after a restart.
struct CheckpointedRun {
  std::string name;  // The name in the scenario.
  TaskLaunch launch;
  bool completed = false;
  std::string executor_address;  // Empty: it had not registered, or its PID was not recorded.
  std::vector<std::string> states;
};

// Writes only data of checkpointing frameworks. Any thread may call the methods, but only one at a
// time for one run.
class Checkpoint {
 public:
  // Continues as the slave that is recorded in `work_dir`. Starts as a new one if there is no
  // record, or if the host was booted after it.
  explicit Checkpoint(std::filesystem::path work_dir);

  const std::string& slave_id() const { return slave_id_; }
  // The framework whose tasks a player launches. It stays the same after a restart.
  std::string framework_id() const;

  // Creates the sandbox of a run, and points the link `latest` next to it to the sandbox.
  std::filesystem::path make_sandbox(const mesos::containerizer::Launch& launch) const;

  void begin(const std::string& name, const TaskLaunch& launch) const;
  void forked(const mesos::containerizer::Launch& launch, pid_t pid) const;
  void registered(const mesos::containerizer::Launch& launch, const std::string& address) const;
  void reached(const TaskLaunch& launch, const std::string& state) const;
  void completed(const mesos::containerizer::Launch& launch) const;

  std::vector<CheckpointedRun> latest_runs() const;

 private:
  std::filesystem::path meta_run(const mesos::containerizer::Launch& launch) const;

  const std::filesystem::path work_dir_;
  std::string slave_id_;
};

}  // namespace containerizer::player

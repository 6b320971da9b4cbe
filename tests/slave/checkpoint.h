// What the slave writes down under <work_dir>/meta, and where its directories lie.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/slave/launch_message.h"

namespace containerizer::player {

// The latest run of an executor, as found after a restart.
struct CheckpointedRun {
  std::string name;  // The scenario's.
  TaskLaunch launch;
  bool completed = false;
  std::string executor_address;  // Empty: it had not registered, or its forked pid is missing.
  std::vector<std::string> states;
};

// Only what belongs to checkpointing frameworks is written. Methods may be called by any thread,
// but for one run by one at a time.
class Checkpoint {
 public:
  // Continues as the slave recorded in `work_dir`, or as a new one: when there is no record, or one
  // made before the host was booted.
  explicit Checkpoint(std::filesystem::path work_dir);

  const std::string& slave_id() const { return slave_id_; }
  // The one framework whose tasks a player launches; the same after a restart.
  std::string framework_id() const;

  // The sandbox of a run: created, and `latest` beside it made to point to it.
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

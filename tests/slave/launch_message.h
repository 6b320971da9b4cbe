// The Launch message in the form of each release, and the keys of a task in scenarios.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "tests/slave/resources.h"
#include "tests/slave/version.h"
#include "tests/slave/words.h"

namespace containerizer::player {

// A task in a scenario.
struct TaskDraft {
  mesos::CommandInfo command;
  mesos::ContainerInfo container;
  bool has_container = false;
  std::string image;
  std::vector<std::string> options;
  bool old_dialect = false;  // The image is in CommandInfo.container.
  double cpus = 0.1;
  double mem = 32;
  std::string ports;
  double kill_grace = -1;  // Seconds; negative: no kill policy.
  // Only for a custom executor.
  double executor_cpus = 0.1;
  double executor_mem = 32;
  std::string task_command;
  std::string data;
};

// Throws std::invalid_argument with one line if a key or a value is invalid.
TaskDraft parse_draft(const std::vector<KeyValue>& settings, Release release);

// The IDs that a slave uses in its launches.
struct Identity {
  std::string slave_id;
  std::string slave_pid;
  std::string framework_id;
  std::string user;  // The framework's user; empty: no user is passed.
  bool checkpoint = false;
  std::filesystem::path launcher_dir;
};

// A task in the slave, and the message that launches its executor (without the directory).
struct TaskLaunch {
  mesos::TaskInfo task;
  mesos::containerizer::Launch launch;
};

// A command task called `name`, for which the slave creates the executor.
TaskLaunch command_task(const std::string& name, const TaskDraft& draft, const Identity& identity,
                        Release release);

// A task called `name` for the framework's own executor.
TaskLaunch custom_task(const std::string& name, const TaskDraft& draft, const Identity& identity,
                       Release release);

// A task for a Launch that was recorded or written by hand. With `fresh`, all IDs of a slave,
// framework or task are replaced.
TaskLaunch recorded_task(const std::string& name, const mesos::containerizer::Launch& recorded,
                         bool fresh, const Identity& identity);

}  // namespace containerizer::player

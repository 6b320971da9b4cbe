// The Launch message, as each release builds it, and the words of scenarios that describe a task.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "tests/slave/resources.h"
#include "tests/slave/version.h"
#include "tests/slave/words.h"

namespace containerizer::player {

// What a scenario says of a task.
struct TaskDraft {
  mesos::CommandInfo command;
  mesos::ContainerInfo container;
  bool has_container = false;
  std::string image;
  std::vector<std::string> options;
  bool old_dialect = false;  // The image goes into CommandInfo.container.
  double cpus = 0.1;
  double mem = 32;
  std::string ports;
  double kill_grace = -1;  // Seconds; negative: no kill policy.
  // Of a custom executor only.
  double executor_cpus = 0.1;
  double executor_mem = 32;
  std::string task_command;
  std::string data;
};

// Throws std::invalid_argument with one line when a key or a value makes no sense.
TaskDraft parse_draft(const std::vector<KeyValue>& settings, Release release);

// The identities a slave gives to what it launches.
struct Identity {
  std::string slave_id;
  std::string slave_pid;
  std::string framework_id;
  std::string user;  // The framework's; empty: none is passed.
  bool checkpoint = false;
  std::filesystem::path launcher_dir;
};

// A task as the slave holds it, with the message that launches its executor (directory still
// unset).
struct TaskLaunch {
  mesos::TaskInfo task;
  mesos::containerizer::Launch launch;
};

// A command task called `name`: the slave makes up the executor.
TaskLaunch command_task(const std::string& name, const TaskDraft& draft, const Identity& identity,
                        Release release);

// A task called `name` of an executor of the framework's own.
TaskLaunch custom_task(const std::string& name, const TaskDraft& draft, const Identity& identity,
                       Release release);

// A task to go with a Launch that was recorded or written by hand; with `fresh`, everything that
// names a particular slave, framework or task is replaced.
TaskLaunch recorded_task(const std::string& name, const mesos::containerizer::Launch& recorded,
                         bool fresh, const Identity& identity);

}  // namespace containerizer::player

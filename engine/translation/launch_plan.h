// What a launch asks for, translated once into data: the body of the create request and the few
// facts that the steps around it need. Pure: nothing is read but the arguments.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "engine/translation/request_rules.h"
#include "engine/translation/resources.h"
#include "engine/translation/task_settings.h"
#include "host/clock.h"
#include "host/environment.h"
#include "host/result.h"

namespace containerizer {

// Whether the container is for a command task (mesos-executor stays on the host) or holds a
// framework's own executor.
enum class TaskKind { command, custom };

struct LaunchPlan {
  TaskKind kind = TaskKind::command;
  // A reference as the Engine API takes it, tag or digest included; "" for a plain process of the
  // host (engine/host_task/runtime.h).
  std::string image;
  bool force_pull = false;
  // With which the registry is asked for it; empty where the task brings none in its message.
  struct {
    std::string user;
    std::string secret;
  } login;
  std::vector<mesos::CommandInfo::URI> uris;
  // The task's own kill grace (TaskInfo.kill_policy, Mesos 1.0), if it names one.
  std::optional<Duration> kill_grace;
  Resources resources;
  // Value of the container's label of that name (engine/translation/fixed_limits.h).
  std::string fixed_limits;
  // Directories that volumes with a relative host path name within the sandbox, as absolute paths
  // of the host: they must exist before the container is created.
  std::vector<std::string> sandbox_directories;
  // Where the operator restricts volumes: the paths of the host in `create` that a task has chosen.
  // The daemon must not look them up by their text (engine/supervisor/mount_pins.h).
  std::vector<TaskMount> guarded_mounts;
  // Body of POST /containers/create, complete but for the labels of identity.
  boost::json::object create;
};

// The name of a container: "containerizer-ID". It must not begin with "mesos-": a slave's native
// Docker containerizer removes such containers as orphans.
std::string container_name(const std::string& container_id);

// The task's kind: command exactly when task_info is there.
TaskKind kind_of(const mesos::containerizer::Launch& launch);

// What runs in the container.
const mesos::CommandInfo& command_of(const mesos::containerizer::Launch& launch);

// The parts of a plan that do not depend on the image.
LaunchPlan begin_plan(const mesos::containerizer::Launch& launch);

// Translates a launch of any release; `environment` is what the slave gave the launch process, and
// `owner` the sandbox's owner ("uid:gid", "" when unknown): the task's user, because the slave
// hands the sandbox to it, under a number, because an image need not know the name. The rules, from
// the stronger to the weaker (facts: mesos-protocol 5 to 8):
//
// - What identifies and supervises the container is fixed: the sandbox's mount, no restart, no
//   automatic removal, and the variables that say where the task is (MESOS_SANDBOX,
//   MESOS_CONTAINER_NAME; for a custom executor all of executor_variables(), LIBPROCESS_PORT=0).
// - Flags (DockerInfo.parameters, then the options of the CommandInfo.ContainerInfo) come next,
//   then what the messages ask for, then defaults. A variable of the task replaces LIBPROCESS_IP,
//   MESOS_NATIVE_LIBRARY and MESOS_NATIVE_JAVA_LIBRARY, which depend on the image.
// - The operator's own flags come after those of the task. What the task asks for is judged by the
//   operator's policy before they are added.
// - Image: task's ContainerInfo, executor's, the options' image of task and executor,
//   MESOS_DEFAULT_CONTAINER_IMAGE, the operator's default; each may leave it to the next. Where the
//   operator wants it, a task that names none is refused, or becomes a plain process of the host
//   with the sandbox as its directory and the environment of an executor.
// - Network: the host's, unless asked otherwise. In a network of its own, and without any mapping,
//   every allocated port is published under its own number,
//   unless a DockerInfo says which.
// - A persistent volume is mounted where the slave keeps it, at its path in the sandbox, or at the
//   absolute path that it names.
// - Working directory, stop signal and user are the image's, unless asked otherwise.
//
// refused: the request cannot be honoured, or the policy forbids it; the text says which part and
// why, without any value of a variable in it. Pure.
Result<LaunchPlan> make_launch_plan(const mesos::containerizer::Launch& launch,
                                    const Environment& environment, const TaskSettings& settings,
                                    const std::string& owner);

}  // namespace containerizer

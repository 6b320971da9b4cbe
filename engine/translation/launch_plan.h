// Translates a launch into data: the body of the create request, and the facts that the other steps
// of the launch need. Pure.
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

// A command task runs alone in its container, and mesos-executor runs on the host. A custom
// executor, which the framework supplies, runs in the container itself.
enum class TaskKind { command, custom };

struct LaunchPlan {
  TaskKind kind = TaskKind::command;
  // A reference with tag or digest, as image_reference() returns it. "" for a host task
  // (engine/host_task/runtime.h).
  std::string image;
  bool force_pull = false;
  // The credentials for the registry in the task's message; empty if there are none.
  struct {
    std::string user;
    std::string secret;
  } login;
  std::vector<mesos::CommandInfo::URI> uris;
  // The task's own kill grace period (TaskInfo.kill_policy, Mesos 1.0), if the task sets one.
  std::optional<Duration> kill_grace;
  Resources resources;
  // Value of the container's label of this name (engine/translation/fixed_limits.h).
  std::string fixed_limits;
  // Paths within the sandbox that volumes with a relative host path name, as absolute paths on the
  // host. What the task has fetched there is mounted as it is. A directory is created where nothing
  // is.
  std::vector<std::string> sandbox_paths;
  // If the operator restricts volumes: the paths of the host in `create` that the task has chosen.
  // The daemon must not look them up by their text (engine/supervisor/guarded_mounts.h).
  std::vector<TaskMount> guarded_mounts;
  // The ports that `create` publishes under their own numbers are paired with those that the image
  // declares, once that is known (pair_ports() in port_plan.h).
  bool pairs_ports = false;
  // What the task asks for and does not get, though nothing is wrong: lines for its author.
  std::vector<std::string> notes;
  // Body of POST /containers/create. The labels of the container's identity are missing.
  boost::json::object create;
};

// The name of a container: "containerizer-ID". It must not start with "mesos-", because a slave's
// native Docker containerizer removes such containers as orphans.
std::string container_name(const std::string& container_id);

// The task's kind: `command` exactly if the launch has a task_info.
TaskKind kind_of(const mesos::containerizer::Launch& launch);

// The command that runs in the container.
const mesos::CommandInfo& command_of(const mesos::containerizer::Launch& launch);

// The parts of a plan that do not depend on the image.
LaunchPlan begin_plan(const mesos::containerizer::Launch& launch);

// Translates a launch of any release. `environment` is that of the launch process, as the slave set
// it. `owner` is the sandbox's owner ("uid:gid", "" if unknown). The slave gives the sandbox to the
// task's user. The number is used because an image may not know the user's name.
//
// The rules, the strongest first (facts: mesos-protocol 5 to 8):
//
// - The identity and the supervision of the container are fixed: the sandbox's mount, no restart,
//   no automatic removal, and the variables that describe the task's place (MESOS_SANDBOX,
//   MESOS_CONTAINER_NAME; for a custom executor also executor_variables() and LIBPROCESS_PORT=0).
// - The operator's own flags override those of the task. The operator's policy applies to the
//   task's request only.
// - Flags (DockerInfo.parameters, then the options of CommandInfo.ContainerInfo) override the other
//   fields of the messages. These override defaults.
// - A variable of the task overrides LIBPROCESS_IP, MESOS_NATIVE_LIBRARY and
//   MESOS_NATIVE_JAVA_LIBRARY, which depend on the image.
//
// Defaults and special cases:
//
// - Image: see task_image.h. A task without an image becomes a host task if the operator allows
//   that. Its working directory is the sandbox, and its environment is that of an executor.
// - Network: the host's, or the operator's choice for a task of the older dialect, which has no
//   DockerInfo. In any other network, see port_plan.h for the published ports.
// - A persistent volume is mounted from the slave's directory, at its path in the sandbox or at the
//   absolute path that it names.
// - Working directory: the image's; the sandbox in the older dialect. The operator can choose.
// - Stop signal and user are those of the image.
//
// refused: the request cannot be applied exactly, or the policy forbids it. The text names the part
// and the reason, and contains no value of a variable.
Result<LaunchPlan> make_launch_plan(const mesos::containerizer::Launch& launch,
                                    const Environment& environment, const TaskSettings& settings,
                                    const std::string& owner);

}  // namespace containerizer

#include "engine/translation/launch_plan.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "engine/translation/executor_command.h"
#include "engine/translation/fixed_limits.h"
#include "engine/translation/host_task_plan.h"
#include "engine/translation/launch_bounds.h"
#include "engine/translation/launch_check.h"
#include "engine/translation/launch_flags.h"
#include "engine/translation/limits_plan.h"
#include "engine/translation/network_plan.h"
#include "engine/translation/paired_fields.h"
#include "engine/translation/port_plan.h"
#include "engine/translation/run_flags/create_request.h"
#include "engine/translation/run_flags/flag_translation.h"
#include "engine/translation/run_flags/flag_values.h"
#include "engine/translation/task_image.h"
#include "engine/translation/volume_plan.h"

namespace containerizer {
namespace {

namespace json = boost::json;
using mesos::ContainerInfo;
using DockerInfo = mesos::ContainerInfo::DockerInfo;

Failure failure(std::string text) { return Failure{Fault::refused, std::move(text)}; }

// A launch, and the decisions about it that the parts of the create request need.
struct Request {
  const mesos::containerizer::Launch& launch;
  const Environment& environment;
  const TaskSettings& settings;
  const std::string& owner;
  TaskKind kind;
  const mesos::CommandInfo& command;  // the program in the container
  const ContainerInfo& container;     // empty if neither task nor executor has one
  const DockerInfo& docker;           // empty likewise, and for a container of type MESOS
  bool is_older_dialect;  // the task has neither a DockerInfo nor a ContainerInfo's image
  LaunchFlags flags;
  std::string network;
  Resources resources;
};

// Whether a ContainerInfo requests anything. A slave may send one that contains only a type.
bool is_empty(ContainerInfo container) {
  container.clear_type();
  if (container.docker().ByteSizeLong() == 0) container.clear_docker();
  if (container.mesos().ByteSizeLong() == 0) container.clear_mesos();
  return container.ByteSizeLong() == 0;
}

// The task's ContainerInfo, or else the executor's, which can be the slave's default.
const ContainerInfo& container_of(const mesos::containerizer::Launch& launch) {
  return is_empty(launch.task_info().container()) ? launch.executor_info().container()
                                                  : launch.task_info().container();
}

// --- Parts of the create request ---

// The combinations of shell, value and arguments are those of the native Docker containerizer
// (mesos-protocol 5.4).
Status plan_command(const Request& request, json::object& body) {
  const mesos::CommandInfo& command = request.command;
  const auto set_arguments = [&](const auto& arguments) {
    for (const std::string& argument : arguments) append(body, "Cmd", json::value(argument));
  };
  if (request.flags.of_task.command) {
    set_arguments(*request.flags.of_task.command);
  } else if (!command.shell()) {
    if (!command.value().empty()) append(body, "Cmd", json::value(command.value()));
    set_arguments(command.arguments());
  } else if (!command.value().empty()) {
    // Replaces the image's entrypoint, which might not be a shell.
    body["Entrypoint"] = json::array{"/bin/sh"};
    body["Cmd"] = json::array{"-c", json::value(command.value())};
  } else if (!command.has_value()) {
    return failure(
        "command: the shell has no command to run; set `value`, or set `shell` to false to run the "
        "image's own command");
  }
  return Done{};
}

// The variables that report the task's environment in the container. Neither the task nor a flag
// can change them.
Environment fixed_variables(const Request& request) {
  Environment result;
  if (request.kind == TaskKind::custom) {
    result = executor_variables(request.launch, request.environment, request.settings.sandbox);
    result.insert_or_assign("LIBPROCESS_PORT", std::string("0"));
  }
  result["MESOS_SANDBOX"] = request.settings.sandbox;
  result["MESOS_CONTAINER_NAME"] = container_name(request.launch.container_id().value());
  return result;
}

void plan_variables(const Request& request, json::object& body) {
  if (request.kind == TaskKind::custom) {
    for (const auto* name :
         {"LIBPROCESS_IP", "MESOS_NATIVE_JAVA_LIBRARY", "MESOS_NATIVE_LIBRARY"}) {
      const auto found = request.environment.find(name);
      // An executor can bind the slave's address only in the slave's network.
      const bool fits = found != request.environment.end() &&
                        (found->first != "LIBPROCESS_IP" || request.network == "host");
      if (fits) set_variable(body, name, found->second);
    }
  }
  for (const auto& variable : request.command.environment().variables()) {
    set_variable(body, variable.name(), variable.value());
  }
}

// No process can have such a variable. The daemon's error would quote the whole value, which can be
// a secret.
Status check_variables(const json::object& body) {
  const json::value* const variables = body.if_contains("Env");
  if (variables == nullptr) return Done{};
  for (const json::value& variable : variables->get_array()) {
    const std::string text(variable.get_string());
    if (text.find('\0') == std::string::npos) continue;
    return failure("environment: " +
                   in_quotes(text.substr(0, text.find_first_of(std::string_view("=\0", 2)))) +
                   " has a NUL in its name or its value");
  }
  return Done{};
}

// Programs of the older dialect rely on their files: they are started in the sandbox.
void plan_working_directory(const Request& request, json::object& body) {
  const auto choice = request.settings.working_directory;
  if (choice == WorkingDirectory::sandbox ||
      (choice == WorkingDirectory::by_dialect && request.is_older_dialect)) {
    body["WorkingDir"] = request.settings.sandbox;
  }
}

// Finds a text that JSON cannot carry: a daemon would replace its bytes. Returns the name of its
// field; of a variable, that of the variable.
std::optional<std::string> find_broken_text(const json::value& value, const std::string& name) {
  if (const auto* text = value.if_string()) {
    if (is_utf8(*text)) return std::nullopt;
    return name == "Env" ? "variable " + in_quotes(text->subview(0, text->find('='))) : name;
  }
  if (const auto* list = value.if_array()) {
    for (const auto& each : *list) {
      if (auto broken = find_broken_text(each, name)) return broken;
    }
  }
  if (const auto* object = value.if_object()) {
    for (const auto& [key, member] : *object) {
      if (!is_utf8(key)) return name + " " + in_quotes(key);
      if (auto broken = find_broken_text(member, key)) return broken;
    }
  }
  return std::nullopt;
}

Status check_text(const json::object& body) {
  const auto broken = find_broken_text(body, "");
  if (!broken) return Done{};
  return failure(*broken + ": it contains bytes that are not UTF-8, which Docker would change; " +
                 "encode them, for example in base64");
}

void plan_pull(const DockerInfo& docker, const TaskImage& image, LaunchPlan& plan) {
  plan.force_pull = docker.force_pull_image();
  if (image.container == nullptr) return;
  const auto& wanted = image.container->mesos().image();
  // Image.cached is true by default.
  if (!wanted.cached()) plan.force_pull = true;
  plan.login = {wanted.docker().credential().principal(), wanted.docker().credential().secret()};
}

// --- Steps, in their order ---

// The part of the request that the messages determine. Flags can replace it.
Status plan_basics(const Request& request, LaunchPlan& plan) {
  json::object& body = plan.create;
  body["Image"] = plan.image;
  field(body, "HostConfig.NetworkMode") = request.network;
  // A slave always sends a user, which must not replace the image's own. Only a task that names its
  // user gets that one.
  if (request.launch.has_user() && !request.command.user().empty()) {
    body["User"] = request.owner.empty() ? request.command.user() : request.owner;
  }
  if (!request.container.hostname().empty()) {
    if (request.network == "host") {
      return failure("hostname " + in_quotes(request.container.hostname()) +
                     ": a container in the host's network has the host's name; remove the "
                     "hostname, or use another network");
    }
    body["Hostname"] = request.container.hostname();
  }
  plan_working_directory(request, body);
  plan_limits(request.resources, body);
  plan_variables(request, body);
  if (Status planned = plan_command(request, body); !planned.ok()) return planned;
  if (Status planned =
          plan_ports(request.container, request.network, request.resources, request.flags, plan);
      !planned.ok()) {
    return planned;
  }
  if (Status planned = plan_addresses(request.container, request.network, body); !planned.ok()) {
    return planned;
  }
  return plan_volumes({request.launch, request.settings.sandbox}, request.container, request.docker,
                      plan);
}

// Judges the task's part of the request, and notes the paths that the supervisor must guard.
Status judge_request(const Request& request, const json::object& body, LaunchPlan& plan) {
  const Policy& policy = request.settings.policy;
  const RequestContext context{
      policy.allowed_volumes ? &*policy.allowed_volumes : nullptr, plan.sandbox_paths,
      request.resources, request.settings.cpu_quota,
      policy.refuses_privileged && !policy.allowed_volumes ? &policy.own_places : nullptr};
  if (Status allowed = check_request(policy, body, context); !allowed.ok()) return allowed;
  if (policy.allowed_volumes || policy.refuses_privileged) {
    plan.guarded_mounts = task_mounts(body, context, request.launch.directory());
  }
  return Done{};
}

// The policy is applied to the request between the task's flags and the operator's. At that point
// the request contains everything that the task wants, in whatever way it asked, and nothing from
// the operator.
Status plan_flags(const Request& request, LaunchPlan& plan) {
  CreateRequest create{std::move(plan.create), plan.force_pull};
  if (Status applied = apply_run_flags(request.flags.of_task.flags, create); !applied.ok()) {
    return applied;
  }
  if (Status allowed = judge_request(request, create.body, plan); !allowed.ok()) return allowed;
  if (Status applied = apply_run_flags(request.flags.of_operator, create); !applied.ok()) {
    return failure(
        "the operator's options (CONTAINERIZER_DEFAULT_OPTIONS, "
        "CONTAINERIZER_APPEND_OPTIONS): " +
        applied.failure().text);
  }
  plan.create = std::move(create.body);
  plan.force_pull = create.force_pull;
  plan.fixed_limits = fixed_limits(request.flags.all());
  complete_limits(request.resources, request.settings, request.flags, plan.create);
  return settle_pairs({request.command, request.flags, request.container.has_docker()}, plan);
}

// The part of the request that nothing can replace, so it comes last.
Status plan_fixed_part(const Request& request, LaunchPlan& plan) {
  json::object& body = plan.create;
  for (const auto& [name, value] : fixed_variables(request)) set_variable(body, name, value);
  settle_variables(body);
  // The supervisor decides about the container's life, not the daemon.
  field(body, "HostConfig.RestartPolicy.Name") = "no";
  field(body, "HostConfig.AutoRemove") = false;
  const VolumePlace place{request.launch, request.settings.sandbox};
  const Status mounted =
      mount_persistent_volumes(place, request.container, request.environment, body);
  return mounted.ok() ? mount_sandbox(place, body) : mounted;
}

Result<LaunchPlan> plan_container(const mesos::containerizer::Launch& launch,
                                  const Environment& environment, const TaskSettings& settings,
                                  const std::string& owner, const TaskImage& image) {
  const ContainerInfo& container = container_of(launch);
  if (image.container != nullptr && image.container != &container) {
    return failure(
        "container: the task's ContainerInfo names no image, and it replaces the ContainerInfo of "
        "the executor or of the slave's default, which names an image; name the image in the "
        "task's ContainerInfo");
  }
  const DockerInfo& docker = container.type() == ContainerInfo::DOCKER
                                 ? container.docker()
                                 : DockerInfo::default_instance();
  const Result<LaunchFlags> flags = collect_flags(launch, docker, image, settings.policy);
  if (!flags.ok()) return flags.failure();
  const Result<std::string> network = choose_network(container, flags.value().of_operator,
                                                     flags.value().of_task.flags, settings.network);
  if (!network.ok()) return network.failure();
  LaunchPlan plan = begin_plan(launch);
  const Request request{
      launch,        environment,     settings,
      owner,         plan.kind,       command_of(launch),
      container,     docker,          !container.has_docker() && image.container == nullptr,
      flags.value(), network.value(), plan.resources};
  plan.image = image.reference;
  plan_pull(docker, image, plan);
  for (const auto step : {plan_basics, plan_flags, plan_fixed_part}) {
    if (const Status planned = step(request, plan); !planned.ok()) return planned.failure();
  }
  return plan;
}

}  // namespace

std::string container_name(const std::string& container_id) {
  return "containerizer-" + container_id;
}

TaskKind kind_of(const mesos::containerizer::Launch& launch) {
  return launch.has_task_info() ? TaskKind::command : TaskKind::custom;
}

const mesos::CommandInfo& command_of(const mesos::containerizer::Launch& launch) {
  return kind_of(launch) == TaskKind::command ? launch.task_info().command()
                                              : launch.executor_info().command();
}

LaunchPlan begin_plan(const mesos::containerizer::Launch& launch) {
  LaunchPlan plan;
  plan.kind = kind_of(launch);
  const auto& uris = command_of(launch).uris();
  plan.uris.assign(uris.begin(), uris.end());
  // They include the task's resources. task_info repeats those, and adding it would count them
  // twice.
  plan.resources = sum_resources(launch.executor_info().resources());
  if (const auto& policy = launch.task_info().kill_policy(); policy.has_grace_period()) {
    // Before the rounding, which would overflow: a period of 292 years is "no limit".
    const std::chrono::nanoseconds grace(
        std::max<std::int64_t>(0, policy.grace_period().nanoseconds()));
    plan.kill_grace =
        std::chrono::ceil<Duration>(std::min<std::chrono::nanoseconds>(grace, no_limit));
  }
  return plan;
}

Result<LaunchPlan> make_launch_plan(const mesos::containerizer::Launch& launch,
                                    const Environment& environment, const TaskSettings& settings,
                                    const std::string& owner) {
  if (const Status good = check_bounds(launch); !good.ok()) return good.failure();
  if (const Status good = check_launch(launch, settings.policy); !good.ok()) return good.failure();
  const Result<TaskImage> image = choose_image(launch, environment, settings);
  if (!image.ok()) return image.failure();
  auto plan = image.value().reference.empty()
                  ? make_host_task_plan(launch, environment, settings.policy, owner)
                  : plan_container(launch, environment, settings, owner, image.value());
  if (!plan.ok()) return plan;
  for (const auto check : {check_variables, check_text}) {
    if (const Status good = check(plan.value().create); !good.ok()) return good.failure();
  }
  return plan;
}

}  // namespace containerizer

#include "engine/translation/launch_plan.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "engine/translation/executor_command.h"
#include "engine/translation/fixed_limits.h"
#include "engine/translation/host_task_plan.h"
#include "engine/translation/image_name.h"
#include "engine/translation/launch_bounds.h"
#include "engine/translation/network_plan.h"
#include "engine/translation/run_flags/flag_values.h"
#include "engine/translation/run_flags/run_flags.h"
#include "engine/translation/volume_plan.h"

namespace containerizer {
namespace {

namespace json = boost::json;
using mesos::ContainerInfo;
using DockerInfo = mesos::ContainerInfo::DockerInfo;

constexpr std::uint32_t highest_port = 65535;

Failure failure(std::string text) { return Failure{Fault::refused, std::move(text)}; }

// Flags, and whose they are.
struct Options {
  RunOptions tasks;
  std::vector<RunFlag> operators;
};

// A launch and what is decided of it, while the plan is made.
struct Request {
  const mesos::containerizer::Launch& launch;
  const Environment& environment;
  const TaskSettings& settings;
  const std::string& owner;
  TaskKind kind;
  const mesos::CommandInfo& command;  // what runs in the container
  const ContainerInfo& container;     // empty when neither task nor executor has one
  const DockerInfo& docker;           // empty likewise, and for a container of another type
  Options options;
  std::string network;
  Resources resources;

  bool has(std::string_view flag) const {
    return has_flag(options.tasks.flags, flag) || has_flag(options.operators, flag);
  }
};

// --- What comes in ---

// Why a launch cannot be planned at all.
Status check_message(const mesos::containerizer::Launch& launch) {
  if (!launch.directory().starts_with('/')) {
    return failure("launch: sandbox " + in_quotes(launch.directory()) + " is not an absolute path");
  }
  const std::string& command = launch.executor_info().command().value();
  if (kind_of(launch) == TaskKind::custom && command.ends_with("/mesos-executor")) {
    return failure(
        "launch: the slave did not say which command the task has. Mesos 0.19.0 to 0.20.0 does so "
        "when a symbolic link is part of --launcher_dir (here " +
        in_quotes(command) +
        "): start the slave with --launcher_dir set to the real path, or use Mesos 0.20.1");
  }
  return Done{};
}

// Why a ContainerInfo means nothing, whatever the image.
Status check_container(const ContainerInfo& container, const Policy& policy) {
  const bool is_of_mesos = container.type() == ContainerInfo::MESOS;
  if (is_of_mesos && container.has_docker()) {
    return failure("container: DockerInfo counts with the type DOCKER alone; this one is MESOS");
  }
  if (!is_of_mesos && container.mesos().has_image()) {
    return failure("container: MesosInfo counts with the type MESOS alone; this one is DOCKER");
  }
  const auto& credential = container.mesos().image().docker().credential();
  if (credential.principal().empty() && !credential.secret().empty()) {
    return failure("image: its credential has a secret, but no principal; name the user");
  }
  if (container.mesos().image().has_appc() && !policy.ignores_image) {
    return failure("image: Docker cannot run an Appc image; name a Docker image");
  }
  return Done{};
}

// Why the names of variables cannot be used.
Status check_names(const mesos::CommandInfo& command) {
  for (const auto& variable : command.environment().variables()) {
    if (variable.name().empty() || variable.name().find('=') != std::string::npos) {
      return failure("environment: " + in_quotes(variable.name()) +
                     " is not a name for a variable");
    }
  }
  return Done{};
}

// Why resources cannot be given to a container.
Status check_resources(const google::protobuf::RepeatedPtrField<mesos::Resource>& resources) {
  for (const mesos::Resource& resource : resources) {
    if (resource.name() == "gpus" && resource.scalar().value() > 0) {
      return failure("resource gpus: GPUs are not supported; take them out of the task");
    }
  }
  return Done{};
}

// Whether a ContainerInfo asks for anything.
bool says_something(ContainerInfo container) {
  container.clear_type();
  if (container.docker().ByteSizeLong() == 0) container.clear_docker();
  if (container.mesos().ByteSizeLong() == 0) container.clear_mesos();
  return container.ByteSizeLong() > 0;
}

// The task's, else the executor's, which can be the slave's default.
const ContainerInfo& container_of(const mesos::containerizer::Launch& launch) {
  return says_something(launch.task_info().container()) ? launch.task_info().container()
                                                        : launch.executor_info().container();
}

std::string image_of(const ContainerInfo& container) {
  return container.type() == ContainerInfo::MESOS ? container.mesos().image().docker().name()
                                                  : container.docker().image();
}

// An image, and the ContainerInfo that names it, if one does.
struct ImageChoice {
  std::string name;
  const ContainerInfo* container = nullptr;
};

std::vector<ImageChoice> images_of_task(const mesos::containerizer::Launch& launch) {
  const auto& task = launch.task_info();
  const auto& executor = launch.executor_info();
  return {{image_of(task.container()), &task.container()},
          {image_of(executor.container()), &executor.container()},
          {task.command().container().image()},
          {executor.command().container().image()}};
}

// The first that names one, by its reference; one that names a wrong image does not give way.
// not_found: none does.
Result<ImageChoice> first_image(const std::vector<ImageChoice>& choices) {
  for (const auto& [name, container] : choices) {
    const Result<std::string> reference = image_reference(name);
    if (reference.failed_with(Fault::not_found)) continue;
    if (!reference.ok()) return reference.failure();
    return ImageChoice{reference.value(), container};
  }
  return Failure{Fault::not_found, "image: the task names none"};
}

Result<ImageChoice> default_image(bool is_named, const Environment& environment,
                                  const TaskSettings& settings) {
  if (settings.imageless == Imageless::with_default) {
    auto found = first_image(
        {{value_or(environment, "MESOS_DEFAULT_CONTAINER_IMAGE", "")}, {settings.default_image}});
    if (!found.failed_with(Fault::not_found)) return found;
  }
  if (is_named) {
    return failure(
        "image: CONTAINERIZER_IGNORE leaves out what the task names, and there is no default; the "
        "operator must name one in CONTAINERIZER_DEFAULT_IMAGE, with "
        "CONTAINERIZER_IMAGELESS=default");
  }
  if (settings.imageless == Imageless::on_host) return ImageChoice{};
  if (settings.imageless == Imageless::refused) {
    return failure("image: the task names none, which CONTAINERIZER_IMAGELESS=refuse forbids");
  }
  return failure(
      "image: the task names none and there is no default; name one in its ContainerInfo, or start "
      "the slave with --default_container_image=docker:///IMAGE");
}

// The image, "" for none: the task is then run on the host.
Result<ImageChoice> choose_image(const mesos::containerizer::Launch& launch,
                                 const Environment& environment, const TaskSettings& settings) {
  auto named = first_image(images_of_task(launch));
  const bool is_named = !named.failed_with(Fault::not_found);
  if (!is_named || settings.policy.ignores_image) {
    return default_image(is_named, environment, settings);
  }
  if (!named.ok()) return named;
  const Status allowed = check_image(settings.policy, named.value().name);
  return allowed.ok() ? named : allowed.failure();
}

// The flags of `docker run` that come with the messages.
Result<RunOptions> read_flags(const mesos::containerizer::Launch& launch, const DockerInfo& docker,
                              const ImageChoice& image) {
  Result<RunOptions> parameters = parse_parameters(docker.parameters());
  if (!parameters.ok()) return parameters;
  const auto& task = launch.task_info().command();
  const auto& legacy =
      task.has_container() ? task.container() : launch.executor_info().command().container();
  if (image.container != nullptr && !legacy.options().empty()) {
    return failure(
        "options: CommandInfo.container has some, while a ContainerInfo (the task's, its "
        "executor's "
        "or the slave's default) names the image; put them into its parameters");
  }
  Result<RunOptions> options = parse_run_options(legacy.options());
  if (!options.ok()) return options;
  std::vector<RunFlag>& flags = options.value().flags;
  flags.insert(flags.begin(), parameters.value().flags.begin(), parameters.value().flags.end());
  return options;
}

// What there is of flags. Where only one can be, in which network the container is, the operator's
// is the one.
Result<Options> read_options(const mesos::containerizer::Launch& launch, const DockerInfo& docker,
                             const ImageChoice& image, const Policy& policy) {
  Options options;
  if (!policy.ignores_options) {
    Result<RunOptions> brought = read_flags(launch, docker, image);
    if (!brought.ok()) return brought.failure();
    options.tasks = std::move(brought.value());
  }
  std::vector<RunFlag>& flags = options.tasks.flags;
  if (flags.empty() && !options.tasks.command) options.operators = policy.default_options;
  options.operators.insert(options.operators.end(), policy.append_options.begin(),
                           policy.append_options.end());
  if (docker.privileged()) flags.insert(flags.begin(), {"privileged", "true"});
  if (const Status allowed = check_flags(policy, flags); !allowed.ok()) return allowed.failure();
  if (has_flag(options.operators, "network")) {
    std::erase_if(flags, [](const RunFlag& flag) { return flag.name == "network"; });
  }
  return options;
}

// --- Parts of the create request ---

Status plan_command(const Request& request, json::object& body) {
  const mesos::CommandInfo& command = request.command;
  const auto set_arguments = [&](const auto& words) {
    for (const std::string& word : words) append(body, "Cmd", json::value(word));
  };
  if (request.options.tasks.command) {
    set_arguments(*request.options.tasks.command);
  } else if (!command.shell()) {
    if (!command.value().empty()) append(body, "Cmd", json::value(command.value()));
    set_arguments(command.arguments());
  } else if (!command.value().empty()) {
    body["Entrypoint"] = json::array{"/bin/sh"};
    body["Cmd"] = json::array{"-c", json::value(command.value())};
  } else if (!command.has_value()) {
    return failure(
        "command: there is none for the shell to run; set value, or shell to false for "
        "the image's own command");
  }
  return Done{};
}

// Variables that say where the task is; nothing may set them otherwise.
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
      // The slave's address is one to bind only in the slave's network.
      const bool fits = found != request.environment.end() &&
                        (found->first != "LIBPROCESS_IP" || request.network == "host");
      if (fits) set_variable(body, name, found->second);
    }
  }
  for (const auto& variable : request.command.environment().variables()) {
    set_variable(body, variable.name(), variable.value());
  }
}

void plan_limits(const Request& request, json::object& body) {
  const Resources& resources = request.resources;
  json::object& host = object_at(body, "HostConfig");
  if (resources.cpus) host["CpuShares"] = cpu_shares(*resources.cpus);
  if (resources.memory) {
    host["Memory"] = memory_limit(*resources.memory);
    host["MemoryReservation"] = host["Memory"];
  }
}

// After the flags, which may have set another period.
void plan_quota(const Request& request, json::object& host) {
  const auto& cpus = request.resources.cpus;
  // The daemon takes one of the three.
  if (!cpus || !request.settings.cpu_quota || request.has("cpus") || request.has("cpu-quota"))
    return;
  const json::value& set = host.emplace("CpuPeriod", cpu_period).first->value();
  // 0 stands for the kernel's own, which is the same as ours.
  const std::int64_t period = set.as_int64() > 0 ? set.as_int64() : cpu_period;
  host["CpuQuota"] = cpu_quota(*cpus, period);
}

// After the flags, which may have set another limit.
void plan_swap(const Request& request, json::object& host) {
  const json::value* memory = host.if_contains("Memory");
  if (memory == nullptr || memory->as_int64() == 0) return;
  if (request.has("memory-swap")) return;
  if (request.settings.swap == SwapPolicy::none) host["MemorySwap"] = memory->as_int64();
  if (request.settings.swap == SwapPolicy::unlimited) host["MemorySwap"] = -1;
}

Status plan_mapping(const DockerInfo::PortMapping& mapping, const Resources& resources,
                    json::object& body) {
  const std::uint32_t host = mapping.host_port();
  const std::string name = "port mapping " + std::to_string(host) + ":" +
                           std::to_string(mapping.container_port()) + ": ";
  const bool allocated =
      std::any_of(resources.ports.begin(), resources.ports.end(),
                  [&](const auto& range) { return range.first <= host && host <= range.second; });
  if (!allocated) return failure(name + "the host port is not among the task's ports resources");
  if (mapping.container_port() < 1 || mapping.container_port() > highest_port) {
    return failure(name + "the container port is not between 1 and 65535");
  }
  const std::optional<std::string> protocol = parse_protocol(mapping.protocol());
  if (!protocol) {
    return failure(name + "protocol " + in_quotes(mapping.protocol()) + " is not tcp, udp or sctp");
  }
  publish_port(body, "", std::to_string(host), mapping.container_port(), *protocol);
  return Done{};
}

Status plan_ports(const Request& request, json::object& body) {
  const auto& mappings = request.docker.port_mappings();
  const bool separate = is_separate(request.network);
  if (!mappings.empty() && !separate) {
    const bool is_operators = has_flag(request.options.operators, "network");
    return failure("port mappings: the network " + in_quotes(request.network) +
                   (is_operators ? ", which the operator has chosen, has none; ask the operator"
                                 : " has none; use BRIDGE or USER"));
  }
  for (const auto& mapping : mappings) {
    if (Status planned = plan_mapping(mapping, request.resources, body); !planned.ok()) {
      return planned;
    }
  }
  // A framework that knows DockerInfo says itself which ports it wants.
  if (!separate || request.container.has_docker() || request.has("publish")) return Done{};
  for (const auto& [first, last] : request.resources.ports) {
    for (std::uint32_t port = first; port <= last; ++port) {
      publish_port(body, "", std::to_string(port), port, "tcp");
    }
  }
  return Done{};
}

// --- The whole ---

// How the image is got.
void plan_pull(const DockerInfo& docker, const ImageChoice& image, LaunchPlan& plan) {
  plan.force_pull = docker.force_pull_image();
  if (image.container == nullptr) return;
  const auto& wanted = image.container->mesos().image();
  if (!wanted.cached()) plan.force_pull = true;
  plan.login = {wanted.docker().credential().principal(), wanted.docker().credential().secret()};
}

Status plan_basics(const Request& request, LaunchPlan& plan) {
  json::object& body = plan.create;
  body["Image"] = plan.image;
  field(body, "HostConfig.NetworkMode") = request.network;
  if (request.launch.has_user() && !request.command.user().empty()) {
    body["User"] = request.owner.empty() ? request.command.user() : request.owner;
  }
  if (!request.container.hostname().empty()) {
    if (request.network == "host") {
      return failure("hostname " + in_quotes(request.container.hostname()) +
                     ": the container uses the host's network, and with it the host's name");
    }
    body["Hostname"] = request.container.hostname();
  }
  plan_limits(request, body);
  plan_variables(request, body);
  for (const auto part : {plan_command, plan_ports}) {
    if (Status planned = part(request, body); !planned.ok()) return planned;
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
  const RequestContext context{policy.allowed_volumes ? &*policy.allowed_volumes : nullptr,
                               plan.sandbox_directories, request.resources,
                               request.settings.cpu_quota};
  if (Status allowed = check_request(policy, body, context); !allowed.ok()) return allowed;
  if (policy.allowed_volumes) {
    plan.guarded_mounts = task_mounts(body, context, request.launch.directory());
  }
  return Done{};
}

Status plan_flags(const Request& request, LaunchPlan& plan) {
  CreateRequest create{std::move(plan.create), plan.force_pull};
  if (Status applied = apply_run_flags(request.options.tasks.flags, create); !applied.ok()) {
    return applied;
  }
  if (Status allowed = judge_request(request, create.body, plan); !allowed.ok()) return allowed;
  if (Status applied = apply_run_flags(request.options.operators, create); !applied.ok()) {
    return failure("the operator's own options: " + applied.failure().text);
  }
  plan.create = std::move(create.body);
  plan.force_pull = create.force_pull;
  auto all = request.options.tasks.flags;
  all.insert(all.end(), request.options.operators.begin(), request.options.operators.end());
  plan.fixed_limits = fixed_limits(all);

  json::object& host = object_at(plan.create, "HostConfig");
  plan_quota(request, host);
  plan_swap(request, host);
  // Docker refuses a soft limit above the hard one; a flag may have lowered only the latter.
  if (request.has("memory-reservation")) return Done{};
  const bool both = host.contains("Memory") && host.contains("MemoryReservation");
  if (both && host["Memory"].as_int64() > 0 &&
      host["MemoryReservation"].as_int64() > host["Memory"].as_int64()) {
    host["MemoryReservation"] = host["Memory"];
  }
  return Done{};
}

// No process can have such a value, and the daemon's words for that quote the whole of it.
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

// What no task can change.
Status plan_identity(const Request& request, json::object& body) {
  for (const auto& [name, value] : fixed_variables(request)) set_variable(body, name, value);
  settle_variables(body);
  field(body, "HostConfig.RestartPolicy.Name") = "no";
  field(body, "HostConfig.AutoRemove") = false;
  const VolumePlace place{request.launch, request.settings.sandbox};
  const Status mounted = mount_persistent_volumes(place, request.environment, body);
  return mounted.ok() ? mount_sandbox(place, body) : mounted;
}

// Why a launch cannot be planned, whatever its image.
Status check_launch(const mesos::containerizer::Launch& launch, const Policy& policy) {
  if (Status good = check_bounds(launch); !good.ok()) return good;
  if (Status good = check_message(launch); !good.ok()) return good;
  Status resources = check_resources(launch.executor_info().resources());
  if (!resources.ok()) return resources;
  if (Status good = check_names(command_of(launch)); !good.ok()) return good;
  for (const auto* each : {&launch.task_info().container(), &launch.executor_info().container()}) {
    if (Status good = check_container(*each, policy); !good.ok()) return good;
  }
  return check_health_check(policy, launch.task_info());
}

Result<LaunchPlan> plan_container(const mesos::containerizer::Launch& launch,
                                  const Environment& environment, const TaskSettings& settings,
                                  const std::string& owner, const ImageChoice& image) {
  const ContainerInfo& container = container_of(launch);
  if (image.container != nullptr && image.container != &container) {
    return failure(
        "container: the task's ContainerInfo names no image, and that of its executor, or the "
        "slave's default, cannot be mixed with it; name the image in the task's");
  }
  const DockerInfo& docker = container.type() == ContainerInfo::DOCKER
                                 ? container.docker()
                                 : DockerInfo::default_instance();
  const Result<Options> options = read_options(launch, docker, image, settings.policy);
  if (!options.ok()) return options.failure();
  const Result<std::string> network =
      choose_network(container, options.value().operators, options.value().tasks.flags);
  if (!network.ok()) return network.failure();
  LaunchPlan plan = begin_plan(launch);
  const Request request{launch,          environment,        settings,      owner,
                        plan.kind,       command_of(launch), container,     docker,
                        options.value(), network.value(),    plan.resources};
  plan.image = image.name;
  plan_pull(docker, image, plan);
  for (const auto step : {plan_basics, plan_flags}) {
    if (const Status planned = step(request, plan); !planned.ok()) return planned.failure();
  }
  const Status planned = plan_identity(request, plan.create);
  return planned.ok() ? Result<LaunchPlan>(std::move(plan)) : planned.failure();
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
  // Those of the task are in there already; task_info repeats them.
  plan.resources = sum_resources(launch.executor_info().resources());
  if (const auto& policy = launch.task_info().kill_policy(); policy.has_grace_period()) {
    const std::chrono::nanoseconds grace(
        std::max<std::int64_t>(0, policy.grace_period().nanoseconds()));
    plan.kill_grace = std::chrono::ceil<Duration>(grace);
  }
  return plan;
}

Result<LaunchPlan> make_launch_plan(const mesos::containerizer::Launch& launch,
                                    const Environment& environment, const TaskSettings& settings,
                                    const std::string& owner) {
  if (const Status good = check_launch(launch, settings.policy); !good.ok()) return good.failure();
  const Result<ImageChoice> image = choose_image(launch, environment, settings);
  if (!image.ok()) return image.failure();
  auto plan = image.value().name.empty()
                  ? make_host_task_plan(launch, environment, settings.policy, owner)
                  : plan_container(launch, environment, settings, owner, image.value());
  const Status good = plan.ok() ? check_variables(plan.value().create) : Done{};
  return good.ok() ? plan : good.failure();
}

}  // namespace containerizer

#include "tests/slave/launch_message.h"

#include <map>
#include <stdexcept>

namespace containerizer::player {

using mesos::CommandInfo;
using mesos::ContainerInfo;
using mesos::ExecutorInfo;
using mesos::TaskInfo;
using mesos::containerizer::Launch;

namespace {

constexpr double overhead_cpus = 0.1;
constexpr double overhead_mem = 32;
constexpr double nanoseconds = 1e9;
// 1.0 adds twice the longest reap interval to the kill grace.
constexpr double grace_margin = 2;
const std::string launcher_dir_flag = "--launcher_dir=";

bool as_bool(const std::string& value) {
  if (value != "true" && value != "false") throw std::invalid_argument("not true or false");
  return value == "true";
}

void add_variable(TaskDraft& draft, const std::string& value) {
  auto* variable = draft.command.mutable_environment()->add_variables();
  const auto [name, content] = split_at(value, '=');
  variable->set_name(name);
  variable->set_value(content);
}

// VALUE[,executable][,extract=false][,cache][,output_file=NAME]
void add_uri(TaskDraft& draft, const std::string& value) {
  auto* uri = draft.command.add_uris();
  KeyValue rest = split_at(value, ',');
  uri->set_value(rest.first);
  while (!rest.second.empty()) {
    rest = split_at(rest.second, ',');
    const auto [key, content] = split_at(rest.first, '=');
    if (key == "executable") {
      uri->set_executable(true);
    } else if (key == "extract") {
      uri->set_extract(content.empty() || as_bool(content));
    } else if (key == "cache") {
      uri->set_cache(true);
    } else if (key == "output_file") {
      uri->set_output_file(content);
    } else {
      throw std::invalid_argument("a URI does not have the key '" + key + "'");
    }
  }
}

// [HOST:]CONTAINER[:ro|:rw]
void add_volume(TaskDraft& draft, const std::string& value) {
  auto* volume = draft.container.add_volumes();
  std::string paths = value;
  volume->set_mode(mesos::Volume::RW);
  if (const auto [before, mode] = split_at_last(value, ':'); mode == "ro" || mode == "rw") {
    paths = before;
    if (mode == "ro") volume->set_mode(mesos::Volume::RO);
  }
  const auto [host, inside] = split_at_last(paths, ':');
  volume->set_container_path(inside);
  if (!host.empty()) volume->set_host_path(host);
}

// HOST:CONTAINER[/PROTOCOL]
void add_port_mapping(TaskDraft& draft, const std::string& value) {
  auto* mapping = draft.container.mutable_docker()->add_port_mappings();
  const auto [host, rest] = split_at(value, ':');
  const auto [inside, protocol] = split_at(rest, '/');
  mapping->set_host_port(static_cast<unsigned>(std::stoul(host)));
  mapping->set_container_port(static_cast<unsigned>(std::stoul(inside)));
  if (!protocol.empty()) mapping->set_protocol(protocol);
}

void add_parameter(TaskDraft& draft, const std::string& value) {
  auto* parameter = draft.container.mutable_docker()->add_parameters();
  const auto [key, content] = split_at(value, '=');
  parameter->set_key(key);
  parameter->set_value(content);
}

void set_network(TaskDraft& draft, const std::string& value) {
  ContainerInfo::DockerInfo::Network network{};
  if (!ContainerInfo::DockerInfo::Network_Parse(value, &network)) {
    throw std::invalid_argument("not HOST, BRIDGE, NONE or USER");
  }
  draft.container.mutable_docker()->set_network(network);
}

void set_type(TaskDraft& draft, const std::string& value) {
  ContainerInfo::Type type{};
  if (!ContainerInfo::Type_Parse(value, &type)) {
    throw std::invalid_argument("not DOCKER or MESOS");
  }
  draft.container.set_type(type);
}

void set_dialect(TaskDraft& draft, const std::string& value) {
  if (value != "command" && value != "container") {
    throw std::invalid_argument("not command or container");
  }
  draft.old_dialect = value == "command";
}

struct Setting {
  void (*apply)(TaskDraft&, const std::string&);
  bool makes_container_info = false;  // If it is present, there is a ContainerInfo.
};

const std::map<std::string, Setting> settings_known = {
    {"command", {[](TaskDraft& d, const std::string& v) { d.command.set_value(v); }}},
    {"shell", {[](TaskDraft& d, const std::string& v) { d.command.set_shell(as_bool(v)); }}},
    {"argument", {[](TaskDraft& d, const std::string& v) { d.command.add_arguments(v); }}},
    {"user", {[](TaskDraft& d, const std::string& v) { d.command.set_user(v); }}},
    {"env", {add_variable}},
    {"uri", {add_uri}},
    {"image", {[](TaskDraft& d, const std::string& v) { d.image = v; }}},
    {"dialect", {set_dialect}},
    {"option", {[](TaskDraft& d, const std::string& v) { d.options.push_back(v); }}},
    {"cpus", {[](TaskDraft& d, const std::string& v) { d.cpus = std::stod(v); }}},
    {"mem", {[](TaskDraft& d, const std::string& v) { d.mem = std::stod(v); }}},
    {"ports", {[](TaskDraft& d, const std::string& v) { d.ports = v; }}},
    {"kill_grace", {[](TaskDraft& d, const std::string& v) { d.kill_grace = std::stod(v); }}},
    {"executor_cpus", {[](TaskDraft& d, const std::string& v) { d.executor_cpus = std::stod(v); }}},
    {"executor_mem", {[](TaskDraft& d, const std::string& v) { d.executor_mem = std::stod(v); }}},
    {"task_command", {[](TaskDraft& d, const std::string& v) { d.task_command = v; }}},
    {"data", {[](TaskDraft& d, const std::string& v) { d.data = v; }}},
    {"type", {set_type, true}},
    {"volume", {add_volume, true}},
    {"network", {set_network, true}},
    {"network_name",
     {[](TaskDraft& d, const std::string& v) { d.container.add_network_infos()->set_name(v); },
      true}},
    {"port_mapping", {add_port_mapping, true}},
    {"parameter", {add_parameter, true}},
    {"hostname", {[](TaskDraft& d, const std::string& v) { d.container.set_hostname(v); }, true}},
    {"privileged",
     {[](TaskDraft& d, const std::string& v) {
        d.container.mutable_docker()->set_privileged(as_bool(v));
      },
      true}},
    {"force_pull_image",
     {[](TaskDraft& d, const std::string& v) {
        d.container.mutable_docker()->set_force_pull_image(as_bool(v));
      },
      true}},
    {"volume_driver",
     {[](TaskDraft& d, const std::string& v) {
        d.container.mutable_docker()->set_volume_driver(v);
      },
      true}},
};

// Sets the image in the message that the chosen dialect uses.
void place_image(TaskDraft& draft) {
  if (draft.old_dialect) {
    if (draft.image.empty()) return;
    draft.command.mutable_container()->set_image(draft.image);
    for (const std::string& option : draft.options) {
      draft.command.mutable_container()->add_options(option);
    }
    return;
  }
  draft.has_container = draft.has_container || !draft.image.empty();
  if (!draft.has_container) return;
  if (!draft.container.has_type()) draft.container.set_type(ContainerInfo::DOCKER);
  if (draft.image.empty()) return;
  if (draft.container.type() == ContainerInfo::DOCKER) {
    draft.container.mutable_docker()->set_image(draft.image);
  } else {
    auto* image = draft.container.mutable_mesos()->mutable_image();
    image->set_type(mesos::Image::DOCKER);
    image->mutable_docker()->set_name(draft.image);
  }
}

TaskInfo make_task(const std::string& name, const TaskDraft& draft, const Identity& identity) {
  TaskInfo task;
  task.set_name(name);
  task.mutable_task_id()->set_value(name);
  task.mutable_slave_id()->set_value(identity.slave_id);
  *task.add_resources() = scalar("cpus", draft.cpus);
  *task.add_resources() = scalar("mem", draft.mem);
  if (!draft.ports.empty()) *task.add_resources() = port_ranges(draft.ports);
  return task;
}

Launch make_launch(const ExecutorInfo& executor, const Identity& identity) {
  Launch launch;
  *launch.mutable_executor_info() = executor;
  launch.mutable_executor_info()->mutable_framework_id()->set_value(identity.framework_id);
  launch.mutable_slave_id()->set_value(identity.slave_id);
  launch.set_slave_pid(identity.slave_pid);
  launch.set_checkpoint(identity.checkpoint);
  // Without "switch user", no user is passed, not even that of a command.
  const CommandInfo& command = launch.executor_info().command();
  if (!identity.user.empty()) {
    launch.set_user(command.has_user() ? command.user() : identity.user);
  }
  return launch;
}

// The command of the executor that the slave creates for a command task. Fields of the task that
// the executor also needs are copied. Newer releases copy fewer of them.
CommandInfo executor_command(const CommandInfo& task, const Identity& identity, Release release) {
  const std::string program = identity.launcher_dir / "mesos-executor";
  CommandInfo command;
  if (release.merges_whole_command()) {
    command = task;
  } else {
    *command.mutable_uris() = task.uris();
    if (task.has_environment()) *command.mutable_environment() = task.environment();
    if (task.has_user()) command.set_user(task.user());
    if (release.copies_command_container() && task.has_container()) {
      *command.mutable_container() = task.container();
    }
    command.set_shell(!release.starts_executor_without_shell());
  }
  command.set_value(program);
  if (release.starts_executor_without_shell()) {
    command.add_arguments("mesos-executor");
    command.add_arguments(launcher_dir_flag + identity.launcher_dir.string());
  }
  return command;
}

std::string executor_name(const TaskInfo& task) {
  constexpr std::size_t longest = 15;
  std::string command = task.command().value();
  if (command.size() > longest) command = command.substr(0, longest - 3) + "...";
  if (task.command().shell()) command.insert(0, "sh -c '").append("'");
  return "Command Executor (Task: " + task.task_id().value() + ") (Command: " + command + ")";
}

void copy_container(const TaskInfo& task, ExecutorInfo& executor, CommandInfo& command,
                    Release release) {
  if (!task.has_container()) return;
  const bool is_mesos = task.container().type() == ContainerInfo::MESOS;
  if (!(is_mesos ? release.copies_mesos_container_info()
                 : release.copies_docker_container_info())) {
    return;
  }
  *executor.mutable_container() = task.container();
  if (is_mesos && task.container().mesos().has_image()) {
    executor.mutable_container()->mutable_mesos()->clear_image();
    command.set_user("root");
  }
}

mesos::DurationInfo seconds(double amount) {
  mesos::DurationInfo duration;
  duration.set_nanoseconds(static_cast<std::int64_t>(amount * nanoseconds));
  return duration;
}

// Replaces the path of mesos-executor in a recorded command by this slave's own.
void move_executor(CommandInfo& command, const Identity& identity) {
  if (!command.value().ends_with("/mesos-executor")) return;
  command.set_value(identity.launcher_dir / "mesos-executor");
  for (std::string& argument : *command.mutable_arguments()) {
    if (argument.starts_with(launcher_dir_flag)) {
      argument = launcher_dir_flag + identity.launcher_dir.string();
    }
  }
}

}  // namespace

TaskDraft parse_draft(const std::vector<KeyValue>& settings, Release release) {
  TaskDraft draft;
  draft.old_dialect = !release.knows_container_info();
  for (const auto& [key, value] : settings) {
    const auto known = settings_known.find(key);
    if (known == settings_known.end()) throw std::invalid_argument("unknown key '" + key + "'");
    try {
      known->second.apply(draft, value);
    } catch (const std::logic_error& error) {
      throw std::invalid_argument(std::string(key).append("=").append(value) + ": " + error.what());
    }
    draft.has_container = draft.has_container || known->second.makes_container_info;
  }
  if (draft.has_container && !release.knows_container_info()) {
    throw std::invalid_argument("this release has no ContainerInfo");
  }
  if (release.knows_container_info() && !draft.command.has_shell()) draft.command.set_shell(true);
  place_image(draft);
  return draft;
}

TaskLaunch command_task(const std::string& name, const TaskDraft& draft, const Identity& identity,
                        Release release) {
  TaskInfo task = make_task(name, draft, identity);
  *task.mutable_command() = draft.command;
  if (draft.has_container) *task.mutable_container() = draft.container;
  ExecutorInfo executor;
  executor.mutable_executor_id()->set_value(name);
  executor.set_name(executor_name(task));
  executor.set_source(name);
  CommandInfo command = executor_command(task.command(), identity, release);
  copy_container(task, executor, command, release);
  *executor.mutable_command() = command;
  *executor.mutable_resources() = task.resources();
  if (release.has_executor_overhead()) {
    Resources overhead;
    *overhead.Add() = scalar("cpus", overhead_cpus);
    *overhead.Add() = scalar("mem", overhead_mem);
    append(*executor.mutable_resources(), overhead, release.adds_resources_up());
  }
  if (release.executor_has_kill_policy() && draft.kill_grace >= 0) {
    *task.mutable_kill_policy()->mutable_grace_period() = seconds(draft.kill_grace);
    *executor.mutable_shutdown_grace_period() = seconds(draft.kill_grace + grace_margin);
  }
  TaskLaunch made{task, make_launch(executor, identity)};
  *made.launch.mutable_task_info() = task;
  return made;
}

TaskLaunch custom_task(const std::string& name, const TaskDraft& draft, const Identity& identity,
                       Release release) {
  ExecutorInfo executor;
  executor.mutable_executor_id()->set_value(name);
  executor.set_name(name);
  executor.set_source(name);
  *executor.mutable_command() = draft.command;
  if (draft.has_container) *executor.mutable_container() = draft.container;
  if (!draft.data.empty()) executor.set_data(draft.data);
  *executor.add_resources() = scalar("cpus", draft.executor_cpus);
  *executor.add_resources() = scalar("mem", draft.executor_mem);
  TaskInfo task = make_task(name, draft, identity);
  append(*executor.mutable_resources(), task.resources(), release.adds_resources_up());
  if (!draft.task_command.empty()) task.mutable_command()->set_value(draft.task_command);
  TaskLaunch made{task, make_launch(executor, identity)};
  *made.task.mutable_executor() = made.launch.executor_info();
  return made;
}

TaskLaunch recorded_task(const std::string& name, const Launch& recorded, bool fresh,
                         const Identity& identity) {
  TaskLaunch made{recorded.task_info(), recorded};
  ExecutorInfo& executor = *made.launch.mutable_executor_info();
  if (fresh) {
    executor.mutable_executor_id()->set_value(name);
    Launch renewed = make_launch(executor, identity);
    if (recorded.has_user()) renewed.set_user(recorded.user());
    if (recorded.has_task_info()) {
      made.task.mutable_task_id()->set_value(name);
      made.task.mutable_slave_id()->set_value(identity.slave_id);
      *renewed.mutable_task_info() = made.task;
      move_executor(*renewed.mutable_executor_info()->mutable_command(), identity);
    }
    made.launch = renewed;
  }
  if (!recorded.has_task_info()) {
    made.task.set_name(name);
    made.task.mutable_task_id()->set_value(name);
    *made.task.mutable_executor() = made.launch.executor_info();
  }
  return made;
}

}  // namespace containerizer::player

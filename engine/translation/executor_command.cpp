#include "engine/translation/executor_command.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <sstream>
#include <string_view>

namespace containerizer {
namespace {

constexpr std::string_view executor_name = "/mesos-executor";
constexpr std::string_view launcher_directory_variable = "--launcher_dir=";

// Slaves do this from 1.0 on, which is the only sign of their version (mesos-protocol 5.2).
bool names_launcher(const mesos::CommandInfo& command) {
  return std::any_of(
      command.arguments().begin(), command.arguments().end(),
      [](const std::string& a) { return a.starts_with(launcher_directory_variable); });
}

constexpr const char* library_path = "LD_LIBRARY_PATH";

// The entries of a path that the task cannot fill: mesos-executor runs in the sandbox, which is
// what an empty entry, such as after a last colon, and a relative one mean.
std::string outside_of(const std::string& path, const std::string& sandbox) {
  std::string kept;
  std::istringstream entries(path);
  for (std::string entry; std::getline(entries, entry, ':');) {
    const bool is_inside = entry == sandbox || entry.starts_with(sandbox + "/");
    if (!entry.starts_with('/') || is_inside) continue;
    kept += (kept.empty() ? "" : ":") + entry;
  }
  return kept;
}

}  // namespace

std::string launcher_directory(const Environment& environment) {
  return value_or(environment, "MESOS_LIBEXEC_DIRECTORY", "/usr/libexec/mesos");
}

Result<std::vector<std::string>> executor_argv(const mesos::containerizer::Launch& launch,
                                               const Environment& environment,
                                               const std::string& program,
                                               const std::string& container_id) {
  // The program named in the message is never run. The slave treats any command that contains the
  // path of mesos-executor as its own, so a framework may have written it.
  const std::string directory = value_or(environment, "MESOS_LIBEXEC_DIRECTORY", "");
  if (!directory.starts_with('/')) {
    return Failure{Fault::refused,
                   "mesos-executor not found: MESOS_LIBEXEC_DIRECTORY is not set to an absolute "
                   "path; check the slave's --launcher_dir"};
  }
  const std::string executor = directory + std::string(executor_name);
  if (!names_launcher(launch.executor_info().command())) {
    // Without the "--", mesos-executor would parse later arguments as its own flags.
    return std::vector<std::string>{executor, "--override", "--",
                                    program,  "task-proxy", container_id};
  }
  // Here, arguments[0] is argv[0], unlike in a Docker task (mesos-protocol 5.4).
  const boost::json::object task_command{
      {"shell", false}, {"value", program}, {"arguments", {program, "task-proxy", container_id}}};
  return std::vector<std::string>{executor, std::string(launcher_directory_variable) + directory,
                                  "--task_command=" + boost::json::serialize(task_command)};
}

Environment executor_environment(const mesos::containerizer::Launch& launch,
                                 const Environment& environment) {
  Environment result = executor_variables(launch, environment, launch.directory());
  result.merge(without_slave_settings(environment));
  if (const auto path = result.find(library_path); path != result.end()) {
    path->second = outside_of(path->second, launch.directory());
    if (path->second.empty()) result.erase(path);
  }
  return result;
}

Environment executor_variables(const mesos::containerizer::Launch& launch,
                               const Environment& environment, const std::string& directory) {
  const mesos::ExecutorInfo& executor = launch.executor_info();
  Environment result{
      {"MESOS_FRAMEWORK_ID", executor.framework_id().value()},
      {"MESOS_EXECUTOR_ID", executor.executor_id().value()},
      {"MESOS_SLAVE_ID", launch.slave_id().value()},
      {"MESOS_SLAVE_PID", launch.slave_pid()},
      {"MESOS_AGENT_ENDPOINT", launch.slave_pid().substr(launch.slave_pid().find('@') + 1)},
      {"MESOS_DIRECTORY", directory},
      {"MESOS_CHECKPOINT", launch.checkpoint() ? "1" : "0"},  // only "1" enables it
  };
  const auto take = [&](const std::string& name, const std::string& fallback) {
    result[name] = value_or(environment, name, fallback);
  };
  // Executors that use the HTTP API require most of these (mesos-protocol 6.3).
  take("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "5secs");
  take("MESOS_HTTP_COMMAND_EXECUTOR", "0");
  if (launch.checkpoint()) {
    take("MESOS_RECOVERY_TIMEOUT", "15mins");
    take("MESOS_SUBSCRIPTION_BACKOFF_MAX", "2secs");
  }
  if (executor.has_shutdown_grace_period()) {
    result["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"] =
        std::to_string(executor.shutdown_grace_period().nanoseconds()) + "ns";
  }
  return result;
}

Environment without_slave_settings(const Environment& environment) {
  static constexpr std::array<std::string_view, 4> kept = {
      "MESOS_WORK_DIRECTORY", "MESOS_LIBEXEC_DIRECTORY", "MESOS_NATIVE_LIBRARY",
      "MESOS_NATIVE_JAVA_LIBRARY"};
  Environment result = environment;
  std::erase_if(result, [](const auto& variable) {
    const std::string& name = variable.first;
    return name.starts_with("LIBPROCESS_ADVERTISE_") ||
           (name.starts_with("MESOS_") && std::find(kept.begin(), kept.end(), name) == kept.end());
  });
  result.insert_or_assign("LIBPROCESS_PORT", std::string("0"));
  return result;
}

}  // namespace containerizer

#include "tests/slave/launch_environment.h"

#include <unistd.h>

#include "tests/slave/wire.h"

namespace containerizer::player {

Environment slave_environment(const Options& options, Release release, unsigned short port) {
  Environment own;
  for (char** entry = environ; *entry != nullptr; ++entry) own.insert(split_at(*entry, '='));
  for (const auto& [name, value] : options.environment) own[name] = value;
  own["LIBPROCESS_IP"] = "127.0.0.1";
  if (release.exports_own_address()) own["LIBPROCESS_PORT"] = std::to_string(port);
  return own;
}

Environment verb_environment(const Environment& own, const Options& options) {
  Environment all = own;
  all["MESOS_LIBEXEC_DIRECTORY"] = options.launcher_dir;
  all["MESOS_WORK_DIRECTORY"] = options.work_dir;
  return all;
}

std::chrono::milliseconds shutdown_grace(const Options& options, Release release,
                                         const mesos::ExecutorInfo& executor) {
  if (release.executor_has_kill_policy() && executor.has_shutdown_grace_period()) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::nanoseconds(executor.shutdown_grace_period().nanoseconds()));
  }
  return options.shutdown_grace;
}

Environment launch_environment(const Environment& own, const Options& options, Release release,
                               const mesos::containerizer::Launch& launch) {
  Environment extra = {
      {"LIBPROCESS_PORT", "0"},
      {"MESOS_FRAMEWORK_ID", launch.executor_info().framework_id().value()},
      {"MESOS_EXECUTOR_ID", launch.executor_info().executor_id().value()},
      {"MESOS_SLAVE_ID", launch.slave_id().value()},
      {"MESOS_DIRECTORY", launch.directory()},
      {"MESOS_SLAVE_PID", launch.slave_pid()},
      {"MESOS_CHECKPOINT", launch.checkpoint() ? "1" : "0"},
  };
  if (launch.checkpoint()) extra["MESOS_RECOVERY_TIMEOUT"] = "15mins";
  if (options.default_container_image) {
    extra["MESOS_DEFAULT_CONTAINER_IMAGE"] = *options.default_container_image;
  }
  if (release.names_agent_endpoint()) {
    extra["MESOS_AGENT_ENDPOINT"] = split_at(launch.slave_pid(), '@').second;
    if (launch.checkpoint()) extra["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = "2secs";
  }
  if (release.names_shutdown_grace()) {
    const auto grace = shutdown_grace(options, release, launch.executor_info());
    extra["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"] = std::to_string(grace.count() / 1000) + "secs";
  }
  if (release.names_http_executor()) {
    extra["MESOS_HTTP_COMMAND_EXECUTOR"] = "0";
    extra["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  }
  Environment all = verb_environment(own, options);
  if (release.only_inserts_launch_variables()) {
    all.insert(extra.begin(), extra.end());
  } else {
    for (const auto& [name, value] : extra) all[name] = value;
  }
  return all;
}

}  // namespace containerizer::player

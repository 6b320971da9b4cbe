// The operator's settings, all from environment variables. docs/configuration.md has the table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/docker/transport/endpoint.h"
#include "engine/translation/task_settings.h"
#include "host/clock.h"
#include "host/environment.h"
#include "host/log.h"
#include "host/result.h"

namespace containerizer {

// When `wait` replies; see cli/wait.cpp.
enum class WaitMode { automatic, early, late };

// When an image is pulled. A task that forces a pull overrides `missing`, but not `never`.
enum class PullPolicy { missing, always, never };

// The operator's hook programs; see engine/supervisor/hooks.h. Each is a program and its arguments;
// empty: no hook.
struct HookSettings {
  std::vector<std::string> launch;
  std::vector<std::string> end;
  Duration timeout{10'000};
  bool fails_task = false;  // whether a launch hook that fails makes the task fail
};

struct Settings {
  std::string work_directory;  // MESOS_WORK_DIRECTORY, resolved; identifies the slave instance
  Endpoint endpoint;           // CONTAINERIZER_DOCKER_ARGS, DOCKER_HOST
  WaitMode wait = WaitMode::automatic;
  std::optional<int> late_waits;    // absent: half of the slave's threads
  Duration stop_timeout{2'000};     // from the stop signal to SIGKILL
  Duration remove_delay{0};         // from a container's exit to its removal
  Duration daemon_timeout{30'000};  // of one call to the daemon
  Duration daemon_retry{60'000};    // how long a launch retries a daemon that does not respond
  TaskSettings tasks;
  PullPolicy pull = PullPolicy::missing;
  HookSettings hooks;
  Duration history{30LL * 24 * 3600 * 1000};  // how long ended containers stay in the database
  std::string log;                            // "" for standard error alone
  log::Level log_level = log::Level::info;

  // Contains everything that this program stores for the slave instance.
  std::string state_directory() const { return work_directory + "/docker-containerizer"; }
};

// Reads all settings. For each one that is unknown or malformed, a line is added to `problems` that
// names it and the values that it accepts, and the setting keeps its default. An unreadable address
// of the daemon becomes one that no call reaches: to ask another daemon than the operator's would
// be worse than to ask none.
Settings read_settings(const Environment& environment, std::vector<std::string>& problems);

// The names of all settings, each in full ("CONTAINERIZER_PULL"). Older names are not listed.
std::vector<std::string> setting_names();

// Parses a duration as Mesos writes it: a number and one of ns, us, ms, secs, mins, hrs, days,
// weeks. refused: any other form, or more than 100 years.
Result<Duration> parse_duration(const std::string& text);

}  // namespace containerizer

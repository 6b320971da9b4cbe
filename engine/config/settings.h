// The operator's settings, all from environment variables. docs/configuration.md has the table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
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

// When the files `stdout` and `stderr` of a sandbox are rotated.
struct OutputLimits {
  std::uint64_t size = 0;  // bytes; 0 turns rotation off
  int files = 5;           // number of older files to keep
};

struct Settings {
  std::string work_directory;  // MESOS_WORK_DIRECTORY, resolved; identifies the slave instance
  Endpoint endpoint;           // CONTAINERIZER_DOCKER_ARGS, DOCKER_HOST
  WaitMode wait = WaitMode::automatic;
  std::optional<int> late_waits;    // absent: half of the slave's threads
  Duration stop_timeout{2'000};     // from the stop signal to SIGKILL
  Duration remove_delay{0};         // from a container's exit to its removal
  Duration daemon_timeout{30'000};  // of one call to the daemon
  // How long after its launch a container's supervisor retries a daemon that does not respond. The
  // slave's registration timeout is 60 s by default, and must not end first.
  Duration daemon_retry{45'000};
  TaskSettings tasks;
  PullPolicy pull = PullPolicy::missing;
  HookSettings hooks;
  OutputLimits output;
  Duration history{30LL * 24 * 3600 * 1000};  // how long ended containers stay in the database
  std::string log;                            // "" for standard error alone
  log::Level log_level = log::Level::info;
  // The first line of `problems` of read_settings(), for a process that goes on with defaults; ""
  // if all settings are valid. A rule of the operator may be missing, so nothing may be created.
  std::string problem;

  // Contains everything that this program stores for the slave instance.
  std::string state_directory() const { return work_directory + "/docker-containerizer"; }
};

// Reads all settings. For each one that is unknown or malformed, a line is added to `problems` that
// names it and the values that it accepts, and the setting keeps its default. An unreadable address
// of the daemon becomes Endpoint::nowhere(), because a call to another daemon would be worse than
// no call.
Settings read_settings(const Environment& environment, std::vector<std::string>& problems);

// The names of all settings, each in full ("CONTAINERIZER_PULL"). Older names are not listed.
std::vector<std::string> setting_names();

// The settings that `environment` contains, in its order, for a bug report. A value that can be a
// secret is replaced.
std::vector<std::pair<std::string, std::string>> shown_settings(const Environment& environment);

// Parses a number of bytes as Mesos writes it: a whole number and one of B, KB, MB, GB, TB, each
// 1024 times the one before. refused: any other form.
Result<std::uint64_t> parse_bytes(const std::string& text);

// Parses a duration as Mesos writes it: a number and one of ns, us, ms, secs, mins, hrs, days,
// weeks. refused: any other form, or more than 100 years.
Result<Duration> parse_duration(const std::string& text);

}  // namespace containerizer

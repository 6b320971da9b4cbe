// What the operator configures, all of it by environment variables (README.md has the table).
#pragma once

#include <cstdint>
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

// When `wait` answers; see cli/wait.cpp.
enum class WaitMode { automatic, early, late };

// When a registry is asked for an image; a task's own wish to pull goes before `missing`.
enum class PullPolicy { missing, always, never };

// Programs of the operator's that accompany a container; see engine/supervisor/hooks.h. Their
// words; none: there is no such program.
struct HookSettings {
  std::vector<std::string> launch;
  std::vector<std::string> end;
  Duration timeout{10'000};
  bool fails_task = false;  // a launch hook that does not succeed
};

// When the files `stdout` and `stderr` of a sandbox are rotated.
struct OutputLimits {
  std::uint64_t size = 0;  // bytes; 0 for never
  int files = 5;           // older files that are kept
};

struct Settings {
  std::string work_directory;  // MESOS_WORK_DIRECTORY, absolute: which slave instance this is
  Endpoint endpoint;           // CONTAINERIZER_DOCKER_ARGS, DOCKER_HOST
  WaitMode wait = WaitMode::automatic;
  std::optional<int> late_waits;  // absent: half the threads that a slave has
  Duration stop_timeout{2'000};
  Duration remove_delay{0};
  Duration daemon_timeout{30'000};
  Duration daemon_retry{60'000};
  TaskSettings tasks;
  PullPolicy pull = PullPolicy::missing;
  HookSettings hooks;
  OutputLimits output;
  Duration history{30LL * 24 * 3600 * 1000};
  std::string log;  // "" for standard error alone
  log::Level log_level = log::Level::info;

  // Directory of everything that this instance keeps.
  std::string state_directory() const { return work_directory + "/docker-containerizer"; }
};

// The settings. What is wrong with one (a CONTAINERIZER_* variable that is unknown or malformed,
// say) is added to `problems`, a line that names it and what it takes; it then has its default. An
// endpoint that cannot be read becomes one that no call reaches: to ask another daemon than the
// operator's would be worse than to ask none.
Settings read_settings(const Environment& environment, std::vector<std::string>& problems);

// The names of all settings, each in full ("CONTAINERIZER_PULL"), without their older names.
std::vector<std::string> setting_names();

// A number of bytes as Mesos writes it: a whole number and one of B, KB, MB, GB, TB, each 1024
// times the one before.
Result<std::uint64_t> parse_bytes(const std::string& text);

// A duration as Mesos writes them: a number and one of ns, us, ms, secs, mins, hrs, days, weeks.
Result<Duration> parse_duration(const std::string& text);

}  // namespace containerizer

// The simulated Mesos release, and the differences between the releases.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace containerizer::player {

struct Version {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const Version&) const = default;  // NOLINT(modernize-use-nullptr)
};

// Parses "0.19.1". Empty if the text is not three numbers.
std::optional<Version> parse_version(std::string_view text);

// The release in the file `mesos-version` next to the running program. Empty if there is no valid
// file. The stand-ins get their release from it, because the containerizer under test controls
// their environment.
std::optional<Version> version_beside_program();

// The directory of the running program.
std::filesystem::path program_directory();

// Each difference between the releases has one name.
class Release {
 public:
  explicit Release(Version version) : version_(version) {}
  Version version() const { return version_; }

  // --- Calling a verb ---
  bool leaks_pipes() const { return before(0, 20); }
  bool synchronises_before_exec() const { return before(1, 0); }
  bool dies_of_sigpipe() const { return before(0, 27); }
  bool odd_stderr_mode() const { return before(0, 22); }
  bool only_inserts_launch_variables() const { return since(0, 23); }
  bool exports_own_address() const { return since(0, 23); }
  bool names_agent_endpoint() const { return since(0, 27); }
  bool names_shutdown_grace() const { return since(0, 28); }
  bool names_http_executor() const { return since(1, 0); }
  bool kills_tree_of_gone_root() const { return since(0, 21); }
  // The polling interval of the reaper for `watched` processes.
  std::chrono::milliseconds reap_interval(std::size_t watched) const;

  // --- The Launch message ---
  bool knows_container_info() const { return since(0, 20); }
  bool has_executor_overhead() const { return since(0, 20); }
  bool adds_resources_up() const { return since(0, 21); }
  bool merges_whole_command() const { return before(0, 21); }
  bool copies_command_container() const { return before(0, 27); }
  bool starts_executor_without_shell() const { return since(1, 0); }
  bool copies_docker_container_info() const { return since(0, 22, 1); }
  bool copies_mesos_container_info() const { return since(0, 26); }

  // --- The slave's behaviour ---
  bool queues_wait_at_launch() const { return before(0, 20); }
  bool polls_usage() const { return before(0, 23); }
  bool awaits_update_before_tasks() const { return since(0, 22); }
  bool awaits_update_before_terminal_status() const { return since(0, 20); }
  bool destroys_when_terminal_update_fails() const { return since(0, 20); }
  bool destroys_when_any_update_fails() const { return since(0, 22); }
  bool destroys_task_killed_unregistered() const { return before(0, 28, 2); }
  bool has_reasons() const { return since(0, 21); }
  // Termination has state and reasons, and the slave keeps its own pending status.
  bool termination_carries_state() const { return since(0, 26); }

  // --- mesos-executor and mesos-fetcher ---
  bool executor_knows_override() const { return before(1, 0); }
  bool executor_knows_task_command() const { return since(0, 28); }
  bool executor_knows_user() const { return since(0, 26); }
  bool executor_knows_rootfs() const { return since(0, 28, 2); }
  bool executor_knows_launcher_dir() const { return since(1, 0); }
  bool executor_help_succeeds() const { return since(0, 23); }
  bool executor_insists_on_command() const { return before(0, 20); }
  bool executor_has_kill_policy() const { return since(1, 0); }
  bool fetcher_takes_variables() const { return before(0, 22); }
  bool fetcher_takes_items() const { return since(0, 23); }
  bool fetcher_knows_file_urls() const { return since(0, 20); }
  bool fetcher_unpacks_gz() const { return since(0, 26); }
  bool fetcher_unpacks_tar() const { return since(0, 27); }
  bool fetcher_unzips_over() const { return since(0, 28, 2); }
  bool fetcher_knows_output_file() const { return since(1, 0); }
  bool fetcher_becomes_user() const { return since(1, 0); }

 private:
  bool since(int major, int minor, int patch = 0) const {
    return version_ >= Version{major, minor, patch};
  }
  bool before(int major, int minor, int patch = 0) const { return !since(major, minor, patch); }

  Version version_;
};

}  // namespace containerizer::player

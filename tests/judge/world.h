// What really exists on the host: processes, the kernel's files about them, and what the daemon
// has. The judge believes these, and not the containerizer.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/judge/process.h"

namespace containerizer::judge {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path);
void write_file(const fs::path& path, std::string_view content);
std::vector<std::string> lines_of(const std::string& text);
// The text, or its start and its length if it is long; on one line.
std::string shortened(const std::string& text, std::size_t longest = 300);

// --- Processes ---

struct HostProcess {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = '?';
  std::string command;  // its command line, or its name in brackets
};

// All processes except zombies.
std::map<pid_t, HostProcess> host_processes();
// Children of `root`, their children, and so on. `root` itself is not included.
std::vector<HostProcess> descendants(pid_t root);
// Processes that have `mark` in their environment or command line, and another file system than
// this process: those in containers.
std::vector<HostProcess> contained_processes(const std::string& mark);
// Both, as an indented tree.
std::string process_tree(pid_t root, const std::string& mark);

// --- The kernel's files about a process ---

// The cgroup of a process, in version 1 or 2.
class Cgroup {
 public:
  explicit Cgroup(pid_t pid);

  // Bytes; empty if the kernel's file cannot be read, and a huge number if there is no limit.
  std::optional<double> memory_limit() const;
  std::optional<double> memory_used() const;
  // Anonymous memory.
  std::optional<double> memory_resident() const;
  // In seconds.
  std::optional<double> cpu_time() const;
  // Whether its share of the processors is that of so many processors (1024 per processor).
  bool has_cpus(double cpus) const;
  // The kernel's number, for people.
  std::string cpu_share() const;

 private:
  bool unified_ = false;
  fs::path memory_, cpu_, cpu_account_;
};

// A field of /proc/PID/status, such as CapEff.
std::string status_field(pid_t pid, const std::string& field);

// --- The daemon ---

// IDs and names of containers, volumes and networks, each with its kind as first word.
std::set<std::string> daemon_things(Host& host);
// Removes them by force.
void remove_things(Host& host, const std::set<std::string>& things);
// Mount points below a directory.
std::vector<std::string> mounts_below(const fs::path& directory);

}  // namespace containerizer::judge

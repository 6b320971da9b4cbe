// Resource usage of a container, read from the kernel's cgroup files (v1, v2, and both at once).
// The daemon is not asked: the slave calls `usage` about once a second for each container.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/process.h"
#include "host/result.h"

namespace containerizer {

// A field is empty if the kernel does not report it, or if that limit is not set. Memory in bytes.
struct CgroupUsage {
  using Number = std::optional<std::uint64_t>;

  Number cpu_user_ns;
  Number cpu_system_ns;
  Number cpu_periods;
  Number cpu_throttled;
  Number cpu_throttled_ns;
  Number cpu_shares;  // v1 only: several shares map to one cpu.weight of v2.

  Number mem_rss;   // Anonymous memory, without swap and page cache: mem_rss, mem_anon of Mesos.
  Number mem_file;  // Page cache, including tmpfs: mem_file and mem_cache of Mesos.
  Number mem_mapped_file;
  Number mem_swap;
  Number mem_unevictable;
  Number mem_total;        // Everything that the kernel charges against the limit.
  Number mem_total_memsw;  // mem_total plus swap.
  Number mem_limit;
  Number mem_soft_limit;

  Number processes;
  Number threads;

  // Sums over all interfaces except loopback. Empty if the process shares our network namespace,
  // because the numbers would be those of the host.
  Number net_rx_bytes, net_rx_packets, net_rx_errors, net_rx_dropped;
  Number net_tx_bytes, net_tx_packets, net_tx_errors, net_tx_dropped;
};

// Returns whether the process is in a cgroup whose path contains `name`. The cgroup paths of a
// container's processes contain the container's ID. False if the process has exited.
bool has_cgroup_named(pid_t pid, const std::string& name);

// The processes of this host in cgroups whose paths contain a container's ID, which the daemon has
// given. Empty if it is not an ID of 64 digits: a shorter text could be a part of any path.
std::vector<ProcessId> processes_of_container(const std::string& docker_id);

// Reads the usage of the cgroup that `pid` is in, including its descendants.
// not_found: the process has exited or is exiting. The kernel reports an exiting process in the
// root cgroup, whose numbers are those of the host. The usage of the root cgroup, or of our own
// cgroup, is therefore never returned. unavailable: the kernel's files cannot be read, or no cgroup
// file system is mounted. `root` is a prefix of every path; only tests set it. REQUIRES: `pid` is
// the container's first process (the caller checks its start time), and this program is not in a
// separate cgroup namespace. Sources: cgroups(7), proc(5).
Result<CgroupUsage> read_usage(pid_t pid, const std::string& root = "");

// Limits to set; an empty field leaves the limit as it is.
struct CgroupLimits {
  std::optional<std::int64_t> cpu_shares;
  std::optional<std::int64_t> cpu_quota, cpu_period;  // microseconds, set together
  std::optional<std::int64_t> memory;                 // bytes, here and below
  std::optional<std::int64_t> memory_and_swap;        // set with `memory`; -1 for no limit
  std::optional<std::int64_t> soft_memory;
};

// Sets limits of the cgroup that the process is in, or of the one above it whose name contains
// `name` and that bounds the whole container. For a daemon that has no call for it. Failures are
// those of read_usage(); refused: the kernel does not accept a value. `root` is that of
// read_usage().
Status change_limits(pid_t pid, const std::string& name, const CgroupLimits& limits,
                     const std::string& root = "");

// The file in which the kernel keeps the most memory, in bytes, that the cgroup of `pid` has used.
// It exists until the daemon removes the cgroup, shortly after the process has exited. "" if the
// kernel has no such file (v2 before Linux 5.19), and whenever read_usage() would fail.
std::string memory_peak_file(pid_t pid, const std::string& root = "");

}  // namespace containerizer

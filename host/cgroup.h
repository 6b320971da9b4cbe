// Resource usage of a container, read from the kernel's cgroup files (v1, v2, and both at once).
// The daemon is not asked: the slave calls `usage` about once a second for each container.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

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

// Reads the usage of the cgroup that `pid` is in, including its descendants.
// not_found: the process has exited or is exiting. The kernel reports an exiting process in the
// root cgroup, whose numbers are those of the host. The usage of the root cgroup, or of our own
// cgroup, is therefore never returned. unavailable: the kernel's files cannot be read, or no cgroup
// file system is mounted. `root` is a prefix of every path; only tests set it. REQUIRES: `pid` is
// the container's first process (the caller checks its start time), and this program is not in a
// separate cgroup namespace. Sources: cgroups(7), proc(5).
Result<CgroupUsage> read_usage(pid_t pid, const std::string& root = "");

}  // namespace containerizer

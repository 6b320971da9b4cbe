// What a container uses, read from the kernel's own files (cgroups v1, v2 and both at once),
// without a word to the daemon: it is asked every second for every container.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "host/result.h"

namespace containerizer {

// Absent is what the kernel does not tell, and every limit that is not set. Memory in bytes.
struct CgroupUsage {
  using Number = std::optional<std::uint64_t>;

  Number cpu_user_ns;
  Number cpu_system_ns;
  Number cpu_periods;
  Number cpu_throttled;
  Number cpu_throttled_ns;
  Number
      cpu_shares;  // v1 only: the weight of v2 does not lead back to the shares it was made from.

  Number mem_rss;  // Anonymous memory, swap and page cache excluded: mem_rss and mem_anon of Mesos.
  Number mem_file;  // Page cache, tmpfs included: mem_file and mem_cache of Mesos.
  Number mem_mapped_file;
  Number mem_swap;
  Number mem_unevictable;
  Number mem_total;        // All that counts against the limit.
  Number mem_total_memsw;  // mem_total and swap.
  Number mem_limit;
  Number mem_soft_limit;

  Number processes;
  Number threads;

  // Summed over the interfaces but loopback. Absent when the process shares our network: then the
  // numbers are the host's.
  Number net_rx_bytes, net_rx_packets, net_rx_errors, net_rx_dropped;
  Number net_tx_bytes, net_tx_packets, net_tx_errors, net_tx_dropped;
};

// Whether the process is in a cgroup whose path contains `name`, as a container's id stands in
// those of its processes.
bool has_cgroup_named(pid_t pid, const std::string& name);

// Reads the usage of the cgroup that `pid` is in, descendants included.
// REQUIRES: pid is the container's first process (the caller knows it by its start time), and we
// are not in a cgroup namespace of our own. not_found: the process is gone or going. The kernel
// then shows it in the root cgroup, and the numbers there are the host's: usage of the root cgroup,
// or of our own, is never handed back. unavailable: the kernel's files cannot be read, or no cgroup
// file system is mounted. `root` stands before every path, "" but for tests. Facts: cgroups(7),
// proc(5).
Result<CgroupUsage> read_usage(pid_t pid, const std::string& root = "");

}  // namespace containerizer

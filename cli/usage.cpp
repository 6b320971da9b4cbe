// usage: reports the resources that the container uses, from the kernel's own files. It asks the
// daemon only if the database fails, because a slave calls it every second for every container.

#include <chrono>

#include "cli/invocation.h"
#include "containerizer.pb.h"
#include "engine/container/identity.h"
#include "engine/container/running_facts.h"
#include "engine/translation/launch_plan.h"
#include "host/cgroup.h"
#include "host/format.h"
#include "host/log.h"
#include "host/process.h"

namespace containerizer {
namespace {

using mesos::ResourceStatistics;

constexpr double nanoseconds = 1e-9;

void add_cpu(ResourceStatistics& out, const CgroupUsage& used) {
  if (used.cpu_user_ns) {
    out.set_cpus_user_time_secs(static_cast<double>(*used.cpu_user_ns) * nanoseconds);
  }
  if (used.cpu_system_ns) {
    out.set_cpus_system_time_secs(static_cast<double>(*used.cpu_system_ns) * nanoseconds);
  }
  if (used.cpu_periods) out.set_cpus_nr_periods(static_cast<std::uint32_t>(*used.cpu_periods));
  if (used.cpu_throttled)
    out.set_cpus_nr_throttled(static_cast<std::uint32_t>(*used.cpu_throttled));
  if (used.cpu_throttled_ns) {
    out.set_cpus_throttled_time_secs(static_cast<double>(*used.cpu_throttled_ns) * nanoseconds);
  }
  if (used.processes) out.set_processes(static_cast<std::uint32_t>(*used.processes));
  if (used.threads) out.set_threads(static_cast<std::uint32_t>(*used.threads));
}

// A counter of the kernel, and the field of the reply that it fills.
struct Counter {
  CgroupUsage::Number CgroupUsage::*from;
  void (ResourceStatistics::*set)(std::uint64_t);
};

constexpr Counter counters[] = {
    {&CgroupUsage::mem_rss, &ResourceStatistics::set_mem_rss_bytes},
    {&CgroupUsage::mem_rss, &ResourceStatistics::set_mem_anon_bytes},
    {&CgroupUsage::mem_file, &ResourceStatistics::set_mem_file_bytes},
    {&CgroupUsage::mem_file, &ResourceStatistics::set_mem_cache_bytes},
    {&CgroupUsage::mem_mapped_file, &ResourceStatistics::set_mem_mapped_file_bytes},
    {&CgroupUsage::mem_swap, &ResourceStatistics::set_mem_swap_bytes},
    {&CgroupUsage::mem_unevictable, &ResourceStatistics::set_mem_unevictable_bytes},
    {&CgroupUsage::mem_total, &ResourceStatistics::set_mem_total_bytes},
    {&CgroupUsage::mem_total_memsw, &ResourceStatistics::set_mem_total_memsw_bytes},
    {&CgroupUsage::mem_limit, &ResourceStatistics::set_mem_limit_bytes},
    {&CgroupUsage::mem_soft_limit, &ResourceStatistics::set_mem_soft_limit_bytes},
    {&CgroupUsage::net_rx_packets, &ResourceStatistics::set_net_rx_packets},
    {&CgroupUsage::net_rx_bytes, &ResourceStatistics::set_net_rx_bytes},
    {&CgroupUsage::net_rx_errors, &ResourceStatistics::set_net_rx_errors},
    {&CgroupUsage::net_rx_dropped, &ResourceStatistics::set_net_rx_dropped},
    {&CgroupUsage::net_tx_packets, &ResourceStatistics::set_net_tx_packets},
    {&CgroupUsage::net_tx_bytes, &ResourceStatistics::set_net_tx_bytes},
    {&CgroupUsage::net_tx_errors, &ResourceStatistics::set_net_tx_errors},
    {&CgroupUsage::net_tx_dropped, &ResourceStatistics::set_net_tx_dropped},
};

// Without the database: the process and the limit that the daemon reports.
Result<RunningFacts> facts_of_daemon(Invocation& invocation, const std::string& id,
                                     const std::string& why) {
  const auto seen = invocation.docker.inspect(container_name(id));
  if (!seen.ok()) return Failure{Fault::unavailable, why};
  log::error("{}", why);
  RunningFacts facts;
  facts.init =
      invocation.host.identify_init(seen.value().pid, seen.value().id).value_or(ProcessId{});
  if (seen.value().memory_limit > 0) facts.hard_memory = seen.value().memory_limit;
  return facts;
}

Result<RunningFacts> facts_of(Invocation& invocation, const std::string& id) try {
  const Failure unknown{Fault::not_found, formatted("container {} is unknown", id)};
  // The ID becomes part of a file name, so it must not contain a path.
  if (!is_valid_container_id(id)) return unknown;
  if (auto facts = read_running_facts(invocation.settings.state_directory(), id)) return *facts;
  const auto container = invocation.store.find(id);
  if (!container) return unknown;
  const auto limits = invocation.store.limits_of(id).value_or(store::Limits{});
  return RunningFacts{container->init.value_or(ProcessId{}), limits.cpus, limits.hard_memory};
} catch (const store::StoreError& error) {
  return facts_of_daemon(invocation, id, error.what());
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

int usage(Invocation& invocation) {
  auto message = parse<mesos::containerizer::Usage>(invocation, "Usage");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  const auto& id = message.value().container_id().value();
  const auto read = facts_of(invocation, id);
  if (!read.ok()) return fail(read.failure().text);
  const auto* facts = &read.value();

  ResourceStatistics answer;
  answer.set_timestamp(seconds_since_1970());
  if (facts->cpus) answer.set_cpus_limit(*facts->cpus);
  if (facts->hard_memory)
    answer.set_mem_limit_bytes(static_cast<std::uint64_t>(*facts->hard_memory));
  // Before and after the container runs, the reply contains the limits only.
  if (facts->init.pid > 0 && life_of(facts->init) == Life::alive) {
    const auto used = read_usage(facts->init.pid);
    // Checked again: the process may have exited while its files were read, and another process may
    // have its PID.
    if (used.ok() && life_of(facts->init) == Life::alive) {
      add_cpu(answer, used.value());
      for (const auto& counter : counters) {
        if (const auto& value = used.value().*counter.from) (answer.*counter.set)(*value);
      }
    } else if (!used.ok() && !used.failed_with(Fault::not_found)) {
      return fail(used.failure().text);
    }
  }
  if (!invocation.slave.answer(answer.SerializeAsString())) {
    return fail("cannot write the reply: the slave has closed the pipe");
  }
  return exit_ok;
}

}  // namespace containerizer

#include "engine/supervisor/resource_limits.h"

#include <algorithm>

#include "engine/container/identity.h"
#include "engine/container/life_lock.h"
#include "engine/container/run_files.h"
#include "engine/container/running_facts.h"
#include "engine/translation/fixed_limits.h"
#include "engine/translation/resources.h"
#include "host/cgroup.h"
#include "host/log.h"

namespace containerizer {
namespace {

// The byte of the container's lock file that a process locks while it changes the limits. The bytes
// before it are the phases of LifeLock.
constexpr int limits_byte = 8;
static_assert(limits_byte > static_cast<int>(Phase::ownership));

FixedLimits fixed_limits_of(const ContainerFacts& container) {
  const auto label = container.labels.find(fixed_limits_label);
  return label == container.labels.end() ? FixedLimits{} : read_fixed_limits(label->second);
}

}  // namespace

std::int64_t hard_memory_after(const store::Limits& wanted, const ContainerFacts& in_force) {
  const auto fixed = fixed_limits_of(in_force);
  if (in_force.memory_limit == 0 || fixed.memory) return in_force.memory_limit;
  const auto hard = std::max(in_force.memory_limit, wanted.memory.value_or(0));
  return fixed.memory_swap && in_force.swap_limit > 0 ? std::min(hard, in_force.swap_limit) : hard;
}

boost::json::object update_body(const store::Limits& wanted, const ContainerFacts& in_force,
                                bool with_quota) {
  const auto fixed = fixed_limits_of(in_force);
  boost::json::object body;
  if (wanted.cpus && !fixed.cpu_shares) body["CpuShares"] = cpu_shares(*wanted.cpus);
  // A container that was created without a quota does not get one later.
  if (wanted.cpus && !fixed.cpu_quota && with_quota && in_force.cpu_quota > 0) {
    body["CpuPeriod"] = cpu_period;
    body["CpuQuota"] = cpu_quota(*wanted.cpus);
  }
  if (!wanted.memory) return body;
  const auto hard = hard_memory_after(wanted, in_force);
  if (!fixed.memory_reservation) {
    body["MemoryReservation"] = hard > 0 ? std::min(hard, *wanted.memory) : *wanted.memory;
  }
  if (hard > in_force.memory_limit) {
    body["Memory"] = hard;
    // The daemon rejects a hard limit above the present limit of memory and swap together, so this
    // limit rises with it.
    const auto swap = in_force.swap_limit - in_force.memory_limit;
    const auto both = fixed.memory_swap ? in_force.swap_limit : hard + swap;
    body["MemorySwap"] = in_force.swap_limit > 0 ? both : -1;
  }
  return body;
}

namespace {

std::optional<std::int64_t> number_in(const boost::json::object& body, std::string_view name) {
  const auto* value = body.if_contains(name);
  return value == nullptr ? std::nullopt : std::optional(value->to_number<std::int64_t>());
}

// Sets the limits in the kernel, for a daemon that cannot. It does not learn of them, so the last
// hard limit is the recorded one.
Result<std::int64_t> change_cgroup(const Services& services, ContainerFacts in_force,
                                   const store::Limits& wanted) {
  const auto init = services.host.identify_init(in_force.pid, in_force.id);
  if (!init) {
    return Failure{
        Fault::unsupported,
        "the daemon has no call to update a container, and the container does not run on "
        "this host"};
  }
  if (in_force.memory_limit > 0 && wanted.hard_memory > in_force.memory_limit) {
    if (in_force.swap_limit > 0) in_force.swap_limit += *wanted.hard_memory - in_force.memory_limit;
    in_force.memory_limit = *wanted.hard_memory;
  }
  const auto body = update_body(wanted, in_force, services.settings.tasks.cpu_quota);
  const CgroupLimits limits{number_in(body, "CpuShares"),  number_in(body, "CpuQuota"),
                            number_in(body, "CpuPeriod"),  number_in(body, "Memory"),
                            number_in(body, "MemorySwap"), number_in(body, "MemoryReservation")};
  const auto changed = change_limits(init->pid, in_force.id, limits);
  if (!changed.ok()) return changed.failure();
  return hard_memory_after(wanted, in_force);
}

// Returns the hard memory limit that is then in force.
Result<std::int64_t> update_limits(const Services& services, const std::string& container,
                                   const store::Limits& wanted) {
  auto in_force = services.docker.inspect(container);
  if (!in_force.ok()) return in_force.failure();
  const auto allowed = hard_memory_after(wanted, in_force.value());
  const auto fixed = fixed_limits_of(in_force.value());
  if (fixed.memory_swap && !fixed.memory && allowed < wanted.memory.value_or(0)) {
    log::warn(
        "the update asks for {} bytes of memory, but --memory-swap of the launch limits it to {} "
        "bytes",
        *wanted.memory, allowed);
  }
  const auto body = update_body(wanted, in_force.value(), services.settings.tasks.cpu_quota);
  const auto updated = body.empty() ? Done{} : services.docker.update(container, body);
  if (updated.failed_with(Fault::unsupported)) {
    return change_cgroup(services, std::move(in_force.value()), wanted);
  }
  if (!updated.ok()) return updated.failure();
  return allowed;
}

}  // namespace

void apply_limits(const Services& services, const store::Container& container,
                  const ContainerFacts& seen) {
  const auto& id = container.container_id;
  auto& store = services.store;
  store.close();
  // Overlapping updates have no order in Mesos. With this lock, the last one to run reads the
  // newest recorded limits, so older ones cannot replace them.
  auto turn = LockFile::open(run_file(services.settings.state_directory(), id, ".lock"));
  if (!turn.ok()) {
    log::warn("{}; the new limits of container {} were saved but not applied", turn.failure().text,
              id);
    return;
  }
  const auto deadline = services.host.now() + services.settings.daemon_timeout;
  if (services.host.lock(turn.value(), limits_byte, LockFile::Mode::exclusive, deadline, nullptr) !=
      LockFile::Outcome::locked) {
    log::warn(
        "container {}: an earlier update is still running; the new limits were saved but not "
        "applied",
        id);
    return;
  }
  auto limits = store.limits_of(id).value_or(store::Limits{});
  auto hard = seen.memory_limit;
  // Ticket 0: no update was recorded since the launch.
  if (limits.ticket > 0) {
    store.close();
    const auto updated = update_limits(services, seen.id, limits);
    if (updated.ok()) {
      hard = updated.value();
    } else {
      log::warn("could not apply the limits of container {}: {}", id, updated.failure().text);
      hard = limits.hard_memory.value_or(0);
    }
  }
  if (hard > 0 && hard != limits.hard_memory) store.set_hard_memory(id, hard);
  limits.hard_memory = hard > 0 ? std::optional(hard) : std::nullopt;
  write_running_facts(services.settings.state_directory(), container, limits);
}

}  // namespace containerizer

#include "engine/supervisor/child.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "engine/container/run_files.h"
#include "host/exit_watch.h"
#include "host/log.h"

namespace containerizer {
namespace {

// How long to wait for the end of a process after SIGKILL. The kernel cannot end a process that
// hangs in a system call, for example on a broken network file system. Such a process is left.
constexpr Duration kill_timeout{2'000};

// The nonce differs between two launches with the same id, and between two slaves.
std::string mark_of(const store::Container& container) {
  return "CONTAINERIZER_CHILD_OF=" + container.nonce;
}

// Exists while a child may run.
class ChildFile {
 public:
  ChildFile(const Services& services, const store::Container& container)
      : path_(run_file(services.settings.state_directory(), container.container_id, ".child")) {}
  const std::string& path() const { return path_; }
  bool exists() const { return ::access(path_.c_str(), F_OK) == 0; }
  void remove() const { ::unlink(path_.c_str()); }

 private:
  std::string path_;
};

void kill(const Services& services, const ProcessId& child, const ExitWatch& watch) {
  services.host.signal_group(child, SIGKILL);
  services.host.poll({watch.fd()}, services.host.now() + kill_timeout);
  services.host.reap(child);
}

Result<std::optional<int>> await(const Services& services, const ProcessId& child,
                                 const std::string& name, Deadline latest,
                                 const std::function<bool()>& is_cancelled) {
  ExitWatch watch(services.host, child);
  while (watch.may_live()) {
    if (services.host.now() >= latest) {
      kill(services, child, watch);
      return Failure{Fault::unavailable, name + " exceeded its time limit and was killed"};
    }
    // Requests may have opened the database. No connection stays open while we wait.
    services.store.close();
    const auto ready =
        services.host.poll({services.host.wake(), watch.fd()}, std::min(latest, watch.due()));
    if (watch.has_ended(ready[1])) break;
    if (watch.fd() < 0) {
      if (const auto status = services.host.reap(child)) return status;
    }
    services.host.clear_wake();
    if (is_cancelled()) {
      services.store.close();
      kill(services, child, watch);
      return Failure{Fault::interrupted, name + " was cancelled"};
    }
  }
  return services.host.reap(child);
}

}  // namespace

Result<std::optional<int>> run_child(const Services& services, const store::Container& container,
                                     Program program, Deadline latest,
                                     const std::function<bool()>& is_cancelled) {
  const auto& name = program.arguments[0];
  if (is_cancelled()) return Failure{Fault::interrupted, name + " was cancelled"};
  services.store.close();
  const ChildFile file(services, container);
  program.environment.push_back(mark_of(container));
  program.started_file = file.path();
  const auto child = services.host.start(program);
  auto status = child.ok() ? await(services, child.value(), name, latest, is_cancelled)
                           : Result<std::optional<int>>(child.failure());
  file.remove();
  return status;
}

void end_leftovers(const Services& services, const store::Container& container) {
  const ChildFile file(services, container);
  if (!file.exists()) return;
  const auto number = services.host.kill_all_with(mark_of(container));
  if (number > 0) {
    log::warn("killed {} processes of a fetch or hook whose supervisor died", number);
  }
  file.remove();
}

}  // namespace containerizer

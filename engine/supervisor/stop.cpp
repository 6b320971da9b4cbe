// Stopping: sends the stop signal, then SIGKILL after the grace period.
#include <algorithm>
#include <csignal>

#include "engine/supervisor/actions.h"
#include "host/log.h"

namespace containerizer {
namespace {

// How long the kernel may take to end a process after SIGKILL. After that, SIGKILL is sent again.
constexpr Duration kill_again{5'000};

}  // namespace

Step Actions::stop() {
  const auto latest = services_.host.now() + stop_grace();
  // kill_at_ is set if a destroy request has interrupted this action. The signal has then been
  // sent, and only the grace period becomes shorter.
  if (!kill_at_) {
    const auto sight = look();
    // The image or a flag can choose the signal. The daemon does not apply that to `kill`.
    const bool chosen = sight.facts && !sight.facts->stop_signal.empty();
    send_signal(chosen ? sight.facts->stop_signal : "SIGTERM");
  }
  kill_at_ = std::min(kill_at_.value_or(latest), latest);
  for (;;) {
    while (services_.host.now() < *kill_at_) {
      auto step = monitor_until(*kill_at_);
      // mesos-executor may exit first during a stop. The container still has to end.
      if (step && step->event != Event::executor_ended) return *step;
      if (take_destroy_request()) return {Event::destroy_requested, "", {}};
    }
    send_signal("SIGKILL");
    kill_at_ = services_.host.now() + kill_again;
  }
}

// The time between the stop signal and SIGKILL. The task's kill policy overrides --stop-timeout,
// which overrides CONTAINERIZER_STOP_TIMEOUT.
Duration Actions::stop_grace() {
  const auto made = plan();
  if (!made.ok()) return services_.settings.stop_timeout;
  // mesos-executor sends SIGKILL to the task proxy at the same moment, and reports the task as
  // killed. It then lives for another second, in which this SIGKILL ends the container
  // (docs/decisions.md 64).
  if (made.value()->kill_grace && !is_destroy_requested()) return *made.value()->kill_grace;
  const auto* flag = made.value()->create.if_contains("StopTimeout");
  if (flag == nullptr) return services_.settings.stop_timeout;
  // A destroy must end before its caller gives up (cli/destroy.cpp).
  const auto longest = is_destroy_requested() ? services_.settings.daemon_timeout : no_limit;
  return std::min(
      Duration(1'000) * std::min<std::int64_t>(flag->as_int64(), longest / Duration(1'000)),
      longest);
}

void Actions::send_signal(const std::string& signal) {
  services_.store.close();
  const auto sent = services_.docker.kill(reference(), signal);
  if (sent.ok()) return;
  log::warn("{}", sent.failure().text);
  // Without the daemon, the process can still be signalled. Otherwise a daemon that hangs would
  // keep the container alive.
  if (container_.init) {
    services_.host.signal(*container_.init, signal == "SIGKILL" ? SIGKILL : SIGTERM);
  }
}

}  // namespace containerizer

#include "engine/supervisor/actions.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "engine/container/identity.h"
#include "engine/container/launch_record.h"
#include "engine/container/run_files.h"
#include "host/log.h"
#include "host/sandbox.h"

namespace containerizer {

void check_not_abandoned(const Services& services, const LifeLock& lock) {
  if (lock.is_abandoned()) throw Abandoned(services.settings.state_directory());
}

Actions::Actions(const Services& services, store::Container& container, const LifeLock& lock)
    : services_(services),
      container_(container),
      lock_(lock),
      output_(services, container.directory,
              run_file(services.settings.state_directory(), container.container_id, ".output")) {
  const auto state = state_of(container);
  const auto now = services_.host.now();
  begun_at_ =
      state == State::accepted ? std::min(Deadline(Duration(container.since.monotonic)), now) : now;
  // A dead predecessor may have sent a create request without recording the answer.
  create_unanswered_ =
      state == State::creating || (state == State::removing && !container.docker_id);
  // A destroy request leads to these states, or was recorded before they were entered. It must not
  // cause a second event.
  destroy_seen_ = (state == State::stopping || is_settled(state) || state == State::exited) &&
                  services_.store.requests_of(container.container_id).destroy;
}

Step Actions::act() {
  switch (state_of(container_)) {
    case State::accepted:
      return accept();
    case State::fetching:
      return fetch();
    case State::pulling:
      return pull();
    case State::creating:
      return create();
    case State::starting:
      return start();
    case State::running:
      return run();
    case State::stopping:
      return stop();
    case State::exited:
      return drain();
    case State::removing:
      return remove();
    case State::gone:
      break;
  }
  throw std::logic_error("the state Gone has no action");
}

Result<const LaunchPlan*> Actions::plan() {
  if (plan_) return &*plan_;
  // The default of an invalid setting can be laxer than what the operator wanted. Containers that
  // exist were judged when the setting was valid.
  const auto& problem = services_.settings.problem;
  if (!problem.empty() && !may_run(state_of(container_))) {
    return Failure{Fault::refused, problem};
  }
  // The plan is not recorded. A successor computes it again from the same message and environment,
  // but with the operator's present settings.
  const auto record = services_.store.launch_of(container_.container_id);
  if (!record || record->request.empty() || !launch_.ParseFromString(record->request)) {
    return Failure{Fault::refused, "the launch request is not recorded"};
  }
  environment_ = unpack_environment(record->environment);
  auto made = make_launch_plan(launch_, environment_, services_.settings.tasks,
                               owner_of(container_.directory));
  if (!made.ok()) return made.failure();
  plan_ = std::move(made.value());
  return &*plan_;
}

Sight Actions::look() {
  services_.store.close();
  auto seen = services_.docker.inspect(reference());
  if (seen.failed_with(Fault::not_found)) return {Observation::absent, {}};
  if (!seen.ok()) {
    log::warn("{}", seen.failure().text);
    return {};
  }
  // Another container with this name: it belongs to another launch, or to another program.
  if (!is_ours(seen.value(), container_)) return {Observation::absent, {}};
  return {observation_of(seen.value()), std::move(seen.value())};
}

std::string Actions::reference() const {
  return container_.docker_id.value_or(container_name(container_.container_id));
}

Monitor& Actions::monitor() {
  if (!monitor_) {
    std::string peak_file;
    if (container_.init) peak_file = services_.host.memory_peak_file(*container_.init);
    monitor_ =
        std::make_unique<Monitor>(services_.docker, services_.host, output_, reference(),
                                  ExitWatch(services_.host, container_.executor),
                                  ExitWatch(services_.host, container_.init), std::move(peak_file));
  }
  return *monitor_;
}

HandOver& Actions::hand_over() {
  if (!hand_over_) hand_over_.emplace(services_, container_, lock_);
  return *hand_over_;
}

// By the clock of the host, which also counts the time before a restart of this process.
Duration Actions::since_launch() const {
  return Duration(std::max<std::int64_t>(0, services_.store.now().wall - container_.created_at));
}

bool Actions::is_destroy_requested() {
  return services_.store.requests_of(container_.container_id).destroy;
}

bool Actions::take_destroy_request() {
  if (destroy_seen_ || !is_destroy_requested()) return false;
  destroy_seen_ = true;
  return true;
}

Actions::MaybeStep Actions::new_request() {
  const auto state = state_of(container_);
  if (take_destroy_request()) {
    Step step{Event::destroy_requested, "", {}};
    if (state != State::running) {
      step.termination = destroyed_termination(state, since_launch());
      step.detail = step.termination->message;
      log::info("{}", step.detail);
    }
    return step;
  }
  if (next_state(state, Event::stop_requested) &&
      services_.store.requests_of(container_.container_id).stop) {
    return Step{Event::stop_requested, "", {}};
  }
  return std::nullopt;
}

Actions::RetryWindow Actions::retries_since_launch() const {
  RetryWindow window;
  window.end = begun_at_ + services_.settings.daemon_retry;
  window.last_failure = services_.host.now();
  return window;
}

bool Actions::pause_before_retry(RetryWindow& window, const Failure& failure) {
  const auto now = services_.host.now();
  if (!window.end) window.end = now + services_.settings.daemon_retry;
  const auto length = window.backoff.next();
  const auto took = now - window.last_failure.value_or(now);
  if (now + length + took >= *window.end) return false;
  log::warn("{}; retrying", failure.text);
  pause(length);
  window.last_failure = services_.host.now();
  return true;
}

void Actions::pause(Duration duration) {
  services_.store.close();
  services_.host.poll({services_.host.wake()}, services_.host.now() + duration);
  services_.host.clear_wake();
}

}  // namespace containerizer

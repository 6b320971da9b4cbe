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

Actions::Actions(const Services& services, store::Container& container)
    : services_(services),
      container_(container),
      output_(container.directory,
              run_file(services.settings.state_directory(), container.container_id, ".output")) {
  const auto state = state_of(container);
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
    Fd executor;
    Fd init;
    if (container_.executor) executor = services_.host.exit_descriptor(*container_.executor);
    if (container_.init) init = services_.host.exit_descriptor(*container_.init);
    monitor_ = std::make_unique<Monitor>(services_.docker, services_.host, output_, reference(),
                                         std::move(executor), std::move(init));
  }
  return *monitor_;
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
    if (state != State::running) step.termination = destroyed_termination();
    return step;
  }
  if (next_state(state, Event::stop_requested) &&
      services_.store.requests_of(container_.container_id).stop) {
    return Step{Event::stop_requested, "", {}};
  }
  return std::nullopt;
}

bool Actions::pause_before_retry(RetryWindow& window, const Failure& failure) {
  if (!window.end) window.end = services_.host.now() + services_.settings.daemon_retry;
  const auto length = window.backoff.next();
  if (services_.host.now() + length >= *window.end) return false;
  log::warn("{}; retrying", failure.text);
  pause(length);
  return true;
}

void Actions::pause(Duration duration) {
  services_.store.close();
  services_.host.poll({services_.host.wake()}, services_.host.now() + duration);
  services_.host.clear_wake();
}

}  // namespace containerizer

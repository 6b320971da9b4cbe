#include "engine/actions.h"

#include <fmt/core.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "engine/executor_command.h"
#include "engine/fetch_request.h"
#include "engine/host/log.h"
#include "engine/host/sandbox.h"
#include "engine/identity.h"
#include "engine/launch_record.h"
#include "engine/life_lock.h"
#include "engine/limits.h"
#include "engine/running_facts.h"

namespace containerizer {
namespace {

constexpr Duration longest_pause{5'000};
// A container that does not die of SIGKILL is told again.
constexpr Duration kill_again{5'000};
// What mesos-executor, which lingers for a second after its last words, gets when the slave has
// already asked for its end.
constexpr Duration executor_grace{2'000};
constexpr Duration for_ever{365LL * 24 * 3600 * 1000};

Step failed_step(const std::string& step, const std::string& why) {
  auto ending = failed_ending(step, why);
  return {Event::failed, ending.message, std::move(ending)};
}

Step destroyed_step() { return {Event::destroy_requested, "", destroyed_ending()}; }

std::vector<std::string> as_strings(const EnvironmentMap& environment) {
  std::vector<std::string> strings;
  strings.reserve(environment.size());
  for (const auto& [name, value] : environment)
    strings.push_back(fmt::format("{}={}", name, value));
  return strings;
}

}  // namespace

Actions::Actions(const World& world, store::Container& container)
    : world_(world),
      container_(container),
      output_(container.directory,
              life_file(world.config.state_directory(), container.container_id, ".output")) {
  // What was asked for before this state was entered has been answered.
  const auto state = state_named(container.state).value_or(State::gone);
  destroy_seen_ = (state == State::stopping || is_settled(state) || state == State::exited) &&
                  world_.store.requests_of(container.container_id).destroy;
}

Step Actions::act() {
  switch (state_named(container_.state).value_or(State::gone)) {
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
  return {Event::removed, "", {}};
}

// --- before there is a container
// -------------------------------------------------------------------

// The request as data, once; nothing (and plan_problem_) when it cannot be honoured.
const LaunchPlan* Actions::plan() {
  if (plan_) return &*plan_;
  const auto record = world_.store.launch_of(container_.container_id);
  launch_.emplace();
  if (!record || !launch_->ParseFromString(record->request)) {
    plan_problem_ = "the launch request is not recorded";
    return nullptr;
  }
  environment_ = unpack_environment(record->environment);
  PlanSettings settings;
  settings.default_image = world_.config.default_image;
  settings.sandbox_in_container = world_.config.sandbox;
  if (const auto owner = owner_of(container_.directory); !owner.empty()) {
    settings.numeric_user = owner;
  }
  auto made = make_launch_plan(*launch_, environment_, settings);
  if (!made.ok()) {
    plan_problem_ = made.failure().text;
    return nullptr;
  }
  plan_ = std::move(made.value());
  return &*plan_;
}

Step Actions::accept() {
  const auto* made = plan();
  if (made == nullptr) return failed_step("plan", plan_problem_);
  container_.image = made->image;
  return {Event::begin, made->image, {}};
}

Step Actions::fetch() {
  if (const auto request = new_request()) return *request;
  const auto* made = plan();
  if (made == nullptr) return failed_step("plan", plan_problem_);
  if (made->uris.empty()) return {Event::fetched, "", {}};
  if (auto valid = check_uris(made->uris); !valid.ok()) {
    return failed_step("fetch", valid.failure().text);
  }
  auto log_file = open_sandbox_file(container_.directory, "stderr");
  if (!log_file.ok()) return failed_step("fetch", log_file.failure().text);

  const auto environment = fetcher_environment(made->uris, container_.directory,
                                               container_.user.value_or(""), environment_);
  Program fetcher;
  fetcher.arguments = {launcher_directory(environment_) + "/mesos-fetcher"};
  fetcher.environment = as_strings(environment);
  fetcher.directory = container_.directory;
  fetcher.output = fetcher.error = log_file.value().get();
  fetcher.dies_with_us = true;
  world_.store.rest();
  auto started = world_.host.start(fetcher);
  if (!started.ok()) return failed_step("fetch", started.failure().text);

  const Fd ended = world_.host.watch(started.value());
  while (ended.valid()) {
    const auto ready =
        world_.host.poll({world_.host.wake(), ended.get()}, world_.host.now() + for_ever);
    if (ready[1]) break;
    world_.host.clear_wake();
    if (const auto request = new_request()) {
      world_.host.signal_group(started.value(), SIGKILL);
      world_.host.poll({ended.get()}, world_.host.now() + executor_grace);
      world_.host.reap(started.value());
      return *request;
    }
  }
  const auto status = world_.host.reap(started.value());
  if (status == 0) return {Event::fetched, fmt::format("{} URIs", made->uris.size()), {}};
  return failed_step("fetch",
                     fmt::format("mesos-fetcher failed ({}), its words are in the sandbox's"
                                 " stderr{}",
                                 describe_wait_status(status), fetch_hint(made->uris)));
}

Step Actions::pull() {
  const auto* made = plan();
  if (made == nullptr) return failed_step("plan", plan_problem_);
  auto patience = new_patience();
  for (;;) {
    if (const auto request = new_request()) return *request;
    world_.store.rest();
    if (!made->force_pull) {
      auto there = world_.docker.has_image(made->image);
      if (there.ok() && there.value()) return {Event::pulled, "already there", {}};
      if (there.failed_with(Fault::unavailable)) {
        if (auto step = wait_for_engine(patience, "pull", there.failure())) return *step;
        continue;
      }
    }
    log::info("pulling {}", made->image);
    auto pulled = world_.docker.pull(made->image, {}, world_.host.wake(),
                                     [](const std::string& line) { log::info("{}", line); });
    if (pulled.ok()) return {Event::pulled, "", {}};
    if (pulled.failed_with(Fault::interrupted)) {
      world_.host.clear_wake();
    } else if (!pulled.failed_with(Fault::unavailable)) {
      return failed_step("pull", pulled.failure().text);
    } else if (auto step = wait_for_engine(patience, "pull", pulled.failure())) {
      return *step;
    }
  }
}

// --- creating and starting
// -------------------------------------------------------------------------

Step Actions::create() {
  if (plan() == nullptr) return failed_step("plan", plan_problem_);
  if (auto made = make_directories(plan_->sandbox_directories, container_.directory); !made.ok()) {
    return failed_step("create", made.failure().text);
  }
  auto patience = new_patience();
  for (;;) {
    if (const auto request = new_request()) return *request;
    world_.store.rest();
    auto id = adopt_or_create();
    if (id.ok()) {
      container_.docker_id = id.value();
      return {Event::created, id.value().substr(0, 12), {}};
    }
    if (id.failure().fault != Fault::unavailable) return failed_step("create", id.failure().text);
    if (auto step = wait_for_engine(patience, "create", id.failure())) return *step;
  }
}

// Creates the container, or finds the one that an earlier try of ours left. unavailable: not known
// yet. Any other failure is final.
Result<std::string> Actions::adopt_or_create() {
  const auto name = container_name(container_.container_id);
  auto body = plan_->create;
  auto& labels = body["Labels"];
  if (!labels.is_object()) labels.emplace_object();
  for (auto& label : identity_labels(container_, world_.config.work_directory)) {
    labels.as_object()[label.key()] = label.value();
  }
  auto created = world_.docker.create(name, body);
  if (created.ok()) {
    fresh_ = true;
    return created;
  }
  if (!created.failed_with(Fault::conflict)) return created;
  auto holder = world_.docker.inspect(name);
  // It was there and is not any more: the next try may create it.
  if (holder.failed_with(Fault::not_found))
    return Failure{Fault::unavailable, created.failure().text};
  if (!holder.ok()) return holder.failure();
  if (is_ours(holder.value(), container_)) return holder.value().id;
  return Failure{Fault::refused, created.failure().text + "; that container is not of this launch"};
}

Step Actions::start() {
  if (const auto request = new_request()) return *request;
  if (auto problem = start_container()) return *problem;
  if (auto problem = start_executor()) return *problem;
  return {Event::started, container_.init ? fmt::format("pid {}", container_.init->pid) : "", {}};
}

// Starts the container unless it has been started: never a second time, even if it has ended since.
std::optional<Step> Actions::start_container() {
  auto patience = new_patience();
  for (;;) {
    world_.store.rest();
    if (!fresh_) {
      const auto seen = look();
      if (seen.known && !seen.facts) return Step{Event::lost, "", lost_ending()};
      if (seen.known && seen.facts->started) break;
    }
    auto started = world_.docker.start(reference());
    fresh_ = false;
    if (started.ok()) break;
    if (started.failed_with(Fault::not_found)) return Step{Event::lost, "", lost_ending()};
    if (!started.failed_with(Fault::unavailable)) {
      return failed_step("start", started.failure().text);
    }
    if (auto step = wait_for_engine(patience, "start", started.failure())) return step;
    if (auto request = new_request()) return request;
  }
  const auto seen = look();
  if (seen.facts && seen.facts->pid > 0) {
    container_.init = world_.host.identify(static_cast<pid_t>(seen.facts->pid));
  }
  apply_limits();
  return std::nullopt;
}

// The container was created with the limits of its launch; there may have been updates since.
void Actions::apply_limits() {
  const auto& id = container_.container_id;
  auto limits = world_.store.limits_of(id).value_or(store::Limits{});
  if (limits.ticket > 0) {
    world_.store.rest();
    const auto updated = world_.docker.update(reference(), update_body(limits));
    if (updated.ok()) {
      limits.hard_memory = hard_memory_after(limits);
      world_.store.set_hard_memory(id, *limits.hard_memory);
    } else {
      log::warn("{}", updated.failure().text);
    }
  }
  write_running_facts(world_.config.state_directory(), container_, limits);
}

// For a command task: mesos-executor, on the host, in a session of its own, so that its suicide (it
// kills its own process group) takes nobody along.
std::optional<Step> Actions::start_executor() {
  if (container_.kind != "command") return std::nullopt;
  if (container_.executor && world_.host.watch(*container_.executor).valid()) return std::nullopt;
  if (plan() == nullptr) return failed_step("plan", plan_problem_);
  auto arguments = executor_argv(*launch_, environment_, world_.program, container_.container_id);
  if (!arguments.ok()) return failed_step("executor", arguments.failure().text);
  auto out = open_sandbox_file(container_.directory, "stdout");
  if (!out.ok()) return failed_step("executor", out.failure().text);
  auto error = open_sandbox_file(container_.directory, "stderr");
  if (!error.ok()) return failed_step("executor", error.failure().text);

  Program executor;
  executor.arguments = std::move(arguments.value());
  executor.environment = as_strings(executor_environment(*launch_, environment_));
  executor.directory = container_.directory;
  executor.output = out.value().get();
  executor.error = error.value().get();
  world_.store.rest();
  auto prepared = world_.host.prepare(executor);
  if (!prepared.ok()) return failed_step("executor", prepared.failure().text);
  // Recorded before it does anything: whoever resumes never starts a second one.
  container_.executor = prepared.value();
  world_.store.amend(container_);
  auto allowed = world_.host.allow();
  if (allowed.ok()) return std::nullopt;
  return failed_step("executor", allowed.failure().text);
}

// --- while it runs
// ---------------------------------------------------------------------------------

Step Actions::run() {
  bool never = false;
  for (;;) {
    if (const auto request = new_request()) return *request;
    if (container_.executor && !watch_ && !world_.host.watch(*container_.executor).valid()) {
      return {Event::executor_ended, "", {}};
    }
    auto step = watch_until(world_.host.now() + for_ever, never);
    if (step.event != Event::begin) return step;
  }
}

// Begin stands for "nothing happened": the caller looks at the requests and at its clock.
Step Actions::watch_until(Deadline deadline, bool& time_is_up) {
  world_.store.rest();
  switch (watch().until(deadline)) {
    case Watch::Outcome::ended:
      return ended_step();
    case Watch::Outcome::absent:
      return {Event::lost, "", lost_ending()};
    case Watch::Outcome::executor_ended:
      return {Event::executor_ended, "", {}};
    case Watch::Outcome::time_is_up:
      time_is_up = true;
      break;
    case Watch::Outcome::woken:
      break;
  }
  return {Event::begin, "", {}};
}

Step Actions::ended_step() {
  Duration pause_length{100};
  for (;;) {
    const auto seen = look();
    if (seen.known && !seen.facts) return {Event::lost, "", lost_ending()};
    if (seen.known && seen.facts->status != "running") return exited_step(*seen.facts);
    pause(pause_length);
    pause_length = std::min(pause_length * 2, longest_pause);
  }
}

Step Actions::exited_step(const ContainerFacts& facts) {
  const auto requests = world_.store.requests_of(container_.container_id);
  auto ending = ending_of(facts, requests.destroy);
  const bool orphaned =
      world_.store.has_event(container_.container_id, name_of(Event::executor_ended));
  if (orphaned && !requests.destroy && !requests.stop) {
    ending.kind = "failed";
    ending.step = "executor";
    ending.message = "mesos-executor ended before its task; then " + ending.message;
  }
  if (ending.kind == "oom") log::warn("{}", ending.message);
  return {Event::exited, ending.message, std::move(ending)};
}

Step Actions::stop() {
  auto grace = world_.config.stop_timeout;
  // mesos-executor 1.0 waits for the task's own grace, and needs a moment to see the end.
  if (plan() != nullptr && plan_->kill_grace) {
    grace = std::max(*plan_->kill_grace - Duration(1'000), *plan_->kill_grace / 2);
  }
  std::string signal = "SIGTERM";
  if (const auto seen = look(); seen.facts && !seen.facts->stop_signal.empty()) {
    signal = seen.facts->stop_signal;
  }
  for (;;) {
    world_.store.rest();
    if (auto sent = world_.docker.kill(reference(), signal); !sent.ok()) {
      log::warn("{}", sent.failure().text);
      // A daemon that hangs must not keep a container alive that we can reach ourselves.
      if (container_.init)
        world_.host.signal(*container_.init, signal == "SIGKILL" ? SIGKILL : SIGTERM);
    }
    const auto deadline = world_.host.now() + (signal == "SIGKILL" ? kill_again : grace);
    bool time_is_up = false;
    while (!time_is_up) {
      auto step = watch_until(deadline, time_is_up);
      if (step.event == Event::exited || step.event == Event::lost) return step;
      if (!destroy_seen_ && is_destroy_requested()) {
        destroy_seen_ = true;
        return {Event::destroy_requested, "", {}};
      }
    }
    signal = "SIGKILL";
  }
}

// --- after it ended
// --------------------------------------------------------------------------------

Step Actions::drain() {
  auto patience = new_patience();
  for (;;) {
    world_.store.rest();
    auto drained = watch().drain();
    if (drained.ok()) break;
    // Output is worth waiting for, but not worth a task that never ends for the slave.
    if (drained.failed_with(Fault::refused) ||
        wait_for_engine(patience, "output", drained.failure())) {
      log::error("the last output may be missing: {}", drained.failure().text);
      break;
    }
  }
  watch_.reset();
  if (!container_.executor) return {Event::drained, "", {}};
  const Fd ended = world_.host.watch(*container_.executor);
  while (ended.valid()) {
    if (is_destroy_requested()) {
      end_executor(executor_grace);
      break;
    }
    world_.store.rest();
    const auto ready =
        world_.host.poll({world_.host.wake(), ended.get()}, world_.host.now() + for_ever);
    if (ready[1]) break;
    world_.host.clear_wake();
    if (!destroy_seen_ && is_destroy_requested()) {
      destroy_seen_ = true;
      return {Event::destroy_requested, "", {}};
    }
  }
  world_.host.reap(*container_.executor);
  return {Event::drained, "", {}};
}

Step Actions::remove() {
  end_executor(Duration(0));
  const auto due = Deadline(Duration(container_.since.monotonic)) + world_.config.remove_delay;
  Duration pause_length{100};
  for (;;) {
    const bool at_once = is_destroy_requested();
    if (at_once && !destroy_seen_) {
      destroy_seen_ = true;
      return {Event::destroy_requested, "", {}};
    }
    world_.store.rest();
    if (!at_once && world_.host.now() < due && container_.docker_id) {
      world_.host.poll({world_.host.wake()}, due);
      world_.host.clear_wake();
      continue;
    }
    const auto seen = look();
    if (seen.known && !seen.facts) return {Event::removed, "", {}};
    if (seen.known) {
      const auto removed = world_.docker.remove(seen.facts->id);
      if (removed.ok()) return {Event::removed, "", {}};
      log::warn("{}; trying again", removed.failure().text);
    }
    pause(pause_length);
    pause_length = std::min(pause_length * 2, longest_pause * 6);
  }
}

// --- shared
// ----------------------------------------------------------------------------------------

Actions::Sight Actions::look() {
  world_.store.rest();
  auto seen = world_.docker.inspect(reference());
  if (seen.ok()) {
    // A container of that name that is not of this launch is none of our business.
    if (!is_ours(seen.value(), container_)) return {true, std::nullopt};
    return {true, std::move(seen.value())};
  }
  if (seen.failed_with(Fault::not_found)) return {true, std::nullopt};
  log::warn("{}", seen.failure().text);
  return {};
}

std::string Actions::reference() const {
  return container_.docker_id.value_or(container_name(container_.container_id));
}

Watch& Actions::watch() {
  if (!watch_) {
    Fd executor;
    if (container_.executor) executor = world_.host.watch(*container_.executor);
    watch_ = std::make_unique<Watch>(world_.docker, world_.host, output_, reference(),
                                     std::move(executor));
  }
  return *watch_;
}

void Actions::end_executor(Duration grace) {
  if (!container_.executor) return;
  const Fd ended = world_.host.watch(*container_.executor);
  if (ended.valid()) {
    world_.host.poll({ended.get()}, world_.host.now() + grace);
    world_.host.signal_group(*container_.executor, SIGKILL);
    world_.host.poll({ended.get()}, world_.host.now() + executor_grace);
  }
  world_.host.reap(*container_.executor);
}

bool Actions::is_destroy_requested() {
  return world_.store.requests_of(container_.container_id).destroy;
}

// The event of a request that has not been applied yet and is legal in this state.
std::optional<Step> Actions::new_request() {
  const auto state = state_named(container_.state).value_or(State::gone);
  const auto requests = world_.store.requests_of(container_.container_id);
  if (requests.destroy && !destroy_seen_) {
    destroy_seen_ = true;
    auto step = destroyed_step();
    if (state == State::running) step.ending.reset();
    return step;
  }
  if (requests.stop && next_state(state, Event::stop_requested)) {
    return Step{Event::stop_requested, "", {}};
  }
  return std::nullopt;
}

Actions::Patience Actions::new_patience() const {
  return {world_.host.now() + world_.config.engine_patience};
}

// After an answer that did not come. A Step when there is no point in trying again.
std::optional<Step> Actions::wait_for_engine(Patience& patience, const std::string& step,
                                             const Failure& failure) {
  if (world_.host.now() + patience.pause >= patience.until) return failed_step(step, failure.text);
  log::warn("{}; trying again", failure.text);
  pause(patience.pause);
  patience.pause = std::min(patience.pause * 2, longest_pause);
  return std::nullopt;
}

// Cut short by a request, which the caller looks at.
void Actions::pause(Duration duration) {
  world_.store.rest();
  world_.host.poll({world_.host.wake()}, world_.host.now() + duration);
  world_.host.clear_wake();
}

}  // namespace containerizer

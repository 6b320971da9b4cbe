#include "engine/actions.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <utility>

#include "engine/child.h"
#include "engine/hooks.h"
#include "engine/host/log.h"
#include "engine/host/sandbox.h"
#include "engine/identity.h"
#include "engine/image_pull.h"
#include "engine/launch_record.h"
#include "engine/life_lock.h"
#include "engine/limits.h"
#include "engine/mesos_programs.h"
#include "engine/translation/flag_limits.h"

namespace containerizer {
namespace {

constexpr Duration longest_pause{5'000};
// A container that does not die of SIGKILL is told again.
constexpr Duration kill_again{5'000};
// What mesos-executor, which lingers for a second after its last words, gets when the slave has
// already asked for its end.
constexpr Duration executor_grace{2'000};
// What a create request of an owner that died may take to have its effect.
constexpr Duration late_create{2'000};
// The engine can tell of the end of a container before it tells why.
constexpr Duration late_reason{2'000};
constexpr Duration reason_pause{100};
constexpr int killed = 137;
constexpr Duration for_ever{365LL * 24 * 3600 * 1000};

Step failed_step(const std::string& step, const std::string& why) {
  auto ending = failed_ending(step, why);
  return {Event::failed, ending.message, std::move(ending)};
}

Step lost_step(store::Termination ending = lost_ending()) {
  return {Event::lost, "", std::move(ending)};
}

}  // namespace

Actions::Actions(const World& world, store::Container& container)
    : world_(world),
      container_(container),
      output_(container.directory,
              life_file(world.config.state_directory(), container.container_id, ".output")) {
  const auto state = state_of(container);
  create_unanswered_ =
      state == State::creating || (state == State::removing && !container.docker_id);
  // What was asked for before this state was entered has been answered.
  destroy_seen_ = (state == State::stopping || is_settled(state) || state == State::exited) &&
                  world_.store.requests_of(container.container_id).destroy;
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
  throw std::logic_error("there is nothing to do for a container that is Gone");
}

// --- Before there is a container

// The request as data, once.
Result<const LaunchPlan*> Actions::plan() {
  if (plan_) return &*plan_;
  const auto record = world_.store.launch_of(container_.container_id);
  if (!record || record->request.empty() || !launch_.ParseFromString(record->request)) {
    return Failure{Fault::refused, "the launch request is not recorded"};
  }
  environment_ = unpack_environment(record->environment);
  auto made =
      make_launch_plan(launch_, environment_, world_.config.tasks, owner_of(container_.directory));
  if (!made.ok()) return made.failure();
  plan_ = std::move(made.value());
  return &*plan_;
}

Step Actions::accept() {
  const auto made = plan();
  if (!made.ok()) return failed_step("plan", made.failure().text);
  container_.image = made.value()->image;
  return {Event::begin, made.value()->image, {}};
}

Step Actions::fetch() {
  if (const auto request = new_request()) return *request;
  const auto made = plan();
  if (!made.ok()) return failed_step("plan", made.failure().text);
  const auto& uris = made.value()->uris;
  if (uris.empty()) return {Event::fetched, "", {}};
  const auto fetcher = fetcher_program(container_, uris, environment_);
  if (!fetcher.ok()) return failed_step("fetch", fetcher.failure().text);
  MaybeStep request;
  const LastWords spoken(container_.directory);
  const auto status = run_child(world_, fetcher.value().program, world_.host.now() + for_ever,
                                [&] { return (request = new_request()).has_value(); });
  if (request) return *request;
  if (!status.ok()) return failed_step("fetch", status.failure().text);
  if (status.value() == 0) return {Event::fetched, fmt::format("{} URIs", uris.size()), {}};
  return failed_step("fetch", spoken.tell("mesos-fetcher", status.value()) + fetch_hint(uris));
}

Step Actions::pull() {
  const auto made = plan();
  if (!made.ok()) return failed_step("plan", made.failure().text);
  const LaunchPlan& wanted = *made.value();
  const WantedImage image{wanted.image, wanted.force_pull, container_.directory, wanted.login.user,
                          wanted.login.secret};
  Patience patience;
  const auto tell = [&](const PullNews& news) {
    patience = {};
    log::info("{}", news.line);
  };
  for (;;) {
    if (const auto request = new_request()) return *request;
    world_.store.close();
    const auto obtained = obtain_image(world_, image, tell);
    if (obtained.ok()) return {Event::pulled, obtained.value(), {}};
    if (obtained.failed_with(Fault::interrupted)) {
      world_.host.clear_wake();
    } else if (!obtained.failed_with(Fault::unavailable) ||
               !keep_trying(patience, obtained.failure())) {
      return failed_step("pull", obtained.failure().text);
    }
  }
}

// --- Creating and starting

Step Actions::create() {
  const auto made = plan();
  if (!made.ok()) return failed_step("plan", made.failure().text);
  const auto directories =
      make_directories(made.value()->sandbox_directories, container_.directory);
  if (!directories.ok()) return failed_step("create", directories.failure().text);
  if (auto problem = accompany_launch()) return *problem;
  Patience patience;
  for (;;) {
    if (const auto request = new_request()) return *request;
    world_.store.close();
    const auto id = adopt_or_create();
    if (id.ok()) {
      container_.docker_id = id.value();
      return {Event::created, id.value().substr(0, 12), {}};
    }
    const bool unanswered = id.failed_with(Fault::unavailable);
    create_unanswered_ = create_unanswered_ || unanswered;
    if (!unanswered || !keep_trying(patience, id.failure())) {
      return failed_step("create", id.failure().text);
    }
  }
}

// The operator's hook runs before there is a container: what it forbids has never been.
Actions::MaybeStep Actions::accompany_launch() {
  MaybeStep request;
  const auto ran =
      run_launch_hook(world_, container_, [&] { return (request = new_request()).has_value(); });
  if (request) return request;
  return ran.ok() ? MaybeStep() : failed_step("hook", ran.failure().text);
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
  labels.as_object()[flag_limits_label] = plan_->flag_limits;
  auto created = world_.docker.create(name, body);
  if (created.ok()) {
    fresh_ = true;
    return created;
  }
  if (!created.failed_with(Fault::conflict)) return created;
  const auto holder = world_.docker.inspect(name);
  // It was there and is not any more: the next try may create it.
  if (holder.failed_with(Fault::not_found)) {
    return Failure{Fault::unavailable, created.failure().text};
  }
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
Actions::MaybeStep Actions::start_container() {
  Patience patience;
  for (;;) {
    world_.store.close();
    const auto done = start_once();
    if (done.ok()) break;
    if (done.failed_with(Fault::not_found)) return lost_step();
    if (!done.failed_with(Fault::unavailable) || !keep_trying(patience, done.failure())) {
      return failed_step("start", done.failure().text);
    }
    if (auto request = new_request()) return request;
  }
  if (const auto sight = look(); sight.facts) note_process(*sight.facts);
  return std::nullopt;
}

// A container that may have been started is looked at first: one that has ended since would run a
// second time.
Status Actions::start_once() {
  if (!fresh_) {
    const auto seen = world_.docker.inspect(reference());
    if (!seen.ok()) return seen.failure();
    if (!is_ours(seen.value(), container_)) {
      return Failure{Fault::not_found, "the container of that name is of another launch"};
    }
    if (seen.value().started) return Done{};
  }
  fresh_ = false;
  return world_.docker.start(reference());
}

void Actions::note_process(const ContainerFacts& facts) {
  const auto init = world_.host.identify_init(facts.pid, facts.id);
  if (init && init != container_.init) {
    if (container_.init) log::warn("somebody has restarted it, as process {}", init->pid);
    watch_.reset();
    container_.init = init;
    world_.store.amend(container_);
  }
  apply_limits(world_, container_, facts);
}

// For a command task: mesos-executor, on the host, in a session of its own, so that its suicide (it
// kills its own process group) takes nobody along. One that has begun is not started again, though
// it may have ended since: Running finds out.
Actions::MaybeStep Actions::start_executor() {
  if (container_.kind != "command") return std::nullopt;
  const auto begun =
      life_file(world_.config.state_directory(), container_.container_id, ".executor");
  if (container_.executor && ::access(begun.c_str(), F_OK) == 0) return std::nullopt;
  if (const auto made = plan(); !made.ok()) return failed_step("plan", made.failure().text);
  auto executor = executor_program(container_, launch_, environment_, world_.program);
  if (!executor.ok()) return failed_step("executor", executor.failure().text);
  executor.value().program.begun_file = begun;
  world_.store.close();
  const auto prepared = world_.host.prepare(executor.value().program);
  if (!prepared.ok()) return failed_step("executor", prepared.failure().text);
  // Recorded before it does anything: whoever resumes never starts a second one.
  container_.executor = prepared.value();
  world_.store.amend(container_);
  const auto allowed = world_.host.allow();
  if (allowed.ok()) return std::nullopt;
  return failed_step("executor", allowed.failure().text);
}

// --- While it runs

Step Actions::run() {
  for (;;) {
    if (const auto request = new_request()) return *request;
    if (container_.executor && !watch_ && !world_.host.watch(*container_.executor).valid()) {
      return {Event::executor_ended, "", {}};
    }
    if (auto step = watch_until(world_.host.now() + for_ever)) return *step;
  }
}

// Nothing: the time is over, or there is a request to look at.
Actions::MaybeStep Actions::watch_until(Deadline deadline) {
  world_.store.close();
  switch (watch().until(deadline)) {
    case Watch::Outcome::ended:
      return ended_step();
    case Watch::Outcome::vanished:
      return vanished_step();
    case Watch::Outcome::absent:
      return lost_step();
    case Watch::Outcome::executor_ended:
      return Step{Event::executor_ended, "", {}};
    case Watch::Outcome::time_is_up:
    case Watch::Outcome::woken:
      break;
  }
  return std::nullopt;
}

// The engine has told that the container ended; what counts is what it says when asked.
Actions::MaybeStep Actions::ended_step() {
  auto sight = look();
  if (sight.seen == Observation::absent) return lost_step();
  if (sight.seen != Observation::ended) {
    watch().doubt();
    if (sight.facts) note_process(*sight.facts);
    return std::nullopt;
  }
  return exited_step(std::move(*sight.facts));
}

// The container's process has ended, and the engine has not told of it for a while.
Actions::MaybeStep Actions::vanished_step() {
  const auto sight = look();
  const bool lives = sight.seen == Observation::unknown ||
                     (sight.facts && world_.host.identify_init(sight.facts->pid, sight.facts->id));
  if (lives || sight.seen == Observation::ended || sight.seen == Observation::absent) {
    return ended_step();
  }
  return lost_step(lost_ending("its process is gone, but the engine calls it running"));
}

Step Actions::exited_step(ContainerFacts facts) {
  const auto& id = container_.container_id;
  auto requests = world_.store.requests_of(id);
  const auto latest = world_.host.now() + late_reason;
  const auto is_unexplained = [&] {
    return facts.exit_code == killed && !facts.oom_killed && !requests.destroy && !requests.stop;
  };
  while (is_unexplained() && world_.host.now() < latest) {
    pause(reason_pause);
    if (auto again = look(); again.facts) facts = std::move(*again.facts);
    requests = world_.store.requests_of(id);
  }
  const auto gone_for = watch_ ? watch_->gone_unwitnessed_for() : std::nullopt;
  auto ending = is_made_up(facts, gone_for, world_.store.now().wall)
                    ? made_up_ending(facts, requests.destroy)
                    : ending_of(facts, requests.destroy);
  const bool orphaned = world_.store.has_event(id, name_of(Event::executor_ended));
  if (orphaned && !requests.destroy && !requests.stop) {
    ending.kind = "failed";
    ending.step = "executor";
    ending.message = "mesos-executor ended before its task; then " + ending.message;
  }
  if (ending.kind == "oom") log::warn("{}", ending.message);
  return {Event::exited, ending.message, std::move(ending)};
}

// How long the task has between the stop signal and SIGKILL.
Duration Actions::stop_grace() {
  const auto made = plan();
  if (!made.ok()) return world_.config.stop_timeout;
  if (made.value()->kill_grace && !is_destroy_requested()) {
    // mesos-executor 1.0 waits for the task's own grace, and needs a moment to see the end.
    const auto grace = *made.value()->kill_grace;
    return std::max(grace - Duration(1'000), grace / 2);
  }
  const auto* flag = made.value()->create.if_contains("StopTimeout");
  if (flag == nullptr) return world_.config.stop_timeout;
  // A destroy has to end before its caller gives up (cli/destroy.cpp).
  const auto longest = is_destroy_requested() ? world_.config.engine_timeout : for_ever;
  return std::min(
      Duration(1'000) * std::min<std::int64_t>(flag->as_int64(), longest / Duration(1'000)),
      longest);
}

Step Actions::stop() {
  const auto latest = world_.host.now() + stop_grace();
  // A destroy that comes during the grace shortens it; the signal has been sent.
  if (!kill_at_) {
    const auto sight = look();
    const bool chosen = sight.facts && !sight.facts->stop_signal.empty();
    send_signal(chosen ? sight.facts->stop_signal : "SIGTERM");
  }
  kill_at_ = std::min(kill_at_.value_or(latest), latest);
  for (;;) {
    while (world_.host.now() < *kill_at_) {
      auto step = watch_until(*kill_at_);
      if (step && step->event != Event::executor_ended) return *step;
      if (take_destroy_request()) return {Event::destroy_requested, "", {}};
    }
    send_signal("SIGKILL");
    kill_at_ = world_.host.now() + kill_again;
  }
}

void Actions::send_signal(const std::string& signal) {
  world_.store.close();
  const auto sent = world_.docker.kill(reference(), signal);
  if (sent.ok()) return;
  log::warn("{}", sent.failure().text);
  // A daemon that hangs must not keep a container alive that we can reach ourselves.
  if (container_.init) {
    world_.host.signal(*container_.init, signal == "SIGKILL" ? SIGKILL : SIGTERM);
  }
}

// --- After it ended

// The last output, then mesos-executor, which tells the slave about the task.
Step Actions::drain() {
  // An engine that has lost a container leaves its process running.
  if (container_.init) world_.host.signal(*container_.init, SIGKILL);
  copy_last_output();
  watch_.reset();
  if (!container_.executor) return {Event::drained, "", {}};
  const Fd ended = world_.host.watch(*container_.executor);
  while (ended.valid()) {
    if (is_destroy_requested()) {
      end_executor();
      break;
    }
    world_.store.close();
    const auto ready =
        world_.host.poll({world_.host.wake(), ended.get()}, world_.host.now() + for_ever);
    if (ready[1]) break;
    world_.host.clear_wake();
    if (take_destroy_request()) return {Event::destroy_requested, "", {}};
  }
  world_.host.reap(*container_.executor);
  return {Event::drained, "", {}};
}

// Output is worth waiting for, but not worth a task that never ends for the slave, nor a destroy
// that does not.
void Actions::copy_last_output() {
  Patience patience;
  for (;;) {
    const bool hurried = is_destroy_requested();
    world_.store.close();
    const auto silence = hurried ? executor_grace : world_.config.engine_timeout;
    const auto drained = watch().drain(hurried ? -1 : world_.host.wake(), silence);
    if (drained.ok()) return;
    if (drained.failed_with(Fault::interrupted)) {
      world_.host.clear_wake();
    } else if (hurried || drained.failed_with(Fault::refused) ||
               !keep_trying(patience, drained.failure())) {
      log::error("the last output may be missing: {}", drained.failure().text);
      return;
    }
  }
}

void Actions::end_executor() {
  world_.store.close();
  const Fd ended = world_.host.watch(*container_.executor);
  if (!ended.valid()) return;
  world_.host.poll({ended.get()}, world_.host.now() + executor_grace);
  world_.host.signal_group(*container_.executor, SIGKILL);
  world_.host.poll({ended.get()}, world_.host.now() + executor_grace);
}

void Actions::accompany_end() {
  if (std::exchange(end_accompanied_, true)) return;
  run_end_hook(world_, container_, world_.store.termination_of(container_.container_id));
}

Step Actions::remove() {
  accompany_end();
  // The row may be of before a reboot, and the clock has begun anew since.
  const auto entered = std::min(Deadline(Duration(container_.since.monotonic)), world_.host.now());
  const auto kept_until = container_.docker_id ? entered + world_.config.remove_delay : entered;
  std::optional<Deadline> certain_at;
  Duration pause_length{100};
  for (;;) {
    if (take_destroy_request()) return {Event::destroy_requested, "", {}};
    const bool at_once = is_destroy_requested();
    world_.store.close();
    if (!at_once && world_.host.now() < kept_until) {
      world_.host.poll({world_.host.wake()}, kept_until);
      world_.host.clear_wake();
      continue;
    }
    const auto sight = look();
    // A daemon that hangs has not begun yet with what it was asked before.
    if (sight.seen == Observation::unknown) certain_at.reset();
    if (sight.seen == Observation::absent && !sight.facts) {
      const auto now = world_.host.now();
      certain_at = certain_at.value_or(create_unanswered_ ? now + late_create : now);
      if (now >= *certain_at) return {Event::removed, "", {}};
    }
    if (sight.facts) {
      const auto removed = world_.docker.remove(sight.facts->id);
      if (removed.ok()) return {Event::removed, "", {}};
      log::warn("{}; trying again", removed.failure().text);
    }
    pause(pause_length);
    pause_length = std::min(pause_length * 2, longest_pause * 6);
  }
}

// --- Shared

Sight Actions::look() {
  world_.store.close();
  auto seen = world_.docker.inspect(reference());
  if (seen.failed_with(Fault::not_found)) return {Observation::absent, {}};
  if (!seen.ok()) {
    log::warn("{}", seen.failure().text);
    return {};
  }
  // A container of that name that is not of this launch is none of our business.
  if (!is_ours(seen.value(), container_)) return {Observation::absent, {}};
  return {observation_of(seen.value()), std::move(seen.value())};
}

std::string Actions::reference() const {
  return container_.docker_id.value_or(container_name(container_.container_id));
}

Watch& Actions::watch() {
  if (!watch_) {
    Fd executor;
    Fd init;
    if (container_.executor) executor = world_.host.watch(*container_.executor);
    if (container_.init) init = world_.host.watch(*container_.init);
    watch_ = std::make_unique<Watch>(world_.docker, world_.host, output_, reference(),
                                     std::move(executor), std::move(init));
  }
  return *watch_;
}

bool Actions::is_destroy_requested() {
  return world_.store.requests_of(container_.container_id).destroy;
}

bool Actions::take_destroy_request() {
  if (destroy_seen_ || !is_destroy_requested()) return false;
  destroy_seen_ = true;
  return true;
}

// The event of a request that has not been applied yet and is legal in this state.
Actions::MaybeStep Actions::new_request() {
  const auto state = state_of(container_);
  if (take_destroy_request()) {
    Step step{Event::destroy_requested, "", {}};
    if (state != State::running) step.ending = destroyed_ending();
    return step;
  }
  if (next_state(state, Event::stop_requested) &&
      world_.store.requests_of(container_.container_id).stop) {
    return Step{Event::stop_requested, "", {}};
  }
  return std::nullopt;
}

bool Actions::keep_trying(Patience& patience, const Failure& failure) {
  if (!patience.until) patience.until = world_.host.now() + world_.config.engine_patience;
  if (world_.host.now() + patience.pause >= *patience.until) return false;
  log::warn("{}; trying again", failure.text);
  pause(patience.pause);
  patience.pause = std::min(patience.pause * 2, longest_pause);
  return true;
}

// Cut short by a request, which the caller looks at.
void Actions::pause(Duration duration) {
  world_.store.close();
  world_.host.poll({world_.host.wake()}, world_.host.now() + duration);
  world_.host.clear_wake();
}

}  // namespace containerizer

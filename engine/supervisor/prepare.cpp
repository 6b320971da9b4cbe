// Accepted to Creating: plans the launch, fetches the task's URIs, obtains the image, creates the
// container.

#include "engine/container/identity.h"
#include "engine/supervisor/actions.h"
#include "engine/supervisor/child.h"
#include "engine/supervisor/guarded_mounts.h"
#include "engine/supervisor/hooks.h"
#include "engine/supervisor/image_pull.h"
#include "engine/supervisor/mesos_helpers.h"
#include "engine/supervisor/stderr_tail.h"
#include "engine/translation/fixed_limits.h"
#include "engine/translation/port_plan.h"
#include "host/format.h"
#include "host/log.h"
#include "host/sandbox.h"
#include "host/staging.h"
#include "host/text.h"

namespace containerizer {

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
  if (auto valid = check_uris(uris, container_.directory); !valid.ok()) {
    return failed_step("fetch", valid.failure().text);
  }
  for (const auto& uri : uris) {
    if (auto problem = fetch_one(uri)) return *problem;
  }
  return {Event::fetched, formatted("{} URIs", uris.size()), {}};
}

// Into an empty directory: nothing that an earlier URI has brought can redirect it.
Actions::MaybeStep Actions::fetch_one(const mesos::CommandInfo::URI& uri) {
  auto staging = StagingDirectory::make(container_.directory);
  if (!staging.ok()) return failed_step("fetch", staging.failure().text);
  const auto fetcher = fetcher_program(container_, uri, staging.value().path(), environment_);
  if (!fetcher.ok()) return failed_step("fetch", fetcher.failure().text);
  MaybeStep request;
  const StderrTail tail(container_.directory);
  // No time limit: a download may take any time, and a destroy request ends it.
  const auto status =
      run_child(services_, container_, fetcher.value().program, services_.host.now() + no_limit,
                [&] { return (request = new_request()).has_value(); });
  if (request) return request;
  if (!status.ok()) return failed_step("fetch", status.failure().text);
  if (status.value() != 0) {
    const auto said = without_logins(tail.failure_of("mesos-fetcher", status.value()));
    return failed_step("fetch", said + fetch_hint({uri}));
  }
  const auto moved = staging.value().move_to_sandbox();
  if (moved.ok()) return std::nullopt;
  return failed_step("fetch",
                     "URI " + in_quotes(without_logins(uri.value())) + ": " + moved.failure().text);
}

Step Actions::pull() {
  const auto made = plan();
  if (!made.ok()) return failed_step("plan", made.failure().text);
  const LaunchPlan& wanted = *made.value();
  const WantedImage image{wanted.image, wanted.force_pull, container_.directory, wanted.login.user,
                          wanted.login.secret};
  auto window = retries_since_launch();
  const auto listener = [](const PullNews& news) { log::info("{}", news.line); };
  for (;;) {
    if (const auto request = new_request()) return *request;
    services_.store.close();
    const auto obtained = obtain_image(services_, image, listener);
    if (obtained.ok()) return {Event::pulled, obtained.value(), {}};
    // Another process has woken us, probably for a destroy request. The loop checks that first.
    if (obtained.failed_with(Fault::interrupted)) {
      services_.host.clear_wake();
    } else if (!obtained.failed_with(Fault::unavailable) ||
               !pause_before_retry(window, obtained.failure())) {
      return failed_step("pull", obtained.failure().text);
    }
  }
}

Step Actions::create() {
  const auto made = plan();
  if (!made.ok()) return failed_step("plan", made.failure().text);
  if (const auto guarded = guard(); !guarded.ok()) {
    return failed_step("create", guarded.failure().text);
  }
  for (const auto& note : made.value()->notes) log::warn("{}", note);
  if (auto problem = run_hook_before_creation()) return *problem;
  auto window = retries_since_launch();
  for (;;) {
    if (const auto request = new_request()) return *request;
    services_.store.close();
    const auto id = adopt_or_create();
    if (id.ok()) {
      container_.docker_id = id.value();
      return {Event::created, id.value().substr(0, 12), {}};
    }
    // Remembered until the state Removing, which then waits for a container that appears late.
    const bool unanswered = id.failed_with(Fault::unavailable);
    create_unanswered_ = create_unanswered_ || unanswered;
    if (!unanswered || !pause_before_retry(window, id.failure())) {
      return failed_step("create", id.failure().text);
    }
  }
}

// Until the container has started, its mounts lead to what is checked here. The daemon gets paths
// without links, or guarded ones.
Status Actions::guard() {
  const auto made = plan();
  if (!made.ok()) return made.failure();
  auto places = find_or_make(made.value()->sandbox_paths, container_.directory);
  if (!places.ok()) return places.failure();
  auto guarded = guard_mounts(services_, container_.container_id, *made.value());
  if (!guarded.ok()) return guarded.failure();
  guarded_mounts_ = std::move(guarded.value());
  std::erase_if(places.value(), [](const auto& place) { return place.first == place.second; });
  guarded_mounts_.merge(places.value());
  return Done{};
}

// The operator's launch hook can reject the launch. It runs before the container exists, so there
// is nothing to undo then.
Actions::MaybeStep Actions::run_hook_before_creation() {
  MaybeStep request;
  const auto ran =
      run_launch_hook(services_, container_, [&] { return (request = new_request()).has_value(); });
  if (request) return request;
  return ran.ok() ? MaybeStep() : failed_step("hook", ran.failure().text);
}

// The image is there by now, so its ports are known.
Status Actions::pair_with_image(boost::json::object& body) {
  const auto exposed = services_.docker.exposed_ports(plan_->image);
  if (!exposed.ok()) return exposed.failure();
  const auto left = pair_ports(exposed.value(), plan_->resources, body);
  if (left.empty()) return Done{};
  log::warn(
      "{} ports of the image are not published (the first is {}), because the task has no more "
      "allocated ports",
      left.size(), left.front());
  return Done{};
}

// Creates the container, or finds the one that an earlier try created. unavailable: the outcome is
// unknown. Every other failure is final.
Result<std::string> Actions::adopt_or_create() {
  const auto name = container_name(container_.container_id);
  auto body = with_guarded_mounts(plan_->create, guarded_mounts_);
  if (plan_->pairs_ports) {
    const auto paired = pair_with_image(body);
    if (!paired.ok()) return paired.failure();
  }
  auto& labels = body["Labels"];
  if (!labels.is_object()) labels.emplace_object();
  // The labels identify the container even if its row is lost.
  for (auto& label : identity_labels(container_, services_.settings.work_directory)) {
    labels.as_object()[label.key()] = label.value();
  }
  // This label is set even if it is empty, so that no image can supply it.
  labels.as_object()[fixed_limits_label] = plan_->fixed_limits;
  auto created = services_.docker.create(name, body);
  if (created.ok()) {
    fresh_ = true;
    return created;
  }
  if (!created.failed_with(Fault::conflict)) return created;
  const auto existing = services_.docker.inspect(name);
  // It was removed meanwhile, so the next try may create it.
  if (existing.failed_with(Fault::not_found)) {
    return Failure{Fault::unavailable, created.failure().text};
  }
  if (!existing.ok()) return existing.failure();
  if (is_ours(existing.value(), container_)) return existing.value().id;
  return Failure{Fault::refused,
                 created.failure().text + "; that container belongs to a different launch"};
}

}  // namespace containerizer

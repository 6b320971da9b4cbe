#include "tests/mesos/framework.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <ostream>

#include "tests/integration/child.h"

namespace containerizer::real_mesos {
namespace {

using namespace mesos::internal;

constexpr std::chrono::milliseconds registration_interval{500};
constexpr double nanoseconds = 1e9;

// The names of TaskState in Mesos 1.0, in the order of their numbers.
constexpr std::array state_names{"TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED",
                                 "TASK_FAILED",   "TASK_KILLED",  "TASK_LOST",
                                 "TASK_STAGING",  "TASK_ERROR",   "TASK_KILLING"};

std::string state_name(int number) {
  const auto index = static_cast<std::size_t>(number);
  return index < state_names.size() ? state_names.at(index) : std::to_string(number);
}

bool is_end(const std::string& state) {
  static const std::set<std::string> ends{"TASK_FINISHED", "TASK_FAILED", "TASK_KILLED",
                                          "TASK_LOST", "TASK_ERROR"};
  return ends.count(state) != 0;
}

template <class Message>
Message parsed(const std::string& body) {
  Message message;
  message.ParseFromString(body);
  return message;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Status& status) {
  out << status.state << " \"" << status.message << '"';
  if (status.healthy) out << (*status.healthy ? " healthy" : " unhealthy");
  if (status.source) out << " source " << *status.source;
  if (status.reason) out << " reason " << *status.reason;
  return out;
}

Framework::Framework(const std::string& master, const Options& options)
    : master_("master@" + master),
      endpoint_(loop_, "scheduler(1)",
                {[this](const auto& from, const auto& name, const auto& body) {
                   received(from, name, body);
                 },
                 {}}),
      thread_([this] { loop_.run(); }) {
  ReregisterFrameworkMessage again;
  auto& info = *again.mutable_framework();
  info.set_user(options.user);
  info.set_name("docker-containerizer tests");
  info.set_checkpoint(options.checkpoint);
  info.set_failover_timeout(options.failover_timeout);
  if (!options.id.empty()) info.mutable_id()->set_value(options.id);
  again.set_failover(true);
  RegisterFrameworkMessage first;
  *first.mutable_framework() = info;
  std::unique_lock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + integration::bound;
  // A master that is not elected yet ignores the message.
  while (!id_.has_value() && std::chrono::steady_clock::now() < deadline) {
    if (options.id.empty()) {
      endpoint_.post(master_, first);
    } else {
      endpoint_.post(master_, again);
    }
    changed_.wait_for(lock, registration_interval);
  }
  if (id_.has_value()) return;
  const auto why = error_;
  lock.unlock();
  loop_.stop();
  thread_.join();
  FAIL("the master did not register the framework: " << why);
}

Framework::~Framework() {
  loop_.stop();
  thread_.join();
}

std::string Framework::id() const {
  const std::lock_guard lock(mutex_);
  return id_.value();
}

void Framework::received(const std::string& from, const std::string& name,
                         const std::string& body) {
  const std::lock_guard lock(mutex_);
  const auto is = [&](const char* message) {
    return name == std::string("mesos.internal.") + message;
  };
  if (is("FrameworkRegisteredMessage")) {
    master_ = from;
    id_ = parsed<FrameworkRegisteredMessage>(body).framework_id();
  } else if (is("FrameworkReregisteredMessage")) {
    master_ = from;
    id_ = parsed<FrameworkReregisteredMessage>(body).framework_id();
  } else if (is("FrameworkErrorMessage")) {
    error_ = parsed<FrameworkErrorMessage>(body).message();
  } else if (is("ResourceOffersMessage")) {
    const auto message = parsed<ResourceOffersMessage>(body);
    for (const auto& offer : message.offers()) {
      offers_[offer.id().value()] = offer;
    }
  } else if (is("RescindResourceOfferMessage")) {
    offers_.erase(parsed<RescindResourceOfferMessage>(body).offer_id().value());
  } else if (is("StatusUpdateMessage")) {
    take(parsed<StatusUpdateMessage>(body));
  } else if (is("ExitedExecutorMessage")) {
    const auto exited = parsed<ExitedExecutorMessage>(body);
    exits_[exited.executor_id().value()] = exited.status();
  }
  changed_.notify_all();
}

void Framework::take(const StatusUpdateMessage& message) {
  const auto& update = message.update();
  const auto& status = update.status();
  if (update.uuid().empty() || seen_.insert(update.uuid()).second) {
    Status one{state_name(status.state()), status.message(), {}, {}, {}};
    if (status.has_healthy()) one.healthy = status.healthy();
    if (status.has_source()) one.source = status.source();
    if (status.has_reason()) one.reason = status.reason();
    statuses_[status.task_id().value()].push_back(one);
  }
  // An update that the master itself has made is not repeated until it is acknowledged.
  if (!update.has_slave_id() || update.uuid().empty() || message.pid().empty()) return;
  StatusUpdateAcknowledgementMessage acknowledgement;
  *acknowledgement.mutable_slave_id() = update.slave_id();
  *acknowledgement.mutable_framework_id() = id_;
  *acknowledgement.mutable_task_id() = status.task_id();
  acknowledgement.set_uuid(update.uuid());
  endpoint_.send(master_, acknowledgement);
}

template <class Condition>
void Framework::await_condition(const std::string& what, Condition condition) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, integration::bound, condition)) {
    lock.unlock();
    FAIL("did not happen in time: " << what);
  }
}

std::vector<Offer> Framework::take_offers() {
  std::vector<Offer> taken;
  await_condition("an offer", [&] {
    if (offers_.empty()) return false;
    const auto slave = offers_.begin()->second.slave_id().value();
    std::erase_if(offers_, [&](const auto& entry) {
      const bool same = entry.second.slave_id().value() == slave;
      if (same) taken.push_back(entry.second);
      return same;
    });
    return true;
  });
  return taken;
}

void Framework::launch(std::vector<mesos::TaskInfo> tasks) {
  const auto offers = take_offers();
  LaunchTasksMessage message;
  const std::lock_guard lock(mutex_);
  *message.mutable_framework_id() = id_;
  for (const auto& offer : offers) *message.add_offer_ids() = offer.id();
  // What is left comes with the next offer.
  message.mutable_filters()->set_refuse_seconds(0);
  for (auto& task : tasks) {
    *task.mutable_slave_id() = offers.front().slave_id();
    if (task.has_executor()) *task.mutable_executor()->mutable_framework_id() = id_;
    *message.add_tasks() = task;
  }
  endpoint_.post(master_, message);
}

void Framework::kill(const std::string& task, std::optional<double> grace_seconds) {
  const std::lock_guard lock(mutex_);
  KillTaskMessage message;
  *message.mutable_framework_id() = id_;
  message.mutable_task_id()->set_value(task);
  if (grace_seconds) {
    message.mutable_kill_policy()->mutable_grace_period()->set_nanoseconds(
        static_cast<std::int64_t>(*grace_seconds * nanoseconds));
  }
  endpoint_.post(master_, message);
}

void Framework::unregister() {
  const std::lock_guard lock(mutex_);
  UnregisterFrameworkMessage message;
  *message.mutable_framework_id() = id_;
  endpoint_.post(master_, message);
}

std::string Framework::told_about(const std::string& task) const {
  std::ostringstream all;
  for (const auto& status : statuses(task)) all << "\n  " << status;
  return "the updates of " + task + " so far:" + all.str();
}

Status Framework::await(const std::string& task, const std::string& state) {
  Status found;
  INFO("waiting for " << state << " of " << task);
  await_condition(state + " of " + task, [&] {
    for (const auto& status : statuses_[task]) {
      if (status.state == state || is_end(status.state)) {
        found = status;
        return true;
      }
    }
    return false;
  });
  INFO(told_about(task));
  REQUIRE(found.state == state);
  return found;
}

Status Framework::end_of(const std::string& task) {
  Status found;
  await_condition("the end of " + task, [&] {
    for (const auto& status : statuses_[task]) {
      if (!is_end(status.state)) continue;
      found = status;
      return true;
    }
    return false;
  });
  return found;
}

Status Framework::await_health(const std::string& task, bool healthy) {
  Status found;
  await_condition(std::string(healthy ? "healthy " : "unhealthy ") + task, [&] {
    for (const auto& status : statuses_[task]) {
      if (status.healthy != healthy) continue;
      found = status;
      return true;
    }
    return false;
  });
  return found;
}

std::vector<Status> Framework::statuses(const std::string& task) const {
  const std::lock_guard lock(mutex_);
  const auto found = statuses_.find(task);
  return found == statuses_.end() ? std::vector<Status>{} : found->second;
}

int Framework::await_executor_exit(const std::string& executor) {
  int status = 0;
  await_condition("the exit of executor " + executor, [&] {
    const auto found = exits_.find(executor);
    if (found == exits_.end()) return false;
    status = found->second;
    return true;
  });
  return status;
}

}  // namespace containerizer::real_mesos

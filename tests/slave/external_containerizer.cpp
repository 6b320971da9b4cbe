#include "tests/slave/external_containerizer.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "tests/slave/killtree.h"

namespace containerizer::player {

using mesos::containerizer::Containers;
using mesos::containerizer::Update;

namespace {

const std::string not_running = "Container is not running";

Outcome failed(std::string why) { return {std::nullopt, std::move(why)}; }

// Parses a reply and checks the fields that the slave's own schema requires. A failing exit status
// takes precedence.
template <class T>
Reply<T> read_reply(const Answer& answer, bool (*complete)(const T&)) {
  Reply<T> reply{{answer.status, {}}, std::nullopt};
  if (answer.status != 0) return reply;
  T message;
  if (!answer.reply) {
    reply.outcome.failure = "no complete frame on stdout";
  } else if (!message.ParseFromString(*answer.reply) || !complete(message)) {
    reply.outcome.failure = "the frame on stdout is not a valid " + message.GetTypeName();
  } else {
    reply.message = message;
  }
  return reply;
}

bool all_have_ids(const Containers& containers) {
  return std::all_of(containers.containers().begin(), containers.containers().end(),
                     [](const auto& id) { return id.has_value(); });
}

bool has_timestamp(const mesos::ResourceStatistics& statistics) {
  return statistics.has_timestamp();
}

bool old_termination_is_complete(const Termination& termination) {
  return termination.has_killed() && termination.has_message();
}

bool any_termination_is_complete(const Termination&) { return true; }

template <class T>
std::string request_for(const std::string& id, T message = {}) {
  message.mutable_container_id()->set_value(id);
  return message.SerializeAsString();
}

}  // namespace

std::string Outcome::text() const {
  return failure.empty() ? words() : "failure=" + in_quotes(failure);
}

std::string Outcome::words() const {
  if (!failure.empty()) return failure;
  return status ? describe_exit(*status) : "";
}

ExternalContainerizer::Container* ExternalContainerizer::find(const std::string& id) {
  const auto found = containers_.find(id);
  return found == containers_.end() ? nullptr : &found->second;
}

Call ExternalContainerizer::call(const Container* container, std::string verb) const {
  Call made;
  made.verb = std::move(verb);
  if (container != nullptr) made.sandbox = container->sandbox;
  made.environment = environment_;
  return made;
}

pid_t ExternalContainerizer::run(const Call& call, const std::function<void(Outcome)>& done) {
  const Started started = invoker_.start(call, in(strand_, [done](const Answer& answer) {
                                           done({answer.status, {}});
                                         }));
  if (started.pid < 0) done(failed(started.failure));
  return started.pid;
}

template <class T>
void ExternalContainerizer::ask(const Call& call, bool (*complete)(const T&),
                                const std::function<void(Reply<T>)>& done) {
  const Started started = invoker_.start(call, in(strand_, [done, complete](const Answer& answer) {
                                           done(read_reply<T>(answer, complete));
                                         }));
  if (started.pid < 0) done({failed(started.failure), std::nullopt});
}

void ExternalContainerizer::when_launched(const std::string& id, const OnContainer& action) {
  boost::asio::post(strand_, [this, id, action] {
    Container* container = find(id);
    if (container == nullptr || container->launched) {
      action(container);
    } else {
      container->behind_launch.push_back(action);
    }
  });
}

void ExternalContainerizer::launch(const mesos::containerizer::Launch& launch,
                                   const Environment& environment,
                                   const std::function<void(pid_t)>& started,
                                   const std::function<void(Outcome)>& done) {
  boost::asio::post(strand_, [=, this] {
    const std::string& id = launch.container_id().value();
    Container& container = containers_[id];
    container.sandbox = Sandbox{launch.directory(), launch.user()};
    Call made = call(&container, "launch");
    made.environment = environment;
    made.request = launch.SerializeAsString();
    const pid_t pid = run(made, [this, id, done](const Outcome& outcome) {
      launch_ended(id, outcome);
      done(outcome);
    });
    if (pid > 0) started(pid);
  });
}

void ExternalContainerizer::launch_ended(const std::string& id, const Outcome& outcome) {
  const auto found = containers_.find(id);
  if (found == containers_.end()) return;
  auto queued = std::exchange(found->second.behind_launch, {});
  if (outcome.ok()) {
    found->second.launched = true;
    for (const OnContainer& action : queued) action(find(id));
    return;
  }
  containers_.erase(found);
  // In 0.19, calls that are queued behind a failed launch never complete.
  if (release_.queues_wait_at_launch()) return;
  for (const OnContainer& action : queued) action(nullptr);
}

void ExternalContainerizer::wait(const std::string& id,
                                 const std::function<void(Reply<Termination>)>& done) {
  when_launched(id, [=, this](Container* container) {
    if (container == nullptr) {
      done({failed(not_running), std::nullopt});
      return;
    }
    container->waiting.push_back(done);
    if (container->waiting.size() > 1) return;
    Call made = call(container, "wait");
    made.request = request_for<mesos::containerizer::Wait>(id);
    made.has_reply = true;
    const Started started = invoker_.start(
        made, in(strand_, [this, id](const Answer& answer) { wait_ended(id, answer); }));
    container->wait_pid = started.pid;
    if (started.pid < 0) forget(id, {failed(started.failure), std::nullopt});
  });
}

void ExternalContainerizer::wait_ended(const std::string& id, const Answer& answer) {
  const Container* container = find(id);
  if (container == nullptr) return;
  if (container->destroying) {
    Termination made_up;
    made_up.set_status(answer.status);
    if (!release_.termination_carries_state()) {
      made_up.set_killed(false);
      made_up.set_message("");
    }
    forget(id, {{0, {}}, made_up});
    return;
  }
  const auto reply = read_reply<Termination>(answer, release_.termination_carries_state()
                                                         ? any_termination_is_complete
                                                         : old_termination_is_complete);
  if (!reply.message) {
    killtree(container->wait_pid, SIGKILL, release_.kills_tree_of_gone_root());
  }
  forget(id, reply);
}

void ExternalContainerizer::forget(const std::string& id, const Reply<Termination>& termination) {
  const auto found = containers_.find(id);
  if (found == containers_.end()) return;
  const auto waiting = std::move(found->second.waiting);
  containers_.erase(found);
  for (const auto& done : waiting) done(termination);
}

void ExternalContainerizer::update(const std::string& id, const Update& update,
                                   const std::function<void(Outcome)>& done) {
  when_launched(id, [=, this](Container* container) {
    if (container == nullptr) {
      done(failed(not_running));
      return;
    }
    Call made = call(container, "update");
    made.request = request_for(id, update);
    run(made, done);
  });
}

void ExternalContainerizer::usage(
    const std::string& id, const std::function<void(Reply<mesos::ResourceStatistics>)>& done) {
  when_launched(id, [=, this](Container* container) {
    if (container == nullptr) {
      done({failed(not_running), std::nullopt});
      return;
    }
    Call made = call(container, "usage");
    made.request = request_for<mesos::containerizer::Usage>(id);
    made.has_reply = true;
    ask<mesos::ResourceStatistics>(made, has_timestamp, done);
  });
}

void ExternalContainerizer::destroy(const std::string& id,
                                    const std::function<void(Outcome)>& done) {
  when_launched(id, [=, this](Container* container) {
    if (container == nullptr || container->destroying) {
      done(failed(container == nullptr ? not_running : "Container is being destroyed already"));
      return;
    }
    container->destroying = true;
    Call made = call(container, "destroy");
    made.request = request_for<mesos::containerizer::Destroy>(id);
    run(made, [this, id, done](const Outcome& outcome) {
      done(outcome);
      const Container* destroyed = find(id);
      if (destroyed == nullptr) return;
      if (destroyed->wait_pid > 0) {
        killtree(destroyed->wait_pid, SIGKILL, release_.kills_tree_of_gone_root());
      } else {
        forget(id, {failed(not_running), std::nullopt});
      }
    });
  });
}

void ExternalContainerizer::containers(const std::function<void(Reply<Containers>)>& done) {
  boost::asio::post(strand_, [=, this] {
    Call made = call(nullptr, "containers");
    made.has_reply = true;
    ask<Containers>(made, all_have_ids, done);
  });
}

void ExternalContainerizer::wait_pid(const std::string& id,
                                     const std::function<void(pid_t)>& done) {
  boost::asio::post(strand_, [=, this] {
    const Container* container = find(id);
    done(container == nullptr ? -1 : container->wait_pid);
  });
}

void ExternalContainerizer::recover(const std::vector<KnownContainer>& known,
                                    const std::function<void(std::string, std::size_t)>& done) {
  boost::asio::post(strand_, [=, this] {
    run(call(nullptr, "recover"), [=, this](const Outcome& outcome) {
      if (!outcome.ok()) {
        done("recover: " + outcome.text(), 0);
        return;
      }
      containers([=, this](const Reply<Containers>& reply) {
        if (!reply.message) {
          done("containers: " + reply.outcome.text(), 0);
        } else {
          settle_orphans(*reply.message, known, done);
        }
      });
    });
  });
}

void ExternalContainerizer::settle_orphans(
    const Containers& reported, const std::vector<KnownContainer>& known,
    const std::function<void(std::string, std::size_t)>& done) {
  std::set<std::string> orphans;
  for (const auto& id : reported.containers()) orphans.insert(id.value());
  std::size_t active = 0;
  for (const KnownContainer& one : known) {
    if (orphans.erase(one.id) == 0) continue;
    std::filesystem::create_directories(one.sandbox.directory);
    Container& container = containers_[one.id];
    container.sandbox = one.sandbox;
    container.launched = true;
    ++active;
  }
  if (orphans.empty()) {
    done("", active);
    return;
  }
  // The last orphan that ends calls `done`.
  auto left = std::make_shared<std::size_t>(orphans.size());
  for (const std::string& id : orphans) {
    events_.print("orphan " + id);
    containers_[id].launched = true;
    wait(id, [=](const Reply<Termination>& reply) {
      if (!reply.outcome.status) {
        done("wait of orphan " + id + ": " + reply.outcome.text(), active);
        return;
      }
      if (--*left == 0) done("", active);
    });
    destroy(id, [=, this](const Outcome& outcome) {
      events_.print("destroyed " + id + " " + outcome.text());
    });
  }
}

}  // namespace containerizer::player

#include "tests/slave/slave.h"

#include <google/protobuf/util/json_util.h>

#include <iostream>
#include <utility>

#include "tests/slave/launch_environment.h"
#include "tests/slave/uuid.h"

namespace containerizer::player {

using mesos::containerizer::Containers;

namespace {

bool is_terminal(const std::string& state) {
  return state != "TASK_RUNNING" && state != "TASK_STARTING" && state != "TASK_KILLING";
}

boost::json::value command_json(const mesos::CommandInfo& command) {
  std::string text;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  if (!google::protobuf::util::MessageToJsonString(command, &text, options).ok()) return {};
  return boost::json::parse(text);
}

template <class T>
std::string or_empty(bool present, const T& value) {
  return present ? std::to_string(value) : "";
}

std::string describe(const Termination& termination) {
  std::string line = std::string("killed=") +
                     (termination.has_killed() ? (termination.killed() ? "true" : "false") : "");
  line += " status=" + or_empty(termination.has_status(), termination.status());
  line += " state=" + (termination.has_state() ? TaskState_Name(termination.state()) : "");
  line += " reasons=";
  for (int i = 0; i < termination.reasons_size(); ++i) {
    line += (i > 0 ? "," : "") + std::to_string(termination.reasons(i));
  }
  return line + " message=" + in_quotes(termination.message());
}

}  // namespace

Resources Slave::Executor::own_resources() const {
  return subtract(launch.launch.executor_info().resources(), launch.task.resources());
}

Resources Slave::Executor::current_resources() const {
  return task_ended ? own_resources() : launch.launch.executor_info().resources();
}

Slave::Slave(Runtime& runtime, ExternalContainerizer& containerizer, ExecutorLink& link,
             const Checkpoint& checkpoint, Events& events, const Options& options,
             Environment environment)
    : runtime_(runtime),
      containerizer_(containerizer),
      link_(link),
      checkpoint_(checkpoint),
      events_(events),
      options_(options),
      release_(options.mesos),
      environment_(std::move(environment)),
      strand_(runtime.make_strand()) {
  link_.start(in(strand_, [this](const ConnectionPtr& connection, const Message& message) {
    received(connection, message);
  }));
}

Identity Slave::identity() const {
  return {checkpoint_.slave_id(),     "slave(1)@127.0.0.1:" + std::to_string(link_.port()),
          checkpoint_.framework_id(), options_.user,
          options_.checkpoint,        options_.launcher_dir};
}

// --- Names

void Slave::with(const std::string& name, const std::function<void(ExecutorPtr)>& action,
                 const Done& otherwise) {
  boost::asio::post(strand_, [=, this] {
    const auto found = executors_.find(name);
    if (found == executors_.end()) {
      events_.expectation_failed("no executor is called " + name);
      otherwise();
    } else {
      action(found->second);
    }
  });
}

Slave::ExecutorPtr Slave::find(const Message& message) const {
  for (const auto& [name, executor] : executors_) {
    const auto& info = executor->launch.launch.executor_info();
    if (info.executor_id().value() == text(message, "executor") &&
        info.framework_id().value() == text(message, "framework")) {
      return executor;
    }
  }
  return nullptr;
}

// --- Commands of scenarios

void Slave::launch(const std::string& name, const TaskLaunch& launch) {
  // Before the job: the next command must not see states of an earlier executor with this name.
  events_.begin(name);
  boost::asio::post(strand_, [=, this] { start(name, launch); });
}

void Slave::kill(const std::string& name, std::optional<double> grace) {
  with(name, [this, grace](const ExecutorPtr& executor) { kill_task(executor, grace); });
}

void Slave::shutdown(const std::string& name) {
  with(name, [this](const ExecutorPtr& executor) { shut_down(executor); });
}

void Slave::update(const std::string& name, const Resources& resources, const Done& done) {
  with(
      name,
      [this, resources, done](const ExecutorPtr& executor) {
        send_update(executor, resources, "command", [done](const Outcome&) { done(); });
      },
      done);
}

void Slave::usage(const std::string& name, const Done& done) {
  with(
      name,
      [this, done](const ExecutorPtr& executor) {
        containerizer_.usage(
            executor->container_id(),
            in(strand_, [this, executor, done](const Reply<mesos::ResourceStatistics>& reply) {
              events_.print("usage " + executor->name + " " +
                            (reply.message ? "{" + reply.message->ShortDebugString() + "}"
                                           : "failed " + reply.outcome.text()));
              done();
            }));
      },
      done);
}

void Slave::destroy(const std::string& name, const Done& done) {
  with(
      name, [this, done](const ExecutorPtr& executor) { run_destroy(executor, done); }, done);
}

void Slave::containers(const Done& done) {
  containerizer_.containers(in(strand_, [this, done](const Reply<Containers>& reply) {
    std::string line = "containers ";
    if (!reply.message) {
      line += "failed " + reply.outcome.text();
    } else {
      line += std::to_string(reply.message->containers_size());
      for (const auto& id : reply.message->containers()) line += " " + id.value();
    }
    events_.print(line);
    done();
  }));
}

void Slave::print_wait_pid(const std::string& name, const Done& done) {
  with(
      name,
      [this, done](const ExecutorPtr& executor) {
        containerizer_.wait_pid(executor->container_id(), [this, executor, done](pid_t pid) {
          events_.print("pid " + executor->name + " wait=" + std::to_string(pid));
          done();
        });
      },
      done);
}

void Slave::ping(const Done& done) {
  boost::asio::post(strand_, [this, done] {
    events_.print("pong");
    done();
  });
}

// --- Messages of executors

void Slave::received(const ConnectionPtr& connection, const Message& message) {
  const std::string type = text(message, "type");
  const ExecutorPtr executor = find(message);
  if (type == "status") {
    connection->send({{"type", "acknowledge"}, {"number", number(message, "number").value_or(0)}});
    if (executor != nullptr) reports(executor, message);
    return;
  }
  const bool expected = executor != nullptr && executor->state == State::registering &&
                        (type == "reregister" || !reregistering_);
  if (!expected) {
    connection->send({{"type", "shutdown"}});
  } else if (type == "register") {
    registers(executor, connection, message);
  } else if (type == "reregister") {
    reregisters(executor, connection, message);
  }
}

void Slave::registers(const ExecutorPtr& executor, const ConnectionPtr& connection,
                      const Message& message) {
  executor->state = State::running;
  executor->connection = connection;
  executor->address = text(message, "address");
  checkpoint_.registered(executor->launch.launch, executor->address);
  events_.print("registered " + executor->name);
  events_.reached(executor->name, "REGISTERED");
  connection->send({{"type", "registered"}});
  if (executor->task_ended) {
    shut_down(executor);
    return;
  }
  if (!release_.awaits_update_before_tasks()) deliver(executor);
  send_update(executor, executor->current_resources(), "registration",
              [this, executor](const Outcome& outcome) {
                if (!outcome.ok() && release_.destroys_when_any_update_fails()) {
                  update_failed(executor, outcome);
                } else if (release_.awaits_update_before_tasks()) {
                  deliver(executor);
                }
              });
}

void Slave::reregisters(const ExecutorPtr& executor, const ConnectionPtr& connection,
                        const Message& message) {
  executor->state = State::running;
  executor->connection = connection;
  executor->address = text(message, "address");
  checkpoint_.registered(executor->launch.launch, executor->address);
  events_.print("reregistered " + executor->name);
  events_.reached(executor->name, "REGISTERED");
  connection->send({{"type", "registered"}});
  executor->task_delivered = !text(message, "task").empty();
  if (!executor->task_delivered && !executor->task_ended) {
    executor->task_ended = true;
    // The executor keeps running without a task, until its framework ends.
    forward(executor, {"TASK_LOST", reason_slave_restarted, "Task unknown to the executor"},
            "SLAVE");
  }
  poll_usage(executor);
  send_update(executor, executor->current_resources(), "reregistration",
              [this, executor](const Outcome& outcome) {
                if (!outcome.ok() && release_.destroys_when_any_update_fails()) {
                  update_failed(executor, outcome);
                }
              });
}

void Slave::reports(const ExecutorPtr& executor, const Message& message) {
  const TaskOutcome outcome{text(message, "state"), std::nullopt, text(message, "message")};
  if (executor->task_ended || executor->state == State::terminated) return;
  if (!is_terminal(outcome.state)) {
    forward(executor, outcome, "EXECUTOR");
    return;
  }
  executor->task_ended = true;
  if (!release_.awaits_update_before_terminal_status()) forward(executor, outcome, "EXECUTOR");
  send_update(executor, executor->own_resources(), "terminal",
              [this, executor, outcome](const Outcome& updated) {
                if (!updated.ok() && release_.destroys_when_terminal_update_fails()) {
                  update_failed(executor, updated);
                }
                if (release_.awaits_update_before_terminal_status()) {
                  forward(executor, outcome, "EXECUTOR");
                }
              });
}

// --- Events of containers

void Slave::start(const std::string& name, TaskLaunch launch) {
  const auto known = executors_.find(name);
  if (known != executors_.end() && known->second->state != State::terminated) {
    events_.expectation_failed("a live executor is already called " + name);
    return;
  }
  if (launch.launch.container_id().value().empty()) {
    launch.launch.mutable_container_id()->set_value(make_uuid());
  }
  launch.launch.set_directory(checkpoint_.make_sandbox(launch.launch));
  const auto executor = std::make_shared<Executor>();
  executor->name = name;
  executor->launch = launch;
  executors_[name] = executor;
  checkpoint_.begin(name, launch);
  events_.print("launching " + name + " container_id=" + executor->container_id() +
                " sandbox=" + launch.launch.directory());
  containerizer_.launch(
      launch.launch, launch_environment(environment_, options_, release_, launch.launch),
      [this, launch](pid_t pid) { checkpoint_.forked(launch.launch, pid); },
      in(strand_, [this, executor](const Outcome& outcome) { launched(executor, outcome); }));
  if (release_.queues_wait_at_launch()) wait_for(executor);
  runtime_.after(options_.registration_timeout, strand_,
                 [this, executor] { registration_timed_out(executor); });
}

void Slave::launched(const ExecutorPtr& executor, const Outcome& outcome) {
  if (outcome.ok()) {
    events_.print("launched " + executor->name + " container_id=" + executor->container_id() +
                  " sandbox=" + executor->launch.launch.directory());
    events_.reached(executor->name, "LAUNCHED");
    poll_usage(executor);
  } else {
    events_.print("launch-failed " + executor->name + " " + outcome.text());
    executor->pending = {"TASK_FAILED", reason_launch_failed,
                         "Failed to launch container: " + outcome.words()};
  }
  if (!release_.queues_wait_at_launch()) wait_for(executor);
}

void Slave::registration_timed_out(const ExecutorPtr& executor) {
  if (executor->state != State::registering) return;
  events_.print("registration-timeout " + executor->name);
  executor->pending = {"TASK_FAILED", reason_registration_timeout,
                       "Executor did not register within " +
                           std::to_string(options_.registration_timeout.count()) + "secs"};
  run_destroy(executor, [] {});
}

void Slave::deliver(const ExecutorPtr& executor) {
  if (executor->task_ended || executor->state != State::running) return;
  executor->task_delivered = true;
  const mesos::TaskInfo& task = executor->launch.task;
  Message message{{"type", "launch-task"}, {"task", task.task_id().value()}};
  message["command"] = command_json(task.command());
  if (task.has_kill_policy()) {
    message["kill_grace"] =
        static_cast<double>(task.kill_policy().grace_period().nanoseconds()) / 1e9;
  }
  executor->connection->send(message);
}

void Slave::send_update(const ExecutorPtr& executor, const Resources& resources,
                        const std::string& cause, const OnOutcome& done) {
  mesos::containerizer::Update update;
  *update.mutable_resources() = resources;
  containerizer_.update(
      executor->container_id(), update,
      in(strand_, [this, executor, cause, done](const Outcome& outcome) {
        events_.print("update " + executor->name + " " + outcome.text() + " cause=" + cause);
        done(outcome);
      }));
}

void Slave::update_failed(const ExecutorPtr& executor, const Outcome& outcome) {
  if (executor->state == State::terminated) return;
  executor->pending = {"TASK_LOST", reason_update_failed,
                       "Failed to update resources for container: " + outcome.words()};
  run_destroy(executor, [] {});
}

void Slave::poll_usage(const ExecutorPtr& executor) {
  const auto interval = options_.monitoring_interval;
  if (!release_.polls_usage() || interval.count() == 0) return;
  runtime_.after(interval, strand_, [this, executor] {
    if (executor->state == State::terminated) return;
    containerizer_.usage(
        executor->container_id(),
        in(strand_, [this, executor](const Reply<mesos::ResourceStatistics>& reply) {
          if (!reply.message && executor->state != State::terminated) {
            std::cerr << "slave-player: polled usage of " << executor->name << ": "
                      << reply.outcome.text() << '\n';
          }
          poll_usage(executor);
        }));
  });
}

void Slave::kill_task(const ExecutorPtr& executor, std::optional<double> grace) {
  const bool undelivered = executor->state == State::registering ||
                           (executor->state == State::running && !executor->task_delivered);
  if (undelivered && !executor->task_ended) {
    executor->task_ended = true;
    forward(executor, {"TASK_KILLED", reason_executor_unregistered, "Killed before delivery"},
            "SLAVE");
    if (executor->state == State::running) {
      shut_down(executor);
    } else if (release_.destroys_task_killed_unregistered()) {
      run_destroy(executor, [] {});
    }
    return;
  }
  if (executor->connection == nullptr) return;
  Message message{{"type", "kill"}, {"task", executor->launch.task.task_id().value()}};
  if (grace && release_.executor_has_kill_policy()) message["grace"] = *grace;
  executor->connection->send(message);
}

void Slave::shut_down(const ExecutorPtr& executor) {
  if (executor->state == State::terminated) return;
  executor->state = State::terminating;
  const Message message{{"type", "shutdown"}};
  if (executor->connection != nullptr) {
    executor->connection->send(message);
  } else {
    link_.tell(executor->address, message);
  }
  const auto grace = shutdown_grace(options_, release_, executor->launch.launch.executor_info());
  runtime_.after(grace, strand_, [this, executor] {
    if (executor->state != State::terminated) run_destroy(executor, [] {});
  });
}

void Slave::run_destroy(const ExecutorPtr& executor, const Done& done) {
  if (executor->state != State::terminated) executor->state = State::terminating;
  containerizer_.destroy(executor->container_id(),
                         in(strand_, [this, executor, done](const Outcome& outcome) {
                           events_.print("destroyed " + executor->name + " " + outcome.text());
                           done();
                         }));
}

void Slave::wait_for(const ExecutorPtr& executor) {
  containerizer_.wait(executor->container_id(),
                      in(strand_, [this, executor](const Reply<Termination>& reply) {
                        terminated(executor, reply);
                      }));
}

void Slave::terminated(const ExecutorPtr& executor, const Reply<Termination>& reply) {
  if (reply.message) {
    events_.print("termination " + executor->name + " " + describe(*reply.message));
  } else {
    events_.print("wait-failed " + executor->name + " " + reply.outcome.text());
  }
  executor->state = State::terminated;
  if (!executor->task_ended) {
    executor->task_ended = true;
    forward(executor,
            outcome_of(reply.message, executor->pending, executor->for_command_task(), release_),
            "SLAVE");
  }
  checkpoint_.completed(executor->launch.launch);
  events_.reached(executor->name, "TERMINATED");
  if (options_.cleanup) clean_up();
}

void Slave::forward(const ExecutorPtr& executor, const TaskOutcome& outcome,
                    const std::string& source) {
  checkpoint_.reached(executor->launch, outcome.state);
  events_.print("status " + executor->name + " " + outcome.state + " source=" + source +
                " reason=" + reason_name(outcome.reason, release_) +
                " message=" + in_quotes(outcome.message));
  events_.reached(executor->name, outcome.state.substr(outcome.state.find('_') + 1));
}

}  // namespace containerizer::player

// The slave itself: executors and their tasks, as far as a containerizer is concerned.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tests/slave/checkpoint.h"
#include "tests/slave/events.h"
#include "tests/slave/executor_link.h"
#include "tests/slave/external_containerizer.h"
#include "tests/slave/options.h"
#include "tests/slave/task_outcome.h"

namespace containerizer::player {

// An actor: any thread may call the methods, which return at once. Results are printed as events. A
// name means one executor with one task. `done` functions run on a worker after the result was
// printed. An unknown name is a failed expectation.
class Slave {
 public:
  using Done = std::function<void()>;

  Slave(Runtime& runtime, ExternalContainerizer& containerizer, ExecutorLink& link,
        const Checkpoint& checkpoint, Events& events, const Options& options,
        Environment environment);

  // Recovers, before it accepts tasks. `ready` gets the message of a failure, or "". With
  // --recover=cleanup, it is called when all containers are gone.
  void recover(const std::function<void(std::string failure)>& ready);

  void launch(const std::string& name, const TaskLaunch& launch);
  // `grace` in seconds, if the release has kill policies.
  void kill(const std::string& name, std::optional<double> grace);
  void shutdown(const std::string& name);
  void update(const std::string& name, const Resources& resources, const Done& done);
  void usage(const std::string& name, const Done& done);
  void destroy(const std::string& name, const Done& done);
  void containers(const Done& done);
  void print_wait_pid(const std::string& name, const Done& done);
  // Prints `pong`. Like everything, it needs a free worker.
  void ping(const Done& done);

  Identity identity() const;

 private:
  enum class State { registering, running, terminating, terminated };

  struct Executor {
    std::string name;
    TaskLaunch launch;
    State state = State::registering;
    bool task_delivered = false;
    bool task_ended = false;
    std::string address;       // Its listener, once known.
    ConnectionPtr connection;  // nullptr until it has registered with this slave process.
    std::optional<TaskOutcome> pending;

    const std::string& container_id() const { return launch.launch.container_id().value(); }
    bool for_command_task() const { return launch.launch.has_task_info(); }
    // The resources that remain when the task has ended.
    Resources own_resources() const;
    Resources current_resources() const;
  };
  using ExecutorPtr = std::shared_ptr<Executor>;
  using OnOutcome = std::function<void(Outcome)>;

  // --- Names ---
  void with(
      const std::string& name, const std::function<void(ExecutorPtr)>& action,
      const Done& otherwise = [] {});
  ExecutorPtr find(const Message& message) const;

  // --- Recovery (slave_recovery.cpp) ---
  void recovered(std::vector<CheckpointedRun> runs, const std::function<void(std::string)>& ready);
  void clean_up();
  void reconnect();
  void reregistration_ends();

  // --- Messages of executors ---
  void received(const ConnectionPtr& connection, const Message& message);
  void registers(const ExecutorPtr& executor, const ConnectionPtr& connection,
                 const Message& message);
  void reregisters(const ExecutorPtr& executor, const ConnectionPtr& connection,
                   const Message& message);
  void reports(const ExecutorPtr& executor, const Message& message);

  // --- Events of containers ---
  void start(const std::string& name, TaskLaunch launch);
  void launched(const ExecutorPtr& executor, const Outcome& outcome);
  void registration_timed_out(const ExecutorPtr& executor);
  void deliver(const ExecutorPtr& executor);
  void send_update(const ExecutorPtr& executor, const Resources& resources,
                   const std::string& cause, const OnOutcome& done);
  void update_failed(const ExecutorPtr& executor, const Outcome& outcome);
  void poll_usage(const ExecutorPtr& executor);
  void kill_task(const ExecutorPtr& executor, std::optional<double> grace);
  void shut_down(const ExecutorPtr& executor);
  void run_destroy(const ExecutorPtr& executor, const Done& done);
  void wait_for(const ExecutorPtr& executor);
  void terminated(const ExecutorPtr& executor, const Reply<Termination>& reply);
  void forward(const ExecutorPtr& executor, const TaskOutcome& outcome, const std::string& source);

  Runtime& runtime_;
  ExternalContainerizer& containerizer_;
  ExecutorLink& link_;
  const Checkpoint& checkpoint_;
  Events& events_;
  const Options options_;
  const Release release_;
  const Environment environment_;
  const Strand strand_;

  // --- Used only in the strand ---
  std::map<std::string, ExecutorPtr> executors_;
  bool reregistering_ = true;
  std::function<void(std::string)> ready_;
};

}  // namespace containerizer::player

// The slave's recovery, before it accepts tasks.
#include <algorithm>
#include <utility>

#include "tests/slave/slave.h"

namespace containerizer::player {

namespace {
constexpr std::chrono::seconds reregistration_timeout{2};
}

void Slave::recover(const std::function<void(std::string)>& ready) {
  boost::asio::post(strand_, [this, ready] {
    std::vector<CheckpointedRun> runs = checkpoint_.latest_runs();
    std::erase_if(runs, [](const CheckpointedRun& run) { return run.completed; });
    std::vector<KnownContainer> known;
    for (const CheckpointedRun& run : runs) {
      const auto& launch = run.launch.launch;
      known.push_back({launch.container_id().value(), {launch.directory(), launch.user()}});
    }
    containerizer_.recover(
        known, in(strand_, [this, runs, ready](const std::string& failure, std::size_t active) {
          if (!failure.empty()) {
            events_.print("recovery-failed " + failure);
            ready(failure);
            return;
          }
          events_.print("recovered " + std::to_string(active));
          recovered(runs, ready);
        }));
  });
}

void Slave::recovered(std::vector<CheckpointedRun> runs,
                      const std::function<void(std::string)>& ready) {
  ready_ = ready;
  for (CheckpointedRun& run : runs) {
    const auto executor = std::make_shared<Executor>();
    executor->name = run.name;
    executor->launch = std::move(run.launch);
    executor->address = run.executor_address;
    executors_[run.name] = executor;
    events_.begin(run.name);
    for (const std::string& state : run.states) {
      const std::string word = state.substr(state.find('_') + 1);
      executor->task_ended = executor->task_ended || word != "RUNNING";
      events_.reached(run.name, word);
    }
    wait_for(executor);
  }
  if (options_.cleanup) {
    for (const auto& [name, executor] : executors_) {
      if (executor->address.empty()) {
        run_destroy(executor, [] {});
      } else {
        shut_down(executor);
      }
    }
    clean_up();
  } else {
    reconnect();
  }
}

void Slave::clean_up() {
  const bool all_gone = std::all_of(executors_.begin(), executors_.end(), [](const auto& one) {
    return one.second->state == State::terminated;
  });
  if (all_gone && ready_) std::exchange(ready_, nullptr)("");
}

void Slave::reconnect() {
  for (const auto& [name, executor] : executors_) {
    link_.tell(executor->address, {{"type", "reconnect"},
                                   {"slave_id", checkpoint_.slave_id()},
                                   {"slave_pid", identity().slave_pid}});
  }
  if (executors_.empty()) {
    reregistration_ends();
  } else {
    runtime_.after(reregistration_timeout, strand_, [this] { reregistration_ends(); });
  }
}

void Slave::reregistration_ends() {
  reregistering_ = false;
  for (const auto& [name, executor] : executors_) {
    if (executor->state != State::registering) continue;
    events_.print("reregistration-timeout " + name);
    executor->pending = {"TASK_LOST", reason_reregistration_timeout,
                         "Executor did not re-register within 2secs"};
    run_destroy(executor, [] {});
  }
  std::exchange(ready_, nullptr)("");
}

}  // namespace containerizer::player

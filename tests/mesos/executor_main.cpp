// A framework's own executor, which runs several tasks at once. The data of a task is a script for
// `sh -c`. A task whose script exits with 0 is finished, any other has failed.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>

#include "framework_messages.pb.h"
#include "tests/mesos/endpoint.h"

namespace containerizer::real_mesos {
namespace {

using namespace mesos::internal;

constexpr int executor_source = 2;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    std::cerr << "test-executor: " << name << " is not in the environment" << std::endl;
    std::exit(EXIT_FAILURE);
  }
  return value;
}

std::string new_uuid() {
  std::ifstream random("/dev/urandom", std::ios::binary);
  std::string bytes(16, '\0');
  random.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  // Version 4, as 1.0 requires it.
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  return bytes;
}

class Executor {
 public:
  Executor()
      : children_(loop_, SIGCHLD),
        endpoint_(loop_, "executor(1)",
                  {[this](const auto& from, const auto& name, const auto& body) {
                     received(from, name, body);
                   },
                   [this](const auto& to) { lost(to); }}) {
    framework_id_.set_value(variable("MESOS_FRAMEWORK_ID"));
    executor_id_.set_value(variable("MESOS_EXECUTOR_ID"));
    slave_id_.set_value(variable("MESOS_SLAVE_ID"));
    await_children();
  }

  void run() {
    RegisterExecutorMessage message;
    *message.mutable_framework_id() = framework_id_;
    *message.mutable_executor_id() = executor_id_;
    endpoint_.send(slave_, message);
    loop_.run();
  }

 private:
  void received(const std::string& from, const std::string& name, const std::string& body) {
    const auto is = [&](const char* message) {
      return name == std::string("mesos.internal.") + message;
    };
    if (is("RunTaskMessage")) {
      RunTaskMessage message;
      message.ParseFromString(body);
      run_task(message.task());
    } else if (is("KillTaskMessage")) {
      KillTaskMessage message;
      message.ParseFromString(body);
      kill_task(message.task_id().value());
    } else if (is("StatusUpdateAcknowledgementMessage")) {
      StatusUpdateAcknowledgementMessage message;
      message.ParseFromString(body);
      unacknowledged_.erase(message.uuid());
    } else if (is("ReconnectExecutorMessage")) {
      slave_ = from;
      reconnect();
    } else if (is("ShutdownExecutorMessage")) {
      shut_down("the slave says so");
    }
  }

  void run_task(const mesos::TaskInfo& task) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl("/bin/sh", "sh", "-c", task.data().c_str(), nullptr);
      ::_exit(127);
    }
    tasks_[child] = {task, false};
    report(task.task_id(), mesos::TASK_RUNNING, "");
  }

  void kill_task(const std::string& id) {
    for (auto& [child, running] : tasks_) {
      if (running.task.task_id().value() != id) continue;
      running.killed = true;
      ::kill(child, SIGTERM);
    }
  }

  void await_children() {
    children_.async_wait([this](auto error, int) {
      if (error) return;
      int status = 0;
      for (pid_t child = ::waitpid(-1, &status, WNOHANG); child > 0;
           child = ::waitpid(-1, &status, WNOHANG)) {
        ended(child, status);
      }
      await_children();
    });
  }

  void ended(pid_t child, int status) {
    const auto found = tasks_.find(child);
    if (found == tasks_.end()) return;
    const auto state = status == 0            ? mesos::TASK_FINISHED
                       : found->second.killed ? mesos::TASK_KILLED
                                              : mesos::TASK_FAILED;
    report(found->second.task.task_id(), state, "wait status " + std::to_string(status));
    tasks_.erase(found);
  }

  void report(const mesos::TaskID& task, int state, const std::string& text) {
    const auto uuid = new_uuid();
    StatusUpdate update;
    *update.mutable_framework_id() = framework_id_;
    *update.mutable_executor_id() = executor_id_;
    *update.mutable_slave_id() = slave_id_;
    update.set_timestamp(static_cast<double>(::time(nullptr)));
    update.set_uuid(uuid);
    auto& status = *update.mutable_status();
    *status.mutable_task_id() = task;
    *status.mutable_slave_id() = slave_id_;
    status.set_state(state);
    status.set_message(text);
    status.set_source(executor_source);
    status.set_uuid(uuid);
    unacknowledged_[uuid] = update;
    StatusUpdateMessage message;
    *message.mutable_update() = update;
    message.set_pid(endpoint_.address());
    endpoint_.send(slave_, message);
  }

  void reconnect() {
    std::cout << "re-registering" << std::endl;
    timeout_.reset();
    ReregisterExecutorMessage message;
    *message.mutable_framework_id() = framework_id_;
    *message.mutable_executor_id() = executor_id_;
    for (const auto& [child, running] : tasks_) *message.add_tasks() = running.task;
    for (const auto& [uuid, update] : unacknowledged_) *message.add_updates() = update;
    endpoint_.send(slave_, message);
  }

  void lost(const std::string& to) {
    if (to != slave_) return;
    const char* checkpoints = std::getenv("MESOS_CHECKPOINT");
    if (checkpoints == nullptr || std::string(checkpoints) != "1") shut_down("the slave is gone");
    std::cout << "the slave is gone; waiting for it" << std::endl;
    timeout_.emplace(loop_, std::chrono::minutes(15));
    timeout_->async_wait([this](auto error) {
      if (!error) shut_down("the slave did not come back");
    });
  }

  [[noreturn]] void shut_down(const std::string& why) {
    std::cout << "shutting down: " << why << std::endl;
    for (const auto& [child, running] : tasks_) ::kill(child, SIGKILL);
    std::exit(EXIT_SUCCESS);
  }

  struct Running {
    mesos::TaskInfo task;
    bool killed = false;
  };

  boost::asio::io_context loop_;
  boost::asio::signal_set children_;
  Endpoint endpoint_;
  std::optional<boost::asio::steady_timer> timeout_;
  std::string slave_ = variable("MESOS_SLAVE_PID");
  mesos::FrameworkID framework_id_;
  mesos::ExecutorID executor_id_;
  mesos::SlaveID slave_id_;
  std::map<pid_t, Running> tasks_;
  std::map<std::string, StatusUpdate> unacknowledged_;
};

}  // namespace
}  // namespace containerizer::real_mesos

int main() {
  containerizer::real_mesos::Executor().run();
  return EXIT_SUCCESS;
}

#include "bench/slave.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "engine/container/identity.h"
#include "host/format.h"
#include "proto/frame.h"

namespace containerizer::bench {
namespace {

namespace fs = std::filesystem;

// A recorded launch of a custom executor.
constexpr const char* recorded = SOURCE_DIR "/tests/fixtures/mesos-0.19.1/launch-5";
constexpr const char* pipe_name = "running";

Variables recorded_environment() {
  std::ifstream file(std::string(recorded) + ".env");
  if (!file) throw std::runtime_error(formatted("cannot read {}.env", recorded));
  Variables variables;
  for (std::string line; std::getline(file, line);) {
    const auto equals = line.find('=');
    variables[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return variables;
}

mesos::containerizer::Launch recorded_launch() {
  const Fd file(::open((std::string(recorded) + ".frame").c_str(), O_RDONLY | O_CLOEXEC));
  mesos::containerizer::Launch launch;
  const auto frame = read_frame(file.get());
  if (frame.fault != FrameFault::none || !launch.ParseFromString(frame.bytes)) {
    throw std::runtime_error(formatted("cannot read {}.frame", recorded));
  }
  return launch;
}

std::string make_uuid() {
  auto text = make_nonce();
  for (const std::size_t place : {20U, 16U, 12U, 8U}) text.insert(place, "-");
  return text;
}

}  // namespace

std::vector<Clock::time_point> await_running(const std::vector<const Task*>& tasks) {
  constexpr int minute = 60'000;
  std::vector<pollfd> waiting;
  for (const auto* task : tasks) waiting.push_back({task->signal.get(), POLLIN, 0});
  std::vector<Clock::time_point> times(tasks.size());
  for (std::size_t left = tasks.size(); left > 0;) {
    if (::poll(waiting.data(), waiting.size(), minute) <= 0) {
      throw std::runtime_error("a container did not start in time; see stderr in its sandbox");
    }
    const auto now = Clock::now();
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].fd < 0 || waiting[i].revents == 0) continue;
      times[i] = now;
      waiting[i].fd = -1;
      --left;
    }
  }
  return times;
}

Clock::time_point await_running(const Task& task) {
  return await_running(std::vector<const Task*>{&task})[0];
}

Slave::Slave(const std::string& name, const Variables& settings)
    : work_directory_(scratch() + "/" + name), environment_(basic_environment()) {
  fs::create_directories(work_directory_);
  // The tasks ignore SIGTERM, and the grace period is not measured.
  environment_["CONTAINERIZER_STOP_TIMEOUT"] = "1ms";
  for (const auto& [variable, value] : settings) environment_[variable] = value;
  environment_["MESOS_WORK_DIRECTORY"] = work_directory_;
}

store::DatabaseSettings Slave::database() const {
  store::DatabaseSettings settings;
  settings.path = work_directory_ + "/docker-containerizer/state.db";
  return settings;
}

Task Slave::new_task(const std::string& rest) const {
  Task task;
  task.id = make_uuid();
  task.launch = recorded_launch();
  auto& launch = task.launch;
  task.sandbox = formatted("{}/slaves/{}/frameworks/{}/executors/{}/runs/{}", work_directory_,
                           launch.slave_id().value(), launch.executor_info().framework_id().value(),
                           launch.executor_info().executor_id().value(), task.id);
  fs::create_directories(task.sandbox);
  launch.mutable_container_id()->set_value(task.id);
  launch.set_directory(task.sandbox);
  auto& command = *launch.mutable_executor_info()->mutable_command();
  command.clear_uris();
  command.mutable_container()->set_image("docker:///busybox:test");
  command.mutable_container()->clear_options();
  command.set_value(formatted("echo > $MESOS_SANDBOX/{}; {}", pipe_name, rest));

  task.environment = recorded_environment();
  for (const auto& [name, value] : environment_) task.environment[name] = value;
  task.environment["MESOS_DIRECTORY"] = task.sandbox;

  const auto pipe = task.sandbox + "/" + pipe_name;
  if (::mkfifo(pipe.c_str(), 0666) != 0) throw std::runtime_error("cannot create " + pipe);
  task.signal = Fd(::open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  return task;
}

Command Slave::command(const std::string& verb, const std::string& message,
                       const Variables& environment) const {
  Command call;
  call.words = {"/bin/sh", "-c", scratch() + "/bin/docker-containerizer " + verb};
  call.environment = environment;
  call.errors = work_directory_ + "/errors";
  if (!message.empty()) call.input = to_frame(message);
  return call;
}

Command Slave::launch(const Task& task) const {
  auto call = command("launch", task.launch.SerializeAsString(), task.environment);
  call.directory = task.sandbox;
  call.errors = task.sandbox + "/stderr";
  return call;
}

Command Slave::verb(const std::string& verb, const Task& task) const {
  mesos::containerizer::Wait message;  // All messages have the container's ID in the same field.
  message.mutable_container_id()->set_value(task.id);
  return command(verb, message.SerializeAsString(), environment_);
}

Command Slave::verb(const std::string& verb) const { return command(verb, "", environment_); }

void Slave::destroy(const Task& task) const { run(verb("destroy", task)); }

Variables basic_environment() {
  Variables variables;
  for (const char* name : {"PATH", "DOCKER_HOST", "CONTAINERIZER_DOCKER_ARGS", "DAEMON_RUN"}) {
    const char* value = std::getenv(name);
    if (value == nullptr) throw std::runtime_error(formatted("{} is not set: use bench/run", name));
    variables[name] = value;
  }
  return variables;
}

std::string scratch() {
  const char* directory = std::getenv("BENCH_SCRATCH");
  if (directory == nullptr) throw std::runtime_error("BENCH_SCRATCH is not set: use bench/run");
  return directory;
}

}  // namespace containerizer::bench

#include "tests/simulation/installation.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "engine/config/state_directory.h"

namespace containerizer::simulation {

Installation::Installation(Universe& universe) : universe_(universe) {
  // Like the program itself.
  std::signal(SIGPIPE, SIG_IGN);
  settings_.work_directory = directory_.path();
  settings_.tasks.default_image = "busybox";
  REQUIRE(prepare_state_directory(settings_.state_directory()).ok());
  database_.path = settings_.state_directory() + "/state.db";
  environment_ = recorded("mesos-1.0.4/launch-1").environment;
  environment_["MESOS_DEFAULT_CONTAINER_IMAGE"] = "busybox";
  universe_.run_program = [this](const std::vector<std::string>& arguments, int output) {
    Nobody nobody;
    int status = 0;
    call(supervise, "", {arguments.begin() + 2, arguments.end()}, nobody, output, status);
  };
}

mesos::containerizer::Launch Installation::new_launch(const std::string& container_id,
                                                      bool is_command) const {
  static const auto sent = recorded("mesos-1.0.4/launch-1");
  auto launch = sent.launch;
  launch.mutable_container_id()->set_value(container_id);
  if (!is_command) {
    launch.clear_task_info();
    launch.mutable_executor_info()->mutable_command()->set_value("its own executor");
  }
  launch.set_directory(directory_ / ("sandbox-" + container_id));
  std::filesystem::create_directory(launch.directory());
  return launch;
}

pid_t Installation::run(int (*verb)(Invocation&), const std::string& name, std::string request,
                        const std::shared_ptr<ReplyPipe>& caller,
                        std::function<void(std::optional<int> status)> ended) {
  const auto status = std::make_shared<int>(0);
  return universe_.spawn(
      name,
      [this, verb, request = std::move(request), caller, status] {
        universe_.step();
        call(verb, request, {}, *caller, -1, *status);
      },
      [ended = std::move(ended), status](bool killed) {
        if (ended) ended(killed ? std::nullopt : std::optional(*status));
      });
}

void Installation::call(int (*verb)(Invocation&), std::string request,
                        std::vector<std::string> arguments, ReplyPipe& caller, int output,
                        int& status) {
  const auto store = universe_.store(database_);
  const auto docker = universe_.docker();
  const auto host = universe_.host();
  Invocation call{{*store, *docker, *host, settings_, "/program", environment_},
                  caller,
                  std::move(request),
                  std::move(arguments),
                  output};
  try {
    status = verb(call);
  } catch (const std::exception& error) {
    status = fail(error.what());
  }
}

}  // namespace containerizer::simulation

// A cluster with one slave and one framework.
#pragma once

#include <catch2/catch.hpp>

#include "tests/integration/direct_launch.h"
#include "tests/mesos/cluster.h"

namespace containerizer::real_mesos {

struct Stage {
  Cluster cluster;
  Framework framework;

  // `slave_flags` are those of every slave. `settings` of the program are in its environment.
  explicit Stage(const Framework::Options& options = {}, const Flags& slave_flags = {},
                 const integration::Variables& settings = {})
      : framework(cluster.master(), options) {
    for (const auto& [name, value] : settings) place().set(name, value);
    cluster.set_slave_flags(slave_flags);
    cluster.start_slave();
  }

  integration::WorkDirectory& place() { return cluster.place(); }
  std::string output_of(const std::string& executor) {
    return integration::read_file(cluster.sandbox_of(executor) / "stdout");
  }
  void await_output(const std::string& executor, const std::string& text) {
    integration::eventually(executor + " prints " + text,
                            [&] { return output_of(executor).find(text) != std::string::npos; });
  }
  // Runs a task to its end.
  Status run(const mesos::TaskInfo& task) {
    framework.launch(task);
    return framework.end_of(task.name());
  }
  // Launches a task, waits until it runs, and returns the ID of its container.
  std::string start(const mesos::TaskInfo& task) {
    framework.launch(task);
    framework.await(task.name(), "TASK_RUNNING");
    const auto container = cluster.container_of(
        task.has_executor() ? task.executor().executor_id().value() : task.name());
    integration::eventually(container + " has started", [&] {
      return place().events_of(container).find("Started") != std::string::npos;
    });
    return container;
  }
  // Launches a command task that prints "ready", and waits until a signal of mesos-executor reaches
  // it: before that, mesos-executor's own helper would die of the signal.
  void start_ready(const mesos::TaskInfo& task) {
    const auto container = start(task);
    await_output(task.name(), "ready");
    integration::eventually("the task proxy passes signals on",
                            [&] { return place().has_task_proxy(container); });
  }
  // Starts a command task that exits with 7 when let_go() says so.
  std::string start_waiting(const std::string& name) {
    return start(cluster.task(name, integration::until_go));
  }
  void let_go(const std::string& name) {
    integration::write_file(cluster.sandbox_of(name) / "go", "");
  }
  // Lets that task end, and checks what the framework receives.
  void end_waiting(const std::string& name) {
    let_go(name);
    CHECK_THAT(framework.end_of(name).message, Catch::Contains("exited with status 7"));
  }
  // The program has removed the task's container.
  void check_gone(const std::string& executor) {
    cluster.await_gone(cluster.container_of(executor));
  }
};

}  // namespace containerizer::real_mesos

// A launch without a slave: the smallest message for a custom executor that a slave could send. No
// `wait` runs for such a container, so its supervisor stays dead once it is killed.
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "containerizer.pb.h"
#include "proto/frame.h"
#include "tests/integration/work_directory.h"

namespace containerizer::integration {

inline mesos::containerizer::Launch custom_launch(const WorkDirectory& place,
                                                  const std::string& container_id,
                                                  const std::string& script) {
  mesos::containerizer::Launch launch;
  launch.mutable_container_id()->set_value(container_id);
  launch.set_directory(place.path() / "sandbox");
  launch.mutable_slave_id()->set_value("S0");
  launch.set_slave_pid("slave(1)@127.0.0.1:5051");
  launch.set_user("root");
  auto& executor = *launch.mutable_executor_info();
  executor.mutable_executor_id()->set_value("executor");
  executor.mutable_framework_id()->set_value("framework");
  executor.mutable_command()->set_value(script);
  executor.mutable_command()->mutable_container()->set_image("busybox:test");
  fs::create_directories(launch.directory());
  return launch;
}

inline mesos::CommandInfo& command_of(mesos::containerizer::Launch& launch) {
  return *launch.mutable_executor_info()->mutable_command();
}

// Gives the launch its image in a ContainerInfo, as Mesos has had it since 0.20.
inline mesos::ContainerInfo& with_container(mesos::containerizer::Launch& launch) {
  command_of(launch).clear_container();
  auto& container = *launch.mutable_executor_info()->mutable_container();
  container.set_type(mesos::ContainerInfo::DOCKER);
  container.mutable_docker()->set_image("busybox:test");
  return container;
}

inline mesos::containerizer::Update update_of(const std::string& container_id, double megabytes) {
  mesos::containerizer::Update update;
  update.mutable_container_id()->set_value(container_id);
  auto& memory = *update.add_resources();
  memory.set_name("mem");
  memory.set_type(mesos::Value::SCALAR);
  memory.mutable_scalar()->set_value(megabytes);
  return update;
}

template <class Message>
std::string frame_of(const Message& message) {
  return to_frame(message.SerializeAsString());
}

// Exits with 7 as soon as its sandbox contains a file "go", which it removes.
inline const char* const until_go =
    "trap exit TERM; until rm $MESOS_SANDBOX/go 2> /dev/null; do sleep 0.05; done; exit 7";
// Ends only by SIGKILL.
inline const char* const stubborn = "trap '' TERM; while :; do sleep 0.05; done";

// Runs `launch`, which must succeed.
inline void launch_directly(const WorkDirectory& place,
                            const mesos::containerizer::Launch& message) {
  const auto ran = place.call("launch", frame_of(message));
  INFO(ran.err);
  REQUIRE(ran.status == 0);
}

// Starts a container in its own sandbox, waits until it has started, and returns the sandbox. A
// short script may have ended by then.
inline fs::path start_directly(const WorkDirectory& place, const std::string& container_id,
                               const std::string& script) {
  auto launch = custom_launch(place, container_id, script);
  const fs::path sandbox = place.path() / ("sandbox-" + container_id);
  fs::create_directories(sandbox);
  launch.set_directory(sandbox);
  launch_directly(place, launch);
  eventually(container_id + " has started", [&] {
    return place.sql("SELECT 'yes' FROM history WHERE to_state = 'Running' AND container_id = '" +
                     container_id + "'") == "yes";
  });
  return sandbox;
}

// Runs `wait`, which must succeed, and returns its message.
inline mesos::containerizer::Termination end_of(const WorkDirectory& place,
                                                const std::string& container_id) {
  const auto ran = place.call_for("wait", container_id);
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  return message_in<mesos::containerizer::Termination>(ran.out);
}

}  // namespace containerizer::integration

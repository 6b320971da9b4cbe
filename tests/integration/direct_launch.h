// A launch without a slave: the message of a custom executor, as small as slaves make them.
#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "containerizer.pb.h"
#include "proto/record_io.h"
#include "tests/integration/work_directory.h"

namespace containerizer::integration {

inline mesos::containerizer::Launch custom_launch(const WorkDirectory& place,
                                                  const std::string& container_id,
                                                  const std::string& script) {
  mesos::containerizer::Launch launch;
  launch.mutable_container_id()->set_value(container_id);
  launch.set_directory(place.scratch() / "sandbox");
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

inline std::string frame_of(const mesos::containerizer::Launch& launch) {
  return to_frame(launch.SerializeAsString());
}

// Launches it, which must succeed.
inline void launch_directly(const WorkDirectory& place,
                            const mesos::containerizer::Launch& message) {
  const auto ran = place.call("launch", frame_of(message));
  INFO(ran.err);
  REQUIRE(ran.status == 0);
}

// Waits for its end, and returns what the slave would be told of it.
inline mesos::containerizer::Termination end_of(const WorkDirectory& place,
                                                const std::string& container_id) {
  const auto ran = place.call_for("wait", container_id);
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  return message_in<mesos::containerizer::Termination>(ran.out);
}

}  // namespace containerizer::integration

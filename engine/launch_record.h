// A launch as it is recorded, so that whoever resumes it needs nothing of the process it came to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "engine/host/result.h"
#include "engine/launch_plan.h"
#include "store/store.h"

namespace containerizer {

// NAME=value, each ended by a zero byte, as in /proc/PID/environ.
std::string pack_environment(const EnvironmentMap& environment);
EnvironmentMap unpack_environment(const std::string& packed);

// The row of a launch that has just arrived, in its first state.
// refused: the request lacks what every slave sends, or the container id is none.
Result<store::Container> new_container(const mesos::containerizer::Launch& launch);

// The limits that a launch asks for.
store::Limits initial_limits(const mesos::containerizer::Launch& launch);

// Where mesos-executor and mesos-fetcher lie: MESOS_LIBEXEC_DIRECTORY of the launch.
std::string launcher_directory(const EnvironmentMap& environment);

// A waitpid status for people: "exit code 1", "signal 6", "unknown".
std::string describe_wait_status(std::optional<int> status);

// Makes directories that a plan wants within the sandbox, owned by its owner. Nothing outside the
// sandbox is touched, whatever links it holds. refused: one cannot be made.
Status make_directories(const std::vector<std::string>& directories, const std::string& sandbox);

}  // namespace containerizer

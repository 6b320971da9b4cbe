// What a launch asks for, translated once into data: the body of the create request and the few
// facts that the steps around it need. Pure: nothing is read but the arguments.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "engine/host/clock.h"
#include "engine/host/result.h"

namespace containerizer {

using EnvironmentMap = std::map<std::string, std::string>;

// Sums over a list of Mesos resources, whose names may repeat (roles, reservations).
struct Resources {
  std::optional<double> cpus;
  std::optional<std::uint64_t> memory;  // bytes
  std::optional<std::uint64_t> disk;    // bytes
  std::vector<std::pair<std::uint32_t, std::uint32_t>>
      ports;  // inclusive ranges, ascending, merged
};
Resources sum_resources(const google::protobuf::RepeatedPtrField<mesos::Resource>& resources);

// A task's `cpus` and `memory` as Docker takes them, with the minimums of Mesos' own containerizer
// (mesos-protocol: 1024 shares a cpu, at least 2; at least 32 MB).
std::int64_t cpu_shares(double cpus);
std::int64_t memory_limit(std::uint64_t bytes);

// Whether the container is for a command task (mesos-executor stays on the host) or holds a
// framework's own executor.
enum class TaskKind { command, custom };

// Settings of the operator that shape a plan.
struct PlanSettings {
  std::string default_image;  // "" for none; the slave's --default_container_image comes first
  std::string sandbox_in_container;  // absolute, where the sandbox is mounted
};

struct LaunchPlan {
  TaskKind kind = TaskKind::command;
  std::string image;  // a reference as the Engine API takes it, tag or digest included
  bool force_pull = false;
  std::vector<mesos::CommandInfo::URI> uris;
  // The task's own kill grace (TaskInfo.kill_policy, Mesos 1.0), if it names one.
  std::optional<Duration> kill_grace;
  Resources resources;
  // Body of POST /containers/create, complete but for the labels of identity.
  boost::json::object create;
};

// The task's kind: command exactly when task_info is there.
TaskKind kind_of(const mesos::containerizer::Launch& launch);

// `environment` is what the slave gave the launch process. refused: the request cannot be honoured;
// the text says which part and why, without any environment value in it.
Result<LaunchPlan> make_launch_plan(const mesos::containerizer::Launch& launch,
                                    const EnvironmentMap& environment,
                                    const PlanSettings& settings);

}  // namespace containerizer

// The operator's settings that affect the containers of tasks (docs/configuration.md explains
// each).
#pragma once

#include <string>

#include "engine/translation/policy.h"

namespace containerizer {

// The swap of a task with a memory limit. `docker` is Docker's default: as much swap as memory.
enum class SwapPolicy { docker, unlimited, none };

// How to run a task that names no image: with a default image, on the host, or not at all.
enum class Imageless { with_default, on_host, refused };

struct TaskSettings {
  std::string default_image;  // "" for none; the slave's --default_container_image overrides it
  Imageless imageless = Imageless::with_default;
  std::string sandbox = "/mnt/mesos/sandbox";  // its absolute path in containers
  bool cpu_quota = false;  // whether to cap a task at its cpus, even if other CPUs are idle
  SwapPolicy swap = SwapPolicy::docker;
  Policy policy = {};
};

}  // namespace containerizer

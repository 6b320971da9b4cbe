// What shapes the containers of tasks, as the operator configures it (README.md has the table).
#pragma once

#include <string>

#include "engine/translation/policy.h"

namespace containerizer {

// How much swap a task may have that has a limit of memory: as much as memory, as docker does it;
// as much as there is; none.
enum class SwapPolicy { docker, unlimited, none };

// What becomes of a task that names no image: a default image, the host itself, or nothing.
enum class Imageless { with_default, on_host, refused };

struct TaskSettings {
  std::string default_image;  // "" for none; the slave's --default_container_image comes first
  Imageless imageless = Imageless::with_default;
  std::string sandbox = "/mnt/mesos/sandbox";  // absolute, where containers see it
  bool cpu_quota = false;  // a task gets no more than its cpus, though others be idle
  SwapPolicy swap = SwapPolicy::docker;
  Policy policy = {};
};

}  // namespace containerizer

// The operator's settings for the containers of tasks. docs/configuration.md has the table.
#pragma once

#include <string>

#include "engine/translation/policy.h"

namespace containerizer {

// How much swap a task with a memory limit may use. docker: Docker's default, as much as memory.
// unlimited: all that the host has.
enum class SwapPolicy { docker, unlimited, none };

// How a task that names no image is run: in the default image, on the host, or not at all.
enum class Imageless { with_default, on_host, refused };

// The working directory of a container whose flags name none. by_dialect: the sandbox for a task of
// the older dialect, which has neither a DockerInfo nor a ContainerInfo's image; the image's for
// all others.
enum class WorkingDirectory { by_dialect, sandbox, image };

struct TaskSettings {
  std::string default_image;  // "" for none; the slave's --default_container_image overrides it
  Imageless imageless = Imageless::with_default;
  std::string sandbox = "/mnt/mesos/sandbox";  // the path inside containers, absolute
  WorkingDirectory working_directory = WorkingDirectory::by_dialect;
  std::string network = "host";  // of a task of the older dialect that asks for none
  bool cpu_quota = false;        // limit a task to its cpus, even while other CPUs are idle
  SwapPolicy swap = SwapPolicy::docker;
  Policy policy = {};
};

}  // namespace containerizer

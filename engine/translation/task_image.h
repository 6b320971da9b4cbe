// Chooses the image of a launch. Pure.
#pragma once

#include <string>

#include "containerizer.pb.h"
#include "engine/translation/task_settings.h"
#include "host/environment.h"
#include "host/result.h"

namespace containerizer {

struct TaskImage {
  std::string reference;  // as image_reference() returns it; "" to run the task on the host
  // The ContainerInfo that names the image; nullptr if something else names it.
  const mesos::ContainerInfo* container = nullptr;
};

// Returns the first image in this order: the task's ContainerInfo, the executor's, the image in the
// task's CommandInfo, in the executor's, MESOS_DEFAULT_CONTAINER_IMAGE of `environment`, the
// operator's default. The operator can exclude the task's images (CONTAINERIZER_IGNORE) or the
// defaults (CONTAINERIZER_IMAGELESS). The result refers to `launch`.
//
// refused: no image is named and the operator does not let such a task run on the host, the name is
// malformed, or the operator forbids the image. The text says which.
Result<TaskImage> choose_image(const mesos::containerizer::Launch& launch,
                               const Environment& environment, const TaskSettings& settings);

}  // namespace containerizer

// Sets the limits of a container in its create request. Pure.
#pragma once

#include <boost/json/object.hpp>

#include "engine/translation/launch_flags.h"
#include "engine/translation/resources.h"
#include "engine/translation/task_settings.h"

namespace containerizer {

// Sets CPU shares and memory limits by the task's resources. Flags that are applied later can
// replace them.
void plan_limits(const Resources& resources, boost::json::object& body);

// Adds the CPU quota and the swap limit that the operator wants. They depend on limits that flags
// may have set. REQUIRES: plan_limits() was called, and then the flags were applied.
void complete_limits(const Resources& resources, const TaskSettings& settings,
                     const LaunchFlags& flags, boost::json::object& body);

}  // namespace containerizer

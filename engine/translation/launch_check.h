// Checks a launch before it is planned. Pure.
#pragma once

#include "containerizer.pb.h"
#include "engine/translation/policy.h"
#include "host/result.h"

namespace containerizer {

// Checks the parts of a launch that no image and no flag can change. refused: the launch cannot be
// planned; the text names the part and the reason.
Status check_launch(const mesos::containerizer::Launch& launch, const Policy& policy);

}  // namespace containerizer

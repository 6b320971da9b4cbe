// How much one launch may ask for. Pure.
#pragma once

#include "containerizer.pb.h"
#include "host/result.h"

namespace containerizer {

// A slave accepts messages of up to 64 MiB, and nothing in a message costs its author anything.
// What takes more than a moment to translate is counted here first.
//
// refused: there is too much of something; the text says of what, and how much is allowed.
Status check_bounds(const mesos::containerizer::Launch& launch);

// Removes so much of what is counted that check_bounds() still refuses the launch, and nothing from
// a launch within the bounds. A launch that is kept until it has been refused must not be large.
void cut_to_bounds(mesos::containerizer::Launch& launch);

}  // namespace containerizer

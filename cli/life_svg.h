// The picture of one container's life, for `show --svg`.
#pragma once

#include <cstdint>
#include <string>

#include "store/period.h"

namespace containerizer {

// An SVG document: a bar for each state, from the time it began until the next one, or until `now`
// (ms since 1970). It loads nothing and runs nothing.
std::string draw_life(const store::Life& life, std::int64_t now);

}  // namespace containerizer

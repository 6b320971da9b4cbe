// The file that `doctor --bundle` writes for a bug report.
#pragma once

#include <string>

#include "cli/invocation.h"
#include "host/result.h"

namespace containerizer {

// Creates `path`, readable by its owner only. It contains `diagnosis`, the settings without values
// that can be secrets, the records of the newest containers, the newest events, and the end of the
// log. It never contains a launch request or an environment variable of a task.
// refused: the file exists, or cannot be written.
Status write_bundle(Invocation& invocation, const std::string& diagnosis, const std::string& path);

}  // namespace containerizer

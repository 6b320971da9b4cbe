// What the program exits with. A slave tells 0 from everything else; people and scripts see which.
#pragma once

namespace containerizer {

enum ExitStatus : int {
  exit_ok = 0,
  exit_failed = 1,         // the operation could not be done
  exit_usage = 2,          // no such verb or option
  exit_bad_request = 3,    // what came on standard input is not a request
  exit_configuration = 4,  // a setting is unknown or malformed
};

}  // namespace containerizer

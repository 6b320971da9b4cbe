// The program's exit statuses. A slave only distinguishes 0 from everything else. Operators and
// scripts can use the others.
#pragma once

namespace containerizer {

enum ExitStatus : int {
  exit_ok = 0,
  exit_failed = 1,         // the operation failed
  exit_usage = 2,          // unknown verb or option
  exit_bad_request = 3,    // standard input does not contain a valid request
  exit_configuration = 4,  // a setting is unknown or malformed
};

}  // namespace containerizer

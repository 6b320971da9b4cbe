// The last line that a program wrote to the sandbox's stderr.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/fd.h"

namespace containerizer {

class StderrTail {
 public:
  // Remembers where the sandbox's stderr ends now. Create it before the program starts.
  explicit StderrTail(const std::string& sandbox);

  // Returns a message about `program`, which failed: its exit status, and the last line that stderr
  // has received since the constructor. Ignores lines of a stack trace.
  std::string failure_of(const std::string& program, std::optional<int> wait_status) const;

 private:
  Fd file_;
  std::int64_t start_ = 0;
};

}  // namespace containerizer

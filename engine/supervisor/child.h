// Programs that are run to their end while requests of other processes stay heard.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/container/services.h"

namespace containerizer {

// What programs say in a sandbox's stderr from a moment on.
class LastWords {
 public:
  explicit LastWords(const std::string& sandbox);

  // Why `program` failed, with its last line but for a stack trace.
  std::string tell(const std::string& program, std::optional<int> wait_status) const;

 private:
  Fd file_;
  std::int64_t begin_ = 0;
};

// Starts `program` and waits for its end. When that has not come at `latest`, or when
// `is_called_off` says so, which is asked before and whenever somebody wakes us, its process group
// is killed.
//
// Success: its waitpid status, nothing where that is not known. refused: it cannot be started.
// interrupted: it was called off. unavailable: its time was over.
Result<std::optional<int>> run_child(const Services& services, const Program& program,
                                     Deadline latest, const std::function<bool()>& is_called_off);

}  // namespace containerizer

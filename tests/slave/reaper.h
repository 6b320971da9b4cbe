// Notices the end of child processes by looking at them from time to time, as libprocess does.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>

#include "tests/slave/runtime.h"
#include "tests/slave/version.h"

namespace containerizer::player {

// An actor: watch() may be called by any thread; needs a free worker to notice anything.
class Reaper {
 public:
  Reaper(Runtime& runtime, Release release)
      : runtime_(runtime), release_(release), strand_(runtime.make_strand()) {}

  // Calls `ended` with the waitpid status, on a worker, within a reap interval of the end of `pid`.
  // REQUIRES: `pid` is a child nobody else waits for.
  void watch(pid_t pid, std::function<void(int status)> ended);

 private:
  void look();

  Runtime& runtime_;
  const Release release_;
  const Strand strand_;
  std::map<pid_t, std::function<void(int)>> watched_;
};

}  // namespace containerizer::player

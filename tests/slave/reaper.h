// Detects the exit of child processes by polling, like libprocess.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>

#include "tests/slave/runtime.h"
#include "tests/slave/version.h"

namespace containerizer::player {

// An actor: any thread may call watch(). It needs a free worker to detect an exit.
class Reaper {
 public:
  Reaper(Runtime& runtime, Release release)
      : runtime_(runtime), release_(release), strand_(runtime.make_strand()) {}

  // Calls `ended` with the waitpid status, on a worker, within a reap interval after the exit of
  // `pid`. REQUIRES: `pid` is a child for which no other code waits.
  void watch(pid_t pid, std::function<void(int status)> ended);

 private:
  void look();

  Runtime& runtime_;
  const Release release_;
  const Strand strand_;
  std::map<pid_t, std::function<void(int)>> watched_;
};

}  // namespace containerizer::player

// Verbs with arbitrary bytes on stdin, which no slave sends.
#pragma once

#include <chrono>
#include <string>

#include "tests/slave/invoke.h"

namespace containerizer::player {

struct RawResult {
  bool ended = false;  // It exited within the limit; otherwise it was killed.
  int status = 0;      // The waitpid status.
  std::string out;
  std::string err;
};

// Runs `call.verb`, writes `bytes` (and then closes stdin if requested), and reads the output until
// it exits. Blocks the caller for at most `limit`. It needs no worker.
RawResult raw_call(Invoker& invoker, const Call& call, const std::string& bytes, bool close_stdin,
                   std::chrono::milliseconds limit);

}  // namespace containerizer::player

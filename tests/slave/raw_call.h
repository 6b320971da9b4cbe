// Verbs with arbitrary bytes on stdin, as no slave would send them.
#pragma once

#include <chrono>
#include <string>

#include "tests/slave/invoke.h"

namespace containerizer::player {

struct RawResult {
  bool ended = false;  // Within the limit; it was killed otherwise.
  int status = 0;      // As waitpid gives it.
  std::string out;
  std::string err;
};

// Runs `call.verb`, writes `bytes` (closing stdin behind them when asked to), and collects what it
// says until it ends. Blocks the caller for at most `limit`; needs no worker.
RawResult raw_call(Invoker& invoker, const Call& call, const std::string& bytes, bool close_stdin,
                   std::chrono::milliseconds limit);

}  // namespace containerizer::player

// Who called a verb and reads its answer, the slave: one interface, so that a simulation can stand
// in. One thread.
#pragma once

#include <csignal>
#include <memory>
#include <string>

namespace containerizer {

class SlavePipe {
 public:
  virtual ~SlavePipe() = default;

  // Writes a message as a frame. False when nobody is there to read it.
  virtual bool answer(const std::string& message) = 0;

  // Writes a message as a frame, and returns whether the slave has taken it out of the pipe: only
  // then has it been delivered.
  virtual bool hand_over(const std::string& message) = 0;

  // Takes note of the process that called us; lives() tells whether it is still there: what a dead
  // slave asked for, the next one has not heard of.
  virtual void remember() = 0;
  virtual bool lives() = 0;

  // From here to unwatch(), what is returned becomes nonzero, and a blocking call of the host's is
  // interrupted, when the reader may have gone.
  virtual const volatile std::sig_atomic_t* watch() = 0;
  virtual void unwatch() = 0;
  // REQUIRES: watched. Whether the reader has gone indeed; if not, the watch begins anew.
  virtual bool has_gone() = 0;
};

// The real one; `output` is the descriptor of its pipe.
std::unique_ptr<SlavePipe> make_caller(int output);

}  // namespace containerizer

// The pipe on which a verb writes its reply frames: the slave, which called the verb, reads them.
// An interface, so that the simulation can implement it. For one thread.
#pragma once

#include <csignal>
#include <memory>
#include <optional>
#include <string>

#include "host/process.h"

namespace containerizer {

class ReplyPipe {
 public:
  virtual ~ReplyPipe() = default;

  // Writes a message as a frame. False if the slave has closed the pipe.
  virtual bool answer(const std::string& message) = 0;

  // Writes a message as a frame and waits until the slave has read it. Only then is it delivered.
  // False if the slave has closed the pipe, or has not read the frame within 10 s.
  virtual bool hand_over(const std::string& message) = 0;

  // Remembers the slave's process. From then on, lives() returns whether that process still exists.
  // A restarted slave is another process, and knows nothing of a request that its predecessor made.
  virtual void remember() = 0;
  virtual bool lives() = 0;
  // Whether that process is certainly gone. False if it is not known.
  virtual bool is_dead() = 0;
  // The remembered process. Empty if it is not known, or may only be a script of the operator.
  virtual std::optional<ProcessId> process() const = 0;
  // The remembered process as text, and from such a text, for a program that this process becomes.
  virtual std::string remembered() const { return ""; }
  virtual void remember_again(const std::string& /*remembered*/) {}

  // From here to stop_signalling(), a signal reports that the slave may have closed the pipe: it
  // makes the returned flag nonzero, and interrupts a blocking call of Host that gets the flag. The
  // signal may come without a cause, so the caller must then ask is_reader_gone().
  virtual const volatile std::sig_atomic_t* signal_when_reader_goes() = 0;
  virtual void stop_signalling() = 0;
  // Whether the slave has closed the pipe. Sets the flag to zero, for the next signal.
  // REQUIRES: signal_when_reader_goes() was called.
  virtual bool is_reader_gone() = 0;
};

// The real one. `output` is the descriptor of the pipe, which must outlive it.
std::unique_ptr<ReplyPipe> make_reply_pipe(int output);

}  // namespace containerizer

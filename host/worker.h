// Work that may block for long, in a thread of its own.
#pragma once

#include <functional>
#include <memory>

namespace containerizer {

class Worker {
 public:
  // Asks the thread to end. Does not wait for it: a run may be blocked for good, by a disk that
  // hangs. So the work must own everything that it uses.
  virtual ~Worker() = default;

  // Asks for a run of the work, after the run that is under way, if there is one.
  virtual void poke() = 0;
  // Readable after the end of a run, until clear().
  virtual int fd() const = 0;
  virtual void clear() = 0;
};

// Starts the thread at the first poke.
std::unique_ptr<Worker> make_thread_worker(std::function<void()> work);

}  // namespace containerizer

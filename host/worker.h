// Runs work that may block for a long time in its own thread.
#pragma once

#include <functional>
#include <memory>

namespace containerizer {

class Worker {
 public:
  // Asks the thread to end, without waiting for it: a disk that hangs may block it forever. So the
  // work must own everything that it uses.
  virtual ~Worker() = default;

  // Requests a run of the work. If a run is in progress, the next one follows it.
  virtual void poke() = 0;
  // Readable after the end of a run, until clear().
  virtual int fd() const = 0;
  virtual void clear() = 0;
};

// Starts the thread at the first poke.
std::unique_ptr<Worker> make_thread_worker(std::function<void()> work);

}  // namespace containerizer

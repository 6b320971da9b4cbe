// Waits for the end of a process with poll(), also while the kernel gives no descriptor for that.
#pragma once

#include <optional>

#include "host/host.h"

namespace containerizer {

class ExitWatch {
 public:
  // Of no process: it never ends.
  ExitWatch() = default;
  ExitWatch(Host& host, const std::optional<ProcessId>& process);

  // Whether the process may still live. False if there is none, or if it has certainly exited.
  bool may_live() const { return process_.has_value(); }
  // Readable when the process exits. -1 if the kernel gave no descriptor, or if may_live() is
  // false.
  int fd() const { return fd_.get(); }
  // Call has_ended() at this time, even if fd() is not readable.
  Deadline due() const { return due_; }
  // Returns true once: when the process has certainly exited. `readable`: fd() is readable.
  bool has_ended(bool readable);

 private:
  bool open();

  Host* host_ = nullptr;
  std::optional<ProcessId> process_;
  Fd fd_;
  Deadline due_ = Deadline::max();
};

}  // namespace containerizer

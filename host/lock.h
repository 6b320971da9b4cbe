// Locks between processes that the kernel frees however their holder dies: open-file-description
// locks on single bytes of a file. No lock is ever represented by the existence of a file.
#pragma once

#include <csignal>
#include <optional>
#include <string>

#include "host/clock.h"
#include "host/fd.h"
#include "host/result.h"

namespace containerizer {

// A file whose bytes are locks. Copies of the descriptor in other processes share the locks, so it
// is close-on-exec. Closing it frees all of them.
class LockFile {
 public:
  enum class Mode { shared, exclusive };
  enum class Outcome { locked, timed_out, interrupted };

  // Opens the file, creating it (0600) with `create`. Without, it is not valid() when it is absent.
  // Throws std::system_error for any other trouble, and when others could open it, too.
  LockFile(const std::string& path, bool create);
  // The same for whoever can go on without: refused, instead of an exception. Creates the file.
  static Result<LockFile> open(const std::string& path);

  bool valid() const { return file_.valid(); }

  bool try_lock(int byte, Mode mode);
  // Blocks, without polling, until the lock is there, the deadline passed (none: for ever) or
  // `*interrupted` became nonzero through a signal handler: see InterruptibleSignal.
  Outcome lock(int byte, Mode mode, std::optional<Deadline> deadline = {},
               const volatile std::sig_atomic_t* interrupted = nullptr);
  void unlock(int byte);
  // Whether somebody holds the byte exclusively right now.
  bool is_held(int byte) const;

 private:
  Fd file_;
};

// Makes a signal end a blocking LockFile::lock: while this lives, the signal sets `flag()` and goes
// on nudging the process, so that a signal that arrives just before the call blocks is not lost.
// Nor is one that came earlier, when it was blocked until now: the constructor unblocks it.
// At most one at a time in a process; uses SIGALRM's interval timer.
class InterruptibleSignal {
 public:
  explicit InterruptibleSignal(int signal);
  ~InterruptibleSignal();
  InterruptibleSignal(const InterruptibleSignal&) = delete;
  InterruptibleSignal& operator=(const InterruptibleSignal&) = delete;

  const volatile std::sig_atomic_t* flag() const;
  // Ends the nudging and forgets that the signal came.
  void reset();

 private:
  int signal_;
};

}  // namespace containerizer

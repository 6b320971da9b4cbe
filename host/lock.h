// Locks between processes: open-file-description locks (fcntl(2)) on single bytes of a file. The
// kernel releases them however their owner dies. The existence of a file never represents a lock.
#pragma once

#include <csignal>
#include <optional>
#include <string>

#include "host/clock.h"
#include "host/fd.h"
#include "host/process.h"
#include "host/result.h"

namespace containerizer {

// An open file, each byte of which can be locked. The destructor releases all locks. The locks
// belong to the open file, not to the process: two LockFiles in one process exclude each other, and
// a forked child shares the locks. The descriptor is therefore close-on-exec. Use a LockFile from
// one thread.
class LockFile {
 public:
  enum class Mode { shared, exclusive };
  enum class Outcome { locked, timed_out, interrupted };

  // Opens the file. With `create`, creates it with mode 0600 if it does not exist. Without, an
  // absent file is not an error: the object is then not valid(). Throws std::system_error if the
  // file cannot be opened, or if another user could open it: such a user could keep all others
  // waiting. Further hard links, as a backup makes them, are harmless.
  LockFile(const std::string& path, bool create);
  // Takes an open file, with the locks that it has.
  explicit LockFile(Fd file) : file_(std::move(file)) {}
  // Opens or creates the file. refused: in all cases in which the constructor throws.
  static Result<LockFile> open(const std::string& path);

  // The functions below, except is_held() and is_locked(), REQUIRE a valid() object.
  bool valid() const { return file_.valid(); }
  int descriptor() const { return file_.get(); }
  // Whether the file was deleted, so that no other process can find it.
  bool is_deleted() const;

  // Locks a byte, or changes the mode of a lock that this object has. Returns false at once if
  // another owner's lock is in the way; a lock that this object has is then unchanged.
  bool try_lock(int byte, Mode mode);
  // The same, but blocks, without polling, until one of these happens:
  // - locked: this object has the lock.
  // - timed_out: the deadline has passed. No deadline: it waits forever.
  // - interrupted: `*interrupted` is nonzero, set by a signal handler; see InterruptibleSignal.
  // A deadline uses SIGALRM and its interval timer, of which a process has one.
  // Throws std::system_error if the kernel cannot wait (no memory for locks).
  Outcome lock(int byte, Mode mode, std::optional<Deadline> deadline = {},
               const volatile std::sig_atomic_t* interrupted = nullptr);
  // Releases the lock of this object on a byte. Does nothing if there is none.
  void unlock(int byte);
  // Returns whether another owner has an exclusive lock on the byte right now. Takes no lock
  // itself.
  bool is_held(int byte) const;
  // The same for a lock of either mode.
  bool is_locked(int byte) const;
  // The process, except this one, that has an exclusive lock on the byte. Empty if there is none,
  // or if the kernel does not tell (Linux before 4.1). Reads /proc of all processes, so it takes
  // milliseconds. Source: proc(5), /proc/PID/fdinfo.
  std::optional<ProcessId> owner_of(int byte) const;

 private:
  Fd file_;
};

// Makes a signal end a blocking LockFile::lock(). While the object exists, the signal sets
// `*flag()` and starts a timer, which interrupts the process every 20 ms. A signal that arrives
// just before the call blocks is therefore not lost. The constructor unblocks the signal, so one
// that was pending is not lost either. The destructor restores the signal's default action.
// REQUIRES: at most one object exists in a process, because it uses SIGALRM's interval timer.
class InterruptibleSignal {
 public:
  explicit InterruptibleSignal(int signal);
  ~InterruptibleSignal();
  InterruptibleSignal(const InterruptibleSignal&) = delete;
  InterruptibleSignal& operator=(const InterruptibleSignal&) = delete;

  // Nonzero once the signal has arrived. Valid for the life of the process.
  const volatile std::sig_atomic_t* flag() const;
  // Stops the timer and clears the flag.
  void reset();
  // Blocks the signal, so that it waits for another program that this process becomes. One that has
  // arrived and was not reset() waits too. release() ends that.
  void hold();
  void release();

 private:
  int signal_;
};

}  // namespace containerizer

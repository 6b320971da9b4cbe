#include "host/lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace containerizer {
namespace {

struct flock one_byte(int byte, int type) {
  struct flock range {};
  range.l_type = static_cast<short>(type);
  range.l_whence = SEEK_SET;
  range.l_start = byte;
  range.l_len = 1;
  return range;
}

int type_of(LockFile::Mode mode) { return mode == LockFile::Mode::shared ? F_RDLCK : F_WRLCK; }

// Interrupts this process with SIGALRM after the delay, and every 20 ms from then on: the first
// signal can arrive just before the call that it must interrupt. Zero stops it.
void interrupt_after(Duration delay) {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(delay).count();
  itimerval timer{};
  timer.it_value.tv_sec = micros / 1'000'000;
  timer.it_value.tv_usec = micros % 1'000'000;
  timer.it_interval.tv_usec = micros > 0 ? 20'000 : 0;
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

void install(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;  // without SA_RESTART, so a blocking call fails with EINTR
  ::sigaction(signal, &action, nullptr);
}

volatile std::sig_atomic_t signalled = 0;

// Only needed because the default action would end the process.
void on_alarm(int /*signal*/) {}

void on_signal(int /*signal*/) {
  signalled = 1;
  interrupt_after(Duration(20));
}

}  // namespace

LockFile::LockFile(const std::string& path, bool create)
    : file_(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600)) {
  if (!file_.valid() && (create || errno != ENOENT)) {
    throw std::system_error(errno, std::generic_category(), "cannot open lock file " + path);
  }
  // A user who can open the file can keep all others waiting.
  struct stat found {};
  if (!file_.valid() || ::fstat(file_.get(), &found) != 0) return;
  if (S_ISREG(found.st_mode) && found.st_nlink <= 1 && found.st_uid == ::geteuid() &&
      (found.st_mode & 077) == 0) {
    return;
  }
  throw std::system_error(EPERM, std::generic_category(),
                          "lock file " + path +
                              " must be a regular file with one hard link, owned by the slave's "
                              "user, with mode 600; fix it with chown and chmod 600, or remove it");
}

Result<LockFile> LockFile::open(const std::string& path) try {
  return LockFile(path, true);
} catch (const std::system_error& error) {
  return Failure{Fault::refused, error.what()};
}

bool LockFile::try_lock(int byte, Mode mode) {
  auto range = one_byte(byte, type_of(mode));
  return ::fcntl(file_.get(), F_OFD_SETLK, &range) == 0;
}

LockFile::Outcome LockFile::lock(int byte, Mode mode, std::optional<Deadline> deadline,
                                 const volatile std::sig_atomic_t* interrupted) {
  if (try_lock(byte, mode)) return Outcome::locked;
  if (deadline) {
    install(SIGALRM, on_alarm);
    interrupt_after(std::max(time_left(*deadline), Duration(1)));
  }
  for (;;) {
    if (interrupted != nullptr && *interrupted != 0) return Outcome::interrupted;
    if (deadline && time_left(*deadline) == Duration::zero()) {
      interrupt_after(Duration(0));
      return Outcome::timed_out;
    }
    auto range = one_byte(byte, type_of(mode));
    if (::fcntl(file_.get(), F_OFD_SETLKW, &range) == 0) break;
    if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "cannot wait for a file lock");
    }
  }
  if (deadline) interrupt_after(Duration(0));
  return Outcome::locked;
}

void LockFile::unlock(int byte) {
  auto range = one_byte(byte, F_UNLCK);
  ::fcntl(file_.get(), F_OFD_SETLK, &range);
}

bool LockFile::is_held(int byte) const {
  auto range = one_byte(byte, F_RDLCK);
  return ::fcntl(file_.get(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

InterruptibleSignal::InterruptibleSignal(int signal) : signal_(signal) {
  signalled = 0;
  install(SIGALRM, on_alarm);
  install(signal_, on_signal);
  sigset_t awaited;
  ::sigemptyset(&awaited);
  ::sigaddset(&awaited, signal_);
  ::sigprocmask(SIG_UNBLOCK, &awaited, nullptr);
}

InterruptibleSignal::~InterruptibleSignal() {
  reset();
  install(signal_, SIG_DFL);
}

const volatile std::sig_atomic_t* InterruptibleSignal::flag() const { return &signalled; }

void InterruptibleSignal::reset() {
  signalled = 0;
  interrupt_after(Duration(0));
}

}  // namespace containerizer

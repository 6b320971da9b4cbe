#include "host/lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <system_error>

#include "host/file.h"
#include "host/text.h"

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

// Whether another owner's lock excludes one of this type.
bool is_in_the_way(int file, int byte, int type) {
  auto range = one_byte(byte, type);
  return ::fcntl(file, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

sigset_t only(int signal) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  return set;
}

// Whether an open file, as /proc/PID/fdinfo describes it, has an exclusive lock on a byte:
//   lock: 1: OFDLCK ADVISORY WRITE -1 fe:00:1234 0 3
// The kernel joins locks on adjacent bytes. A range without an end has "EOF" in place of a number.
bool has_lock(const std::string& info, int byte) {
  std::istringstream lines(info);
  for (std::string line; std::getline(lines, line);) {
    std::string key, number, kind, advisory, mode, pid, file, first, last;
    std::istringstream(line) >> key >> number >> kind >> advisory >> mode >> pid >> file >> first >>
        last;
    unsigned from = 0;
    unsigned to = 0;
    if (key != "lock:" || kind != "OFDLCK" || mode != "WRITE" || !to_number(first, from)) continue;
    const auto wanted = static_cast<unsigned>(byte);
    if (from <= wanted && (!to_number(last, to) || wanted <= to)) return true;
  }
  return false;
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
  if (S_ISREG(found.st_mode) && found.st_uid == ::geteuid() && (found.st_mode & 077) == 0) {
    return;
  }
  throw std::system_error(EPERM, std::generic_category(),
                          "lock file " + path +
                              " must be a regular file of the slave's user with mode 600; fix it "
                              "with chown and chmod 600, or remove it");
}

Result<LockFile> LockFile::open(const std::string& path) try {
  return LockFile(path, true);
} catch (const std::system_error& error) {
  return Failure{Fault::refused, error.what()};
}

bool LockFile::is_deleted() const {
  struct stat found {};
  return ::fstat(file_.get(), &found) == 0 && found.st_nlink == 0;
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

bool LockFile::is_held(int byte) const { return is_in_the_way(file_.get(), byte, F_RDLCK); }

bool LockFile::is_locked(int byte) const { return is_in_the_way(file_.get(), byte, F_WRLCK); }

std::optional<ProcessId> LockFile::owner_of(int byte) const {
  for (const auto& [process, number] :
       openings_of("/proc/self/fd/" + std::to_string(file_.get()))) {
    const auto info = read_small_file("/proc/" + std::to_string(process.pid) + "/fdinfo/" +
                                      std::to_string(number));
    if (info && has_lock(*info, byte)) return process;
  }
  return std::nullopt;
}

InterruptibleSignal::InterruptibleSignal(int signal) : signal_(signal) {
  signalled = 0;
  install(SIGALRM, on_alarm);
  install(signal_, on_signal);
  release();
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

void InterruptibleSignal::hold() {
  const auto mask = only(signal_);
  ::sigprocmask(SIG_BLOCK, &mask, nullptr);
  if (signalled != 0) ::raise(signal_);
}

void InterruptibleSignal::release() {
  const auto mask = only(signal_);
  ::sigprocmask(SIG_UNBLOCK, &mask, nullptr);
}

}  // namespace containerizer

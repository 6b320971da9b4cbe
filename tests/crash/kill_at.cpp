// kill-at POINT COUNT-FILE WORD PROGRAM ARGUMENT…
//
// Becomes PROGRAM, and sends SIGKILL to it at its POINT-th system call (0: never). With POINT!N
// that call fails instead, with the N-th errno that it can give. With POINT!N+ all such calls from
// then on fail, until the victim ends or is killed some seconds later. With POINT!N@CALL or
// POINT!N@CALL+, only calls with the number CALL count. A call that cannot fail for want of
// something is left alone. If WORD is not "", the victim is not PROGRAM, but its first descendant
// that executes a program with WORD as an argument.
//
// COUNT-FILE is renamed into place once the victim has ended in any way. It contains the number of
// system calls that all its threads have started (0 if there was no victim), how many of them
// failed, and for each call that can fail, its number and how often it was started: "7:120".
//
// The tracer is a separate process, and not the parent: PROGRAM keeps the PID, the parent and the
// session that it would have without kill-at.
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace {

// How long errors last. Many processes try again for as long as their container lives.
constexpr timeval lasting{3, 0};

// What a call can be refused for on a host that is in trouble, whatever its arguments are.
const std::vector<int>& errors_of(std::uint64_t call) {
  static const std::vector<int> none;
  static const std::vector<int> no_descriptor{EMFILE, ENFILE, ENOMEM};
  static const std::vector<int> no_space{ENOSPC, EIO};
  static const std::map<std::uint64_t, std::vector<int>> all{
      {SYS_open, {EMFILE, ENFILE, ENOMEM, EIO, EINTR}},
      {SYS_openat, {EMFILE, ENFILE, ENOMEM, EIO, EINTR}},
      {SYS_socket, no_descriptor},
      {SYS_pipe2, no_descriptor},
      {SYS_signalfd4, no_descriptor},
      {SYS_epoll_create1, no_descriptor},
      {SYS_eventfd2, no_descriptor},
      {SYS_timerfd_create, no_descriptor},
      {SYS_pidfd_open, {ENOSYS, EMFILE, ENOMEM, EPERM}},
      {SYS_pidfd_send_signal, {ENOSYS, EPERM}},
      {SYS_close_range, {ENOSYS, ENOMEM}},
      {SYS_openat2, {ENOSYS, EMFILE, ENOMEM}},
      {SYS_read, {EIO, EINTR}},
      {SYS_pread64, {EIO, EINTR}},
      {SYS_write, {ENOSPC, EIO, EINTR}},
      {SYS_pwrite64, {ENOSPC, EIO, EINTR}},
      {SYS_fsync, no_space},
      {SYS_fdatasync, no_space},
      {SYS_ftruncate, no_space},
      {SYS_rename, no_space},
      {SYS_mkdir, no_space},
      {SYS_unlink, {EIO, EPERM}},
      {SYS_stat, {ENOMEM, EIO}},
      {SYS_lstat, {ENOMEM, EIO}},
      {SYS_fstat, {ENOMEM, EIO}},
      {SYS_newfstatat, {ENOMEM, EIO}},
      {SYS_access, {ENOMEM, EIO}},
      {SYS_readlink, {ENOMEM, EIO}},
      {SYS_getdents64, {ENOMEM, EIO}},
      {SYS_poll, {EINTR, ENOMEM}},
      {SYS_connect, {EAGAIN, EINTR, EPERM}},
      {SYS_sendmsg, {ENOMEM, EPERM}},
      {SYS_sendto, {ENOMEM, EPERM}},
      {SYS_recvmsg, {ENOMEM, EINTR}},
      {SYS_clone, {EAGAIN, ENOMEM}},
      {SYS_clone3, {EAGAIN, ENOMEM, ENOSYS}},
      {SYS_fork, {EAGAIN, ENOMEM}},
      {SYS_kill, {EPERM}},
      {SYS_getrandom, {EINTR, ENOSYS}},
      {SYS_wait4, {EINTR}},
  };
  const auto found = all.find(call);
  return found == all.end() ? none : found->second;
}

struct Order {
  long point;
  int error;      // the number of the errno; -1: SIGKILL
  bool for_good;  // all such calls from then on
  long only;      // the number of the calls that count; -1: all
  std::string count_file;
  std::string word;
};

volatile std::sig_atomic_t is_time_over = 0;

// Without SA_RESTART, so that it interrupts the tracer's wait. It repeats, because the first signal
// can arrive just before that wait.
void set_alarm() {
  struct sigaction action {};
  action.sa_handler = [](int) { is_time_over = 1; };
  ::sigaction(SIGALRM, &action, nullptr);
  const itimerval times{{0, 100'000}, lasting};
  ::setitimer(ITIMER_REAL, &times, nullptr);
}

bool has_argument(pid_t pid, const std::string& word) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  const std::string line{std::istreambuf_iterator<char>(file), {}};
  return line.find('\0' + word + '\0') != std::string::npos;
}

class Tracer {
 public:
  Tracer(Order order, pid_t root) : order_(std::move(order)) {
    constexpr long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE;
    constexpr long with_children = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK;
    const long wanted = order_.word.empty() ? options : options | with_children;
    attached_ = ::ptrace(PTRACE_SEIZE, root, nullptr, wanted) == 0 &&
                ::ptrace(PTRACE_INTERRUPT, root, nullptr, nullptr) == 0;
  }

  bool attached() const { return attached_; }

  // Until the victim has ended. The other processes continue without the tracer.
  void run() {
    for (;;) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, __WALL);
      if (pid < 0 && errno == EINTR) {
        if (is_time_over != 0) ::kill(counted_, SIGKILL);
        continue;
      }
      if (pid < 0) break;
      if (WIFSTOPPED(status)) {
        handle_stop(pid, status);
      } else if (pid == counted_) {
        write_count();
      }
    }
    if (counted_ == 0) write_count();
  }

 private:
  void handle_stop(pid_t pid, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (event == PTRACE_EVENT_EXEC && counted_ == 0 &&
        (order_.word.empty() || has_argument(pid, order_.word))) {
      counted_ = pid;
    }
    const bool counts = counted_ != 0 && ::tgkill(counted_, pid, 0) == 0;
    if (counts && signal == (SIGTRAP | 0x80)) handle_call(pid);
    // These stops are not signals for the process itself.
    const bool own = event != 0 || signal == (SIGTRAP | 0x80);
    const bool group_stop = event == PTRACE_EVENT_STOP && signal != SIGTRAP;
    auto next = group_stop ? PTRACE_LISTEN : PTRACE_SYSCALL;
    if (counted_ != 0 && !counts) next = PTRACE_DETACH;
    ::ptrace(next, pid, nullptr, own ? 0 : signal);
  }

  void handle_call(pid_t pid) {
    __ptrace_syscall_info info{};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && failing_.count(pid) == 1) {
      set_register(pid, offsetof(user, regs.rax), -failing_[pid]);
      failing_.erase(pid);
    }
    if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
    const auto call = static_cast<long>(info.entry.nr);
    ++count_;
    if (!errors_of(info.entry.nr).empty()) ++count_of_[call];
    const bool counts = order_.only < 0 || order_.only == call;
    const bool is_point = counts && (order_.only < 0 ? count_ : count_of_[call]) == order_.point;
    if (is_point && order_.error < 0) ::kill(counted_, SIGKILL);
    const bool again = order_.for_good && refused_call_ == call;
    if (is_point && order_.error >= 0) refused_call_ = call;
    if (refused_call_ == call && (is_point || again)) refuse(pid, info.entry.nr);
  }

  // The kernel gets the number of no call, and the program the errno.
  void refuse(pid_t pid, std::uint64_t call) {
    auto errors = errors_of(call);
    // A signal does not interrupt every call for seconds.
    if (order_.for_good)
      errors.erase(std::remove(errors.begin(), errors.end(), EINTR), errors.end());
    if (errors.empty()) return;
    if (++refusals_ == 1 && order_.for_good) set_alarm();
    failing_[pid] = errors[static_cast<std::size_t>(order_.error) % errors.size()];
    set_register(pid, offsetof(user, regs.orig_rax), -1);
  }

  static void set_register(pid_t pid, std::size_t offset, long value) {
    ::ptrace(PTRACE_POKEUSER, pid, offset, value);
  }

  void write_count() const {
    const auto unfinished = order_.count_file + ".new";
    std::ofstream file(unfinished);
    file << count_ << ' ' << refusals_;
    for (const auto& [call, count] : count_of_) file << ' ' << call << ':' << count;
    file << '\n';
    file.close();
    std::rename(unfinished.c_str(), order_.count_file.c_str());
  }

  Order order_;
  bool attached_ = false;
  pid_t counted_ = 0;
  long count_ = 0;
  std::map<long, long> count_of_;  // the calls that can fail, by their numbers
  long refused_call_ = -1;
  std::map<pid_t, int> failing_;  // the errno of the call in which a thread is
  long refusals_ = 0;
};

// POINT, POINT!N or POINT!N+, with @CALL behind N.
Order order_of(const std::string& text, std::string count_file, std::string word) {
  const auto mark = text.find('!');
  const int error = mark == std::string::npos ? -1 : std::atoi(text.c_str() + mark + 1);
  const auto at = text.find('@');
  const long only = at == std::string::npos ? -1 : std::atol(text.c_str() + at + 1);
  return {std::atol(text.c_str()), error,          text.back() == '+', only,
          std::move(count_file),   std::move(word)};
}

// Runs in a separate process. Reports on `ready` that it traces `root`, then traces it.
[[noreturn]] void trace(const Order& order, pid_t root, int ready) {
  ::setsid();
  Tracer tracer(order, root);
  if (tracer.attached() && ::write(ready, "y", 1) == 1) {
    for (const int fd : {0, 1, 2, ready}) ::close(fd);
    tracer.run();
  }
  ::_exit(0);
}

}  // namespace

int main(int count, char** words) {
  if (count < 5) {
    std::fputs("kill-at POINT COUNT-FILE WORD PROGRAM ARGUMENT...\n", stderr);
    return 2;
  }
  const auto order = order_of(words[1], words[2], words[3]);
  int ready[2];
  if (::pipe(ready) != 0) return 1;
  const pid_t root = ::getpid();
  const pid_t between = ::fork();
  if (between == 0) {
    if (::fork() == 0) trace(order, root, ready[1]);
    ::_exit(0);
  }
  ::waitpid(between, nullptr, 0);
  ::close(ready[1]);
  char answer = 0;
  if (::read(ready[0], &answer, 1) != 1) {
    std::fputs("kill-at: cannot trace\n", stderr);
    return 1;
  }
  ::close(ready[0]);
  ::execv(words[4], words + 4);
  std::perror(words[4]);
  return 127;
}

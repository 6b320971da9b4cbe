// kill-at POINT COUNT-FILE WORD PROGRAM ARGUMENT…
//
// Becomes PROGRAM, and sends SIGKILL to it at its POINT-th system call (0: never). If WORD is not
// "", the victim is not PROGRAM, but its first descendant that executes a program with WORD as an
// argument. COUNT-FILE is renamed into place once the victim has ended in any way. It contains the
// number of system calls that all its threads have started; 0 if there was no victim.
//
// The tracer is a separate process, and not the parent: PROGRAM keeps the PID, the parent and the
// session that it would have without kill-at.
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace {

struct Order {
  long point;
  std::string count_file;
  std::string word;
};

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
      if (pid < 0 && errno == EINTR) continue;
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
    if (counts && signal == (SIGTRAP | 0x80) && is_entry(pid) && ++count_ == order_.point) {
      ::kill(counted_, SIGKILL);
    }
    // These stops are not signals for the process itself.
    const bool own = event != 0 || signal == (SIGTRAP | 0x80);
    const bool group_stop = event == PTRACE_EVENT_STOP && signal != SIGTRAP;
    auto next = group_stop ? PTRACE_LISTEN : PTRACE_SYSCALL;
    if (counted_ != 0 && !counts) next = PTRACE_DETACH;
    ::ptrace(next, pid, nullptr, own ? 0 : signal);
  }

  static bool is_entry(pid_t pid) {
    __ptrace_syscall_info info{};
    ::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    return info.op == PTRACE_SYSCALL_INFO_ENTRY;
  }

  void write_count() const {
    const auto unfinished = order_.count_file + ".new";
    std::ofstream(unfinished) << count_ << '\n';
    std::rename(unfinished.c_str(), order_.count_file.c_str());
  }

  Order order_;
  bool attached_ = false;
  pid_t counted_ = 0;
  long count_ = 0;
};

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
  const Order order{std::atol(words[1]), words[2], words[3]};
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

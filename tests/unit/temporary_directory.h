// A temporary directory, and processes that a test can kill.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "host/fd.h"

namespace containerizer {

class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(
      const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string pattern = (parent / "unit-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  // As a block: the unoptimized tests spent most of their time in iterators over single bytes.
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

inline void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

// An assertion for a child process. Catch's own assertions only work in the parent.
inline void expect(bool claim, const std::string& what) {
  if (!claim) throw std::runtime_error("a child found this untrue: " + what);
}

// Forks a child that runs `work` and exits: with 0, or with 1 after an exception, which it prints.
template <class Work>
pid_t fork_child(Work work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  int status = 0;
  try {
    work();
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    status = 1;
  }
  ::_exit(status);
}

// Waits until a child has exited, and returns its waitpid status.
inline int ended(pid_t child) {
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

template <class Work>
int run_in_child(Work work) {
  return ended(fork_child(work));
}

// From here on, each such system call of this process fails.
inline void fail_every_call(unsigned call, unsigned error) {
  std::array<sock_filter, 4> program{
      {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
       BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)}};
  const sock_fprog filter{program.size(), program.data()};
  expect(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
             ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0,
         "a system call can be made to fail");
}

inline bool was_killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }

// A barrier at which processes wait until one of them opens it, once and for all. Create it before
// the fork.
class Gate {
 public:
  Gate() : event_(::eventfd(0, EFD_CLOEXEC)) {}
  void open() const {
    const std::uint64_t one = 1;
    expect(::write(event_.get(), &one, sizeof one) == sizeof one, "a gate opens");
  }
  void wait() const {
    constexpr int far_too_long = 60'000;  // after that, the process that opens it must have died
    pollfd gate{event_.get(), POLLIN, 0};
    expect(::poll(&gate, 1, far_too_long) == 1, "a gate was opened");
  }

 private:
  Fd event_;
};

// Returns once the process sleeps in a system call, or has exited.
inline void await_asleep(pid_t process) {
  const std::string path = "/proc/" + std::to_string(process) + "/stat";
  for (;;) {
    const auto stat = content_of(path);
    const auto state = stat.rfind(") ");
    if (state == std::string::npos || stat[state + 2] != 'R') return;
    ::usleep(1000);
  }
}

}  // namespace containerizer

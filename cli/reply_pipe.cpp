#include "cli/reply_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <optional>

#include "host/clock.h"
#include "host/file.h"
#include "host/lock.h"
#include "host/process.h"
#include "proto/frame.h"

namespace containerizer {
namespace {

// How long the slave may take to read a reply.
constexpr Duration longest_read{10'000};

// The slave's process. The slave runs `sh -c "PROGRAM VERB"` in a session of its own
// (mesos-protocol 1.1). If sh has replaced itself with this program, we lead that session, and the
// slave is our parent. If sh has forked instead, sh leads the session, and the slave is the parent
// of sh.
std::optional<ProcessId> find_caller() {
  const pid_t parent = ::getppid();
  if (::getpid() == ::getsid(0) || parent != ::getsid(0)) return identify(parent);
  const auto above = parent_of(parent);
  return above ? identify(*above) : std::nullopt;
}

// Whether an operator's script stands between sh and this program. It ends with the verb, so its
// end says nothing about the slave.
bool is_started_by_script() {
  const pid_t leader = ::getsid(0);
  return ::getpid() != leader && ::getppid() != leader;
}

class OutputPipe : public ReplyPipe {
 public:
  explicit OutputPipe(int output) : output_(output) {}

  bool answer(const std::string& message) override { return write_all(output_, to_frame(message)); }

  bool hand_over(const std::string& message) override {
    if (!answer(message)) return false;
    const auto deadline = deadline_in(longest_read);
    // The kernel reports how many bytes of a pipe are unread, but no event when they are read. So
    // it is asked every 2 ms, and the same poll() notices that the reader closes the pipe.
    int unread = 0;
    while (::ioctl(output_, FIONREAD, &unread) == 0 && unread > 0) {
      if (is_closed(Duration(2)) || time_left(deadline) == Duration::zero()) return false;
    }
    return true;
  }

  void remember() override { process_ = find_caller(); }
  // Unknown counts as dead here: the next slave then learns of an end once more, and none is lost.
  bool lives() override { return process_ && life_of(*process_) == Life::alive; }
  bool is_dead() override { return process_ && life_of(*process_) == Life::gone; }
  std::optional<ProcessId> process() const override {
    return is_started_by_script() ? std::nullopt : process_;
  }

  std::string remembered() const override {
    const auto process = process_.value_or(ProcessId{});
    return std::to_string(process.pid) + ":" + std::to_string(process.start);
  }
  void remember_again(const std::string& remembered) override {
    ProcessId process;
    unsigned long long start = 0;
    // NOLINTNEXTLINE(cert-err34-c): we wrote the text; another one means no process.
    if (std::sscanf(remembered.c_str(), "%d:%llu", &process.pid, &start) != 2) return;
    process.start = start;
    if (process.pid > 0) process_ = process;
  }

  const volatile std::sig_atomic_t* signal_when_reader_goes() override {
    // O_ASYNC makes the kernel send SIGIO when the other end is closed.
    signal_.emplace(SIGIO);
    ::fcntl(output_, F_SETOWN, ::getpid());
    ::fcntl(output_, F_SETFL, ::fcntl(output_, F_GETFL) | O_ASYNC);
    // If the reader closed the pipe before O_ASYNC was set, the kernel sends nothing.
    if (is_closed(Duration(0))) ::raise(SIGIO);
    return signal_->flag();
  }

  void stop_signalling() override {
    ::fcntl(output_, F_SETFL, ::fcntl(output_, F_GETFL) & ~O_ASYNC);
    signal_.reset();
  }

  bool is_reader_gone() override {
    signal_->reset();
    return is_closed(Duration(0));
  }

 private:
  // Whether the reader has closed its end, or closes it within `patience`.
  bool is_closed(Duration patience) const {
    pollfd end{output_, 0, 0};
    return ::poll(&end, 1, static_cast<int>(patience.count())) == 1 && (end.revents & POLLERR) != 0;
  }

  int output_;
  std::optional<ProcessId> process_;
  std::optional<InterruptibleSignal> signal_;
};

}  // namespace

std::unique_ptr<ReplyPipe> make_reply_pipe(int output) {
  return std::make_unique<OutputPipe>(output);
}

}  // namespace containerizer

#include "cli/slave_pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <optional>

#include "host/clock.h"
#include "host/file.h"
#include "host/lock.h"
#include "host/process.h"
#include "proto/record_io.h"

namespace containerizer {
namespace {

constexpr Duration patience_with_reader{10'000};

// The slave: our parent, unless a shell stands in between, which then leads the session that the
// slave made for this call.
std::optional<ProcessId> find_caller() {
  const pid_t parent = ::getppid();
  if (::getpid() == ::getsid(0) || parent != ::getsid(0)) return identify(parent);
  const auto above = parent_of(parent);
  return above ? identify(*above) : std::nullopt;
}

class Reader : public SlavePipe {
 public:
  explicit Reader(int output) : output_(output) {}

  bool answer(const std::string& message) override { return write_all(output_, to_frame(message)); }

  bool hand_over(const std::string& message) override {
    if (!answer(message)) return false;
    const auto deadline = deadline_in(patience_with_reader);
    int unread = 0;
    while (::ioctl(output_, FIONREAD, &unread) == 0 && unread > 0) {
      if (reader_is_gone(Duration(2)) || time_left(deadline) == Duration::zero()) return false;
    }
    return true;
  }

  void remember() override { process_ = find_caller(); }
  bool lives() override { return process_ && identify(process_->pid) == process_; }

  const volatile std::sig_atomic_t* watch() override {
    signal_.emplace(SIGIO);
    ::fcntl(output_, F_SETOWN, ::getpid());
    ::fcntl(output_, F_SETFL, ::fcntl(output_, F_GETFL) | O_ASYNC);
    // It may have gone before anybody was to be told.
    if (reader_is_gone(Duration(0))) ::raise(SIGIO);
    return signal_->flag();
  }

  void unwatch() override {
    ::fcntl(output_, F_SETFL, ::fcntl(output_, F_GETFL) & ~O_ASYNC);
    signal_.reset();
  }

  bool has_gone() override {
    signal_->reset();
    return reader_is_gone(Duration(0));
  }

 private:
  bool reader_is_gone(Duration patience) const {
    pollfd end{output_, 0, 0};
    return ::poll(&end, 1, static_cast<int>(patience.count())) == 1 && (end.revents & POLLERR) != 0;
  }

  int output_;
  std::optional<ProcessId> process_;
  std::optional<InterruptibleSignal> signal_;
};

}  // namespace

std::unique_ptr<SlavePipe> make_caller(int output) { return std::make_unique<Reader>(output); }

}  // namespace containerizer

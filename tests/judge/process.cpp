#include "tests/judge/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <utility>

namespace containerizer::judge {

namespace {

constexpr std::chrono::milliseconds look_again{10};
constexpr Seconds longest_command{60};

player::Environment own_environment() {
  player::Environment all;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    all.insert(player::split_at(*entry, '='));
  }
  return all;
}

}  // namespace

Reaping::Reaping() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  std::thread([this] { reap(); }).detach();
}

void Reaping::reap() {
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) != 0) {
      std::this_thread::sleep_for(look_again);
      continue;
    }
    const std::lock_guard lock(mutex_);
    int status = 0;
    if (::waitpid(info.si_pid, &status, WNOHANG) == info.si_pid) ended_[info.si_pid] = status;
  }
}

std::optional<int> Reaping::status_of(pid_t pid) const {
  const std::lock_guard lock(mutex_);
  const auto found = ended_.find(pid);
  return found == ended_.end() ? std::nullopt : std::optional(found->second);
}

player::Child Reaping::begin(const std::function<player::Child()>& start) {
  const std::lock_guard lock(mutex_);
  auto child = start();
  ended_.erase(child.pid);
  return child;
}

Process::Process(const Reaping& reaping, player::Child child,
                 std::function<void(std::string_view)> errors)
    : reaping_(reaping),
      child_(std::move(child)),
      alive_(static_cast<int>(::syscall(SYS_pidfd_open, child_.pid, 0))),
      errors_(std::move(errors)) {
  for (const auto* fd : {&child_.in, &child_.out, &child_.err}) {
    ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  }
}

Process::~Process() { kill(); }

void Process::kill() {
  if (status_) return;
  ::kill(-child_.pid, SIGKILL);
  await_end(longest_command);
}

void Process::send(std::string_view bytes) {
  unsent_ += bytes;
  give();
}

void Process::close_input() {
  input_closed_ = true;
  give();
}

void Process::give() {
  while (child_.in.valid() && !unsent_.empty()) {
    const auto written = ::write(child_.in.get(), unsent_.data(), unsent_.size());
    if (written < 0 && errno != EPIPE) return;
    if (written < 0) {
      refused_ = true;
      child_.in.close();
      return;
    }
    unsent_.erase(0, static_cast<std::size_t>(written));
  }
  if (input_closed_ && unsent_.empty()) child_.in.close();
}

bool Process::take(player::Fd& from, std::string& into, bool errors) {
  std::array<char, 65536> buffer{};
  bool taken = false;
  while (from.valid()) {
    const auto got = ::read(from.get(), buffer.data(), buffer.size());
    if (got < 0) return taken;
    taken = true;
    if (got == 0) from.close();
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(got));
    into.append(piece);
    if (errors && errors_ && !piece.empty()) errors_(piece);
  }
  return taken;
}

void Process::pump(Seconds limit) {
  give();
  std::array<pollfd, 4> all{pollfd{status_ ? -1 : alive_.get(), POLLIN, 0},
                            pollfd{child_.out.get(), POLLIN, 0},
                            pollfd{child_.err.get(), POLLIN, 0},
                            pollfd{unsent_.empty() ? -1 : child_.in.get(), POLLOUT, 0}};
  ::poll(all.data(), all.size(),
         static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(limit).count()));
  // The status first: what the process wrote before its end is then in the pipes.
  if (const auto status = status_ ? std::nullopt : reaping_.status_of(child_.pid)) {
    status_ = WIFSIGNALED(*status) ? 128 + WTERMSIG(*status) : WEXITSTATUS(*status);
  } else if (!status_ && (all[0].revents & POLLIN) != 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // It is being reaped.
  }
  take(child_.out, out_, false);
  take(child_.err, err_, true);
  give();
}

bool Process::await_end(Seconds limit) {
  const auto deadline = Clock::now() + limit;
  while (!status_ && Clock::now() < deadline) pump(deadline - Clock::now());
  return status_.has_value();
}

Host::Host() : runtime_(1), unused_(runtime_, player::Release({1, 0, 4})) {
  ::signal(SIGPIPE, SIG_IGN);
}

std::unique_ptr<Process> Host::begin(const std::string& containerizer, player::Release release,
                                     const player::Call& call,
                                     std::function<void(std::string_view)> errors) {
  auto child = reaping_.begin([&] {
    player::Invoker invoker(runtime_, unused_, release, containerizer, [] { std::abort(); });
    return invoker.spawn(call);
  });
  return std::make_unique<Process>(reaping_, std::move(child), std::move(errors));
}

std::unique_ptr<Process> Host::begin(const std::string& command) {
  return begin(command, player::Release({1, 0, 4}),
               {"", std::nullopt, false, std::nullopt, own_environment()});
}

std::string Host::run(const std::string& command) {
  const auto process = begin(command);
  process->close_input();
  const bool ended = process->await_end(longest_command);
  if (!ended || process->ended() != 0) {
    throw std::runtime_error(command + (ended ? " failed: " : " does not end: ") + process->err());
  }
  auto out = process->out();
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

std::string shell_quoted(const std::string& word) {
  std::string all = "'";
  for (const char c : word) {
    if (c == '\'') {
      all += "'\\''";
    } else {
      all += c;
    }
  }
  return all + "'";
}

}  // namespace containerizer::judge

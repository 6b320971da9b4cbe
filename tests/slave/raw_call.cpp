#include "tests/slave/raw_call.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace containerizer::player {
namespace {

constexpr int look_every_ms = 50;

// Reads and writes everything that is possible without waiting.
void take(Fd& from, std::string& into) {
  std::array<char, 4096> buffer{};
  while (from.valid()) {
    const ssize_t got = read(from.get(), buffer.data(), buffer.size());
    if (got < 0) return;
    if (got == 0) from.close();
    into.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

void give(Fd& to, std::string_view& bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(to.get(), bytes.data(), bytes.size());
    if (written < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

RawResult raw_call(Invoker& invoker, const Call& call, const std::string& bytes, bool close_stdin,
                   std::chrono::milliseconds limit) {
  Child child = invoker.spawn(call);
  for (const Fd* fd : {&child.in, &child.out, &child.err}) fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  RawResult result;
  std::string_view unsent = bytes;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!result.ended && std::chrono::steady_clock::now() < deadline) {
    give(child.in, unsent);
    if (close_stdin && unsent.empty()) child.in.close();
    std::array<pollfd, 2> both = {pollfd{child.out.get(), POLLIN, 0},
                                  pollfd{child.err.get(), POLLIN, 0}};
    poll(both.data(), both.size(), look_every_ms);
    result.ended = waitpid(child.pid, &result.status, WNOHANG) == child.pid;
    take(child.out, result.out);
    take(child.err, result.err);
  }
  if (!result.ended) {
    kill(-child.pid, SIGKILL);
    waitpid(child.pid, &result.status, 0);
  }
  return result;
}

}  // namespace containerizer::player

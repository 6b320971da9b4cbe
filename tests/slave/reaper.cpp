#include "tests/slave/reaper.h"

#include <sys/wait.h>

#include <utility>

namespace containerizer::player {

void Reaper::watch(pid_t pid, std::function<void(int)> ended) {
  boost::asio::post(strand_, [this, pid, ended = std::move(ended)]() mutable {
    const bool idle = watched_.empty();
    watched_.emplace(pid, std::move(ended));
    if (idle) runtime_.after(release_.reap_interval(1), strand_, [this] { look(); });
  });
}

void Reaper::look() {
  for (auto one = watched_.begin(); one != watched_.end();) {
    int status = 0;
    if (waitpid(one->first, &status, WNOHANG) == one->first) {
      one->second(status);
      one = watched_.erase(one);
    } else {
      ++one;
    }
  }
  if (watched_.empty()) return;
  runtime_.after(release_.reap_interval(watched_.size()), strand_, [this] { look(); });
}

}  // namespace containerizer::player

#include "cli/follow.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>

namespace containerizer {

Follower::Follower(const Invocation& invocation, const std::string& directory)
    : invocation_(invocation), changes_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (!changes_.valid()) return;
  ::inotify_add_watch(changes_.get(), directory.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO);
}

bool Follower::wait() {
  // A file system without notifications, such as that of another host, is looked at again then.
  constexpr int longest = 1000;  // ms
  std::array<pollfd, 2> watched{{{changes_.get(), POLLIN, 0}, {invocation_.output, 0, 0}}};
  ::poll(watched.data(), watched.size(), longest);
  std::array<char, 4096> ignored{};
  while (changes_.valid() && ::read(changes_.get(), ignored.data(), ignored.size()) > 0) {
  }
  return (watched[1].revents & (POLLERR | POLLHUP | POLLNVAL)) == 0;
}

}  // namespace containerizer

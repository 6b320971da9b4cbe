// The stand-in for mesos-fetcher, for files of this host. See tests/slave/README.md.
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "tests/slave/fetcher/fetch.h"

namespace containerizer::player {
namespace {

// Switches to `user`. Returns whether that succeeded.
bool become_user(const std::string& user) {
  const passwd* entry = getpwnam(user.c_str());
  return entry != nullptr && initgroups(user.c_str(), entry->pw_gid) == 0 &&
         setgid(entry->pw_gid) == 0 && setuid(entry->pw_uid) == 0;
}

int fail(const std::string& words) {
  std::cerr << words << std::endl;
  return EXIT_FAILURE;
}

int carry_out(const FetchOrder& order, Release release) {
  if (order.items.empty()) return fail("No URIs to fetch");
  if (release.fetcher_becomes_user() && !order.user.empty() && !become_user(order.user)) {
    return fail("Failed to become user '" + order.user + "'");
  }
  for (const Item& item : order.items) {
    const std::string failure = fetch(item, order, release);
    if (!failure.empty()) return fail(failure);
  }
  if (!release.fetcher_becomes_user() && !order.user.empty() &&
      !run({"chown", "-R", order.user + ":", order.directory})) {
    return fail("Failed to chown '" + order.directory.string() + "' to '" + order.user + "'");
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace containerizer::player

int main() {
  namespace player = containerizer::player;
  const auto version = player::version_beside_program();
  if (!version) {
    return player::fail("stand-in-mesos-fetcher: " + player::program_directory().string() +
                        "/mesos-version names no release; see make-launcher-dir");
  }
  const player::Release release(*version);
  player::FetchOrder order;
  try {
    order = player::read_order(release);
  } catch (const std::exception& error) {
    std::cerr << "Check failed: " << error.what() << std::endl;
    std::abort();
  }
  return player::carry_out(order, release);
}

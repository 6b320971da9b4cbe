// The reason of a failed pull, from the daemon's message. Pure.
#pragma once

#include <string_view>

namespace containerizer {

enum class PullCause {
  forced,       // CONTAINERIZER_PULL=never, and the launch forces a pull: the image may be there
  forbidden,    // CONTAINERIZER_PULL=never, and the image is not on the host
  credentials,  // the registry wants a login, or refuses the one that it got
  no_such_image,
  registry_unreachable,
  daemon_unreachable,
  other,
};

PullCause pull_cause_of(std::string_view message);

}  // namespace containerizer

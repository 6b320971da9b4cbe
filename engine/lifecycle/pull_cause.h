// The reason of a failed pull, from the daemon's message. Pure.
#pragma once

#include <string_view>

namespace containerizer {

enum class PullCause {
  forbidden,    // CONTAINERIZER_PULL=never
  credentials,  // the registry wants a login, or refuses the one that it got
  no_such_image,
  registry_unreachable,
  daemon_unreachable,
  other,
};

PullCause pull_cause_of(std::string_view message);

}  // namespace containerizer

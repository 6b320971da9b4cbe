#include "engine/lifecycle/pull_cause.h"

#include <algorithm>
#include <iterator>

#include "host/text.h"

namespace containerizer {

// The first row with a phrase of the message wins. "denied" comes before "not found": a registry
// says both of an image that exists for other users only. The message of a forced pull has the
// phrases of the first two rows.
PullCause pull_cause_of(std::string_view message) {
  struct Row {
    const char* phrase;
    PullCause cause;
  };
  static constexpr Row rows[] = {
      {"forces a pull, and CONTAINERIZER_PULL=never", PullCause::forced},
      {"CONTAINERIZER_PULL=never", PullCause::forbidden},
      {"the Docker daemon at ", PullCause::daemon_unreachable},
      {"unauthorized", PullCause::credentials},
      {"authentication required", PullCause::credentials},
      {"no basic auth credentials", PullCause::credentials},
      {"incorrect username or password", PullCause::credentials},
      {"denied", PullCause::credentials},
      {"manifest unknown", PullCause::no_such_image},
      {"name unknown", PullCause::no_such_image},
      {"no such host", PullCause::registry_unreachable},
      {"server misbehaving", PullCause::registry_unreachable},
      {"connection refused", PullCause::registry_unreachable},
      {"connection reset", PullCause::registry_unreachable},
      {"network is unreachable", PullCause::registry_unreachable},
      {"no route to host", PullCause::registry_unreachable},
      {"i/o timeout", PullCause::registry_unreachable},
      {"TLS handshake timeout", PullCause::registry_unreachable},
      {"Client.Timeout", PullCause::registry_unreachable},
      {"request canceled", PullCause::registry_unreachable},
      {"x509:", PullCause::registry_unreachable},
      {"HTTP response to HTTPS client", PullCause::registry_unreachable},
      {"dial tcp", PullCause::registry_unreachable},
      {": EOF", PullCause::registry_unreachable},
      {"not found", PullCause::no_such_image},
  };
  const auto* const row = std::find_if(std::begin(rows), std::end(rows), [&](const Row& one) {
    return mentions(message, one.phrase);
  });
  return row == std::end(rows) ? PullCause::other : row->cause;
}

}  // namespace containerizer

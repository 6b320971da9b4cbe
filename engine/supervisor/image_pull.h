// Obtains an image before a container is created from it.
#pragma once

#include <string>

#include "engine/container/services.h"

namespace containerizer {

struct WantedImage {
  std::string reference;
  bool is_forced = false;  // the task wants a pull even if the image is present
  std::string sandbox;     // of the task, which may contain credentials
  // Credentials from the task's message, which override all others; empty if there are none.
  std::string user = {};
  std::string secret = {};
};

// Pulls the image if CONTAINERIZER_PULL or the task requires it. If several launches need the same
// image at the same time, one pulls it, and the others wait. A launch that requires a pull accepts
// one that started after it began to wait, unless the task has its own credentials. Reports the
// progress to `listener`.
//
// Success: how the image was obtained, for the history. interrupted: the host's wake became
// readable. unavailable: the daemon did not answer; a retry can succeed. refused, not_found: the
// image cannot be obtained.
Result<std::string> obtain_image(const Services& services, const WantedImage& image,
                                 const PullListener& listener);

}  // namespace containerizer

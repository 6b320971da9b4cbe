// Sees to it that an image is there before a container is made of it.
#pragma once

#include <string>

#include "engine/container/services.h"

namespace containerizer {

struct WantedImage {
  std::string reference;
  bool is_forced = false;  // by the task: what is there may be too old
  std::string sandbox;     // of the task, which may bring credentials along
  // From the task's message, in place of all others; empty where there are none.
  std::string user = {};
  std::string secret = {};
};

// Asks the registry as CONTAINERIZER_PULL and the task want it. Of launches that want one image at
// the same time one asks, and the others wait for it; who must have the registry asked is content
// with a pull that was begun since, unless the task brought credentials of its own. `listener` is
// told how it goes.
//
// Success: how the image came to be there, for the history. interrupted: the host's wake became
// readable. unavailable: the daemon gave no answer; it may be tried again. refused, not_found: the
// image will not be there.
Result<std::string> obtain_image(const Services& services, const WantedImage& image,
                                 const PullListener& listener);

}  // namespace containerizer

// poll(2) for loops that go on after any failure of it.
#pragma once

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "host/clock.h"

namespace containerizer {

// Waits as poll(2) does, for at most `limit`. Returns the number of ready descriptors; less than
// one if there is none, after a signal, and if the kernel has no memory for the call. In the last
// case it pauses first, so a loop around it does not use the processor.
inline int poll_patiently(pollfd* descriptors, nfds_t number, Duration limit) {
  constexpr Duration longest{24LL * 3600 * 1000};  // fits into an int of milliseconds
  constexpr Duration pause{100};
  const int ready = ::poll(descriptors, number, static_cast<int>(std::min(limit, longest).count()));
  if (ready < 0 && errno != EINTR) sleep_for(std::min(limit, pause));
  return ready;
}

}  // namespace containerizer

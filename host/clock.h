// Time as the daemon sees it. Deadlines and grace periods use the monotonic clock, which a change
// of the wall clock does not move; the wall clock is only written down for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

namespace containerizer {

using Duration = std::chrono::milliseconds;
using Deadline = std::chrono::steady_clock::time_point;

// A timeout that no wait reaches, in a form that a deadline can hold.
inline constexpr Duration no_limit{365LL * 24 * 3600 * 1000};

inline Deadline deadline_in(Duration duration) {
  return std::chrono::steady_clock::now() + duration;
}

// The time left, never negative.
inline Duration time_left(Deadline deadline) {
  const auto left = std::chrono::ceil<Duration>(deadline - std::chrono::steady_clock::now());
  return left.count() > 0 ? left : Duration::zero();
}

// For pauses between tries, never to wait for something that can be waited for.
inline void sleep_for(Duration duration) { std::this_thread::sleep_for(duration); }

}  // namespace containerizer

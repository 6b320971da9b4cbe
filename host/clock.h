// Durations and deadlines. Both use the monotonic clock, which a change of the wall clock does not
// move. The wall clock is only recorded for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

namespace containerizer {

using Duration = std::chrono::milliseconds;
using Deadline = std::chrono::steady_clock::time_point;

// A timeout that no wait reaches (a year). Larger values would overflow a Deadline.
inline constexpr Duration no_limit{365LL * 24 * 3600 * 1000};

inline Deadline deadline_in(Duration duration) {
  return std::chrono::steady_clock::now() + duration;
}

// The time left, never negative, rounded up: zero only once the deadline has passed.
inline Duration time_left(Deadline deadline) {
  const auto left = std::chrono::ceil<Duration>(deadline - std::chrono::steady_clock::now());
  return left.count() > 0 ? left : Duration::zero();
}

// A pause between two attempts. Never use it to wait for an event that can be waited for.
inline void sleep_for(Duration duration) { std::this_thread::sleep_for(duration); }

}  // namespace containerizer

// Retrying with growing pauses. Use each object from one thread.
#pragma once

#include <algorithm>
#include <optional>

#include "host/clock.h"
#include "host/host.h"

namespace containerizer {

// The pauses of one series of retries: the first one, then twice the last one, up to the longest.
class Backoff {
 public:
  Backoff(Duration first, Duration longest) : first_(first), longest_(longest), pause_(first) {}

  // The pause before the next try.
  Duration next() {
    const auto pause = pause_;
    pause_ = std::min(pause_ * 2, longest_);
    return pause;
  }
  // Whether the pauses have stopped growing.
  bool is_longest() const { return pause_ == longest_; }
  // A try succeeded: the next series starts with the first pause.
  void reset() { pause_ = first_; }

 private:
  Duration first_;
  Duration longest_;
  Duration pause_;
};

// When to repeat an operation that failed: later after each failure, from 100 ms to 5 s.
struct RetryTimer {
  Deadline next{};
  Backoff backoff{Duration(100), Duration(5'000)};

  bool is_due(Deadline now) const { return now >= next; }
  // Whether a failure is worth a log line: only while the pauses still grow.
  bool is_worth_a_line() const { return !backoff.is_longest(); }
  void failed(Deadline now) { next = now + backoff.next(); }
  void succeeded() { backoff.reset(); }
};

// Paces a loop whose body may return at once or block for a long time. There is no pause before the
// first try, then pauses from 10 ms to 5 s. After a try that ran longer than the longest pause, the
// pauses start again at 10 ms.
class PacedLoop {
 public:
  explicit PacedLoop(Host& host) : host_(host) {}

  // Pauses until `latest` at most.
  void before_try(Deadline latest = Deadline::max()) {
    const auto now = host_.now();
    if (last_ && now - *last_ > longest) backoff_.reset();
    if (last_) host_.poll({}, std::min(now + backoff_.next(), latest));
    last_ = host_.now();
  }

 private:
  static constexpr Duration longest{5'000};
  Host& host_;
  Backoff backoff_{Duration(10), longest};
  std::optional<Deadline> last_;
};

}  // namespace containerizer

// Trying again, at growing distances.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>

#include "engine/host/host.h"
#include "engine/host/log.h"
#include "store/database.h"

namespace containerizer {

// Pauses between tries: none before the first, then from 10 ms to 5 s. A try that held for long
// begins the row anew.
class Backoff {
 public:
  explicit Backoff(Host& host) : host_(host) {}

  void before_try() {
    const auto now = host_.now();
    if (last_ && now - *last_ > longest) pause_ = first;
    if (last_) {
      host_.poll({}, now + pause_);
      pause_ = std::min(pause_ * 2, longest);
    }
    last_ = host_.now();
  }

 private:
  static constexpr Duration first{10};
  static constexpr Duration longest{5'000};
  Host& host_;
  Duration pause_ = first;
  std::optional<Deadline> last_;
};

// For processes that must not fail while a container lives: asks the database until it answers.
// With a deadline, until then; and a file that is no database of ours is not waited for.
template <class Ask>
auto insist(Host& host, Ask ask, std::optional<Deadline> deadline = {}) {
  Backoff backoff(host);
  for (;;) {
    backoff.before_try();
    try {
      return ask();
    } catch (const store::UnreadableDatabase& error) {
      if (deadline) throw;
      log::error("{}; trying again", error.what());
    } catch (const store::StoreError& error) {
      if (deadline && host.now() >= *deadline) throw;
      log::error("{}; trying again", error.what());
    }
  }
}

}  // namespace containerizer

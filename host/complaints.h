// Log lines about failures that last for as long as a process lives.
#pragma once

#include <map>
#include <string>

#include "host/clock.h"
#include "host/host.h"
#include "host/log.h"

namespace containerizer {

// Logs each text as an error, at most once an hour. Use each object from one thread.
class Complaints {
 public:
  explicit Complaints(Host& host) : host_(host) {}

  void say(const std::string& text) {
    const auto now = host_.now();
    // Texts can contain numbers that change.
    if (next_.size() >= most) next_.clear();
    auto& next = next_[text];
    if (now < next) return;
    next = now + again;
    log::error("{}", text);
  }

 private:
  static constexpr Duration again{3'600'000};
  static constexpr std::size_t most = 20;
  Host& host_;
  std::map<std::string, Deadline> next_;
};

}  // namespace containerizer

// The outcome of one state's action: the event that moves the container on.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/lifecycle/lifecycle.h"
#include "engine/lifecycle/termination.h"
#include "store/store.h"

namespace containerizer {

struct Step {
  Event event;
  std::string detail;  // for the history
  std::optional<store::Termination>
      termination;  // set if the event decides how the container ended
};

// The state directory was removed. A supervisor without a record cannot go on.
class Abandoned : public std::runtime_error {
 public:
  explicit Abandoned(const std::string& state_directory)
      : std::runtime_error("the state directory " + state_directory + " was removed") {}
};

// The action of `phase` (such as "pull") failed for good, for the reason `why`.
inline Step failed_step(const std::string& phase, const std::string& why) {
  auto termination = failed_termination(phase, why);
  return {Event::failed, termination.message, std::move(termination)};
}

// The daemon no longer has the container.
inline Step lost_step(store::Termination termination = lost_termination()) {
  return {Event::lost, "", std::move(termination)};
}

}  // namespace containerizer

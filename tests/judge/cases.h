// The cases, by group.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/judge/slave.h"

namespace containerizer::judge {

struct Case {
  std::string name;  // the fact that it shows
  std::string group;
  std::string rule;    // what a containerizer must do
  std::string source;  // section of docs/mesos-protocol.md
  std::function<void(Stage&)> play;
};

using Cases = std::vector<Case>;

Cases frame_cases();
Cases image_cases();
Cases option_cases();
Cases limit_cases();
Cases usage_cases();
Cases output_cases();
Cases exit_cases();
Cases container_cases();
Cases destroy_cases();
Cases two_slaves_cases();
Cases bad_input_cases();
Cases restart_cases();
Cases release_cases();

// All of them, in this order.
const Cases& all_cases();
// Those whose name or group contains the text, which may be empty.
Cases cases_with(const std::string& text);

}  // namespace containerizer::judge

#include "tests/judge/cases.h"

namespace containerizer::judge {

const Cases& all_cases() {
  static const Cases all = [] {
    Cases cases;
    for (const auto& group :
         {frame_cases(), image_cases(), option_cases(), limit_cases(), usage_cases(),
          output_cases(), exit_cases(), container_cases(), destroy_cases(), two_slaves_cases(),
          bad_input_cases(), restart_cases(), release_cases()}) {
      cases.insert(cases.end(), group.begin(), group.end());
    }
    return cases;
  }();
  return all;
}

Cases cases_with(const std::string& text) {
  Cases chosen;
  for (const auto& one : all_cases()) {
    if ((one.group + ": " + one.name).find(text) != std::string::npos) chosen.push_back(one);
  }
  return chosen;
}

}  // namespace containerizer::judge

#include "tests/simulation/fate.h"

namespace containerizer::simulation {

std::size_t Chance::choose(Question question, std::size_t options) {
  constexpr double early_event = 0.02;
  switch (question) {
    case Question::order:
      return random_() % options;
    case Question::switch_:
      return uniform() < fault_rates_.switch_ ? 1 : 0;
    case Question::death:
      return fault_rates_.death > 0 && uniform() < fault_rates_.death ? 1 : 0;
    case Question::call:
      return choose_mishap();
    case Question::stream:
      return fault_rates_.broken_stream > 0 && uniform() < fault_rates_.broken_stream ? 1 : 0;
    case Question::event:
      return uniform() < early_event ? 1 : 0;
  }
  return 0;
}

std::size_t Chance::choose_mishap() {
  const double odds[] = {fault_rates_.lost_request, fault_rates_.lost_reply, fault_rates_.silence,
                         fault_rates_.refusal};
  double left = uniform();
  std::size_t mishap = 0;
  for (const double one : odds) {
    ++mishap;
    if (left < one) return mishap;
    left -= one;
  }
  return 0;
}

}  // namespace containerizer::simulation

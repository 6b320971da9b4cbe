#include "tests/simulation/walk.h"

#include "host/format.h"
#include "tests/unit/transitions.h"

namespace containerizer::simulation {

std::vector<std::string> problems_of_walk(store::Store& store, const store::Container& row) {
  std::vector<std::string> problems;
  const auto& id = row.container_id;
  std::string before = name_of(State::accepted);
  for (const auto& entry : store.history(id, 1000)) {
    const bool is_first = !entry.from_state;
    if (!is_first && (*entry.from_state != before ||
                      !is_in_table(*entry.from_state, entry.event, entry.to_state))) {
      problems.push_back(formatted("{}: {} -- {} -> {} after {}", id, *entry.from_state,
                                   entry.event, entry.to_state, before));
    }
    before = entry.to_state;
  }
  if (before != row.state) problems.push_back(id + ": the history does not lead to its state");
  return problems;
}

}  // namespace containerizer::simulation

// The lifecycle table as names, for checks of a recorded history.
#pragma once

#include <algorithm>
#include <string_view>

#include "engine/lifecycle/lifecycle.h"

namespace containerizer {

inline bool is_in_table(std::string_view from, std::string_view event, std::string_view to) {
  const auto& table = all_transitions();
  return std::any_of(table.begin(), table.end(), [&](const Transition& row) {
    return from == name_of(row.from) && event == name_of(row.event) && to == name_of(row.to);
  });
}

}  // namespace containerizer

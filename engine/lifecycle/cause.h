// Explains in plain sentences why a container ended: what happened, the evidence for it, and what
// to change. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/store.h"

namespace containerizer {

// Everything that is recorded about one container.
struct Story {
  store::Container container;
  std::optional<store::Termination> termination;
  store::Limits limits;
  std::vector<store::HistoryEntry> history;  // oldest first
  std::int64_t now = 0;                      // ms since 1970
  // The last line in the sandbox's stderr; "" if there is none.
  std::string last_error_line = {};
};

struct Explanation {
  // A stable name of the kind of cause, for scripts; docs/json.md lists all.
  std::string cause;
  std::string summary;                // what happened, in one or two sentences
  std::vector<std::string> evidence;  // one sentence each
  std::vector<std::string> advice;    // what to change, one sentence each
};

Explanation explain(const Story& story);

// The names of all causes.
std::vector<std::string> all_causes();

}  // namespace containerizer

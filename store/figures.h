// What the database knows of the slave instance as a whole, for monitoring.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/database.h"

namespace containerizer::store {

struct EndCount {
  std::string kind;      // "exited", "oom", "pull_failed", …
  std::string outcome;   // "succeeded", "failed" or "stopped"
  std::string registry;  // "none": the task had no image; "other": one of many
  std::int64_t count = 0;
};

// How many durations were longer than the bound before, and not longer than this one.
struct DurationCount {
  std::optional<std::int64_t> at_most_ms;  // empty: there is no bound
  std::int64_t count = 0;
  std::int64_t total_ms = 0;
};

// Counts grow as long as the database exists, also when old containers are deleted from it.
struct Figures {
  int schema_version = 0;
  std::map<std::string, std::int64_t> containers;  // by state; a state without any is absent
  std::int64_t launches = 0;
  std::vector<EndCount> ends;
  std::map<std::string, std::vector<DurationCount>> durations;  // by step: "pull", "start"
  std::int64_t undelivered = 0;                                 // ends that the slave has not read
  std::optional<std::int64_t> oldest_undelivered;               // ms since 1970
  std::optional<std::int64_t> last_recovery;                    // ms since 1970
  std::vector<std::string> live;                                // IDs of those that are not Gone
};

// Reads all of it in one transaction. Throws StoreError.
Figures read_figures(const Database& database);

}  // namespace containerizer::store

// What happened to the containers of one database in a period of time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/database.h"

namespace containerizer::store {

// One container, from its launch to its removal or until now.
struct Life {
  std::string container_id;
  std::string task;  // the task's name, or the executor's ID
  std::optional<std::string> image;
  std::string framework_id;
  std::string slave_id;
  std::optional<std::string> ending;  // the word for its end; empty: it has not ended
  std::string message;                // of the end
  std::vector<std::pair<std::string, std::int64_t>> states;  // each with the time it began, ms
  bool pulled = false;                                       // its image was not on the host
};

// When something began again.
struct Restart {
  std::string what;  // "slave", "daemon" or "host"
  std::int64_t at = 0;
};

struct Period {
  std::vector<Life> lives;  // by the time of their launch
  std::vector<Restart> restarts;
};

// All containers that existed at any time since `from` (ms since 1970), or the one with this ID.
// Throws StoreError.
Period read_period(const Database& database, std::int64_t from,
                   const std::optional<std::string>& container_id = {});

}  // namespace containerizer::store

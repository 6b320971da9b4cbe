// The rows of the database as a stream that only grows, for readers that collect many slaves.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "store/database.h"

namespace containerizer::store {

// A value of a column; monostate is NULL.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string>;

struct Row {
  std::string table;
  std::vector<std::pair<std::string, Cell>> cells;  // by column
};

struct Head {
  std::string instance;           // the random ID of the database
  std::int64_t newest_event = 0;  // that it has ever had
};
Head read_head(const Database& database);

// Calls `take` with every row that is new or can have changed since the event with the number
// `after`: first the rows about containers, then the events. Rows of `launches` are left out,
// because they contain secrets of tasks. All rows are of one moment. Returns the number of the
// newest event. Throws StoreError, and what `take` throws.
std::int64_t export_rows(const Database& database, std::int64_t after,
                         const std::function<void(const Row&)>& take);

}  // namespace containerizer::store

// The databases that `report` and `export` read: that of this slave, or files that a person names.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/invocation.h"
#include "store/database.h"

namespace containerizer {

inline constexpr const char* databases_argument =
    "copies of slaves' state.db; without any, the database of this slave";

struct NamedDatabase {
  std::string name;  // tells it apart from the others
  store::DatabaseSettings settings;

  // Opens it for reading. Throws StoreError.
  std::unique_ptr<store::Database> open() const;
};

// The named files as copies, or this slave's own database. refused: a file does not exist, this
// slave has no database, or its state directory is not safe.
Result<std::vector<NamedDatabase>> find_databases(const Invocation& invocation,
                                                  const std::vector<std::string>& files);

}  // namespace containerizer

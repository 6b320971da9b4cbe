// The schema's versions: numbered SQL files in migrations/, embedded when the program is built.
#pragma once

#include <string>
#include <vector>

namespace containerizer::store {

struct Migration {
  int number;  // 1, 2, … without gaps; the schema's version after it
  std::string name;
  std::string sql;
};

// All of migrations/, in order.
const std::vector<Migration>& embedded_migrations();

}  // namespace containerizer::store

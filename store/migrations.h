// The versions of the schema: the numbered SQL files in migrations/, which the build embeds.
#pragma once

#include <string>
#include <vector>

namespace containerizer::store {

struct Migration {
  int number;  // 1, 2, … without gaps: the schema's version once it is applied
  std::string name;
  std::string sql;
  // The schema version of the oldest program that can work on the result. 0: `number` itself, so no
  // older program can.
  int oldest_program = 0;
};

// All migrations, in order. The vector lives as long as the program.
const std::vector<Migration>& embedded_migrations();

}  // namespace containerizer::store

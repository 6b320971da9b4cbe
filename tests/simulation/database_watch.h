// What statements read from a database and change in it, as numbers: what a process was told by
// it, and what is in it. What is different in each run (random numbers, paths of temporary
// directories) is left out.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "store/database.h"
#include "tests/simulation/hash.h"

struct sqlite3;
struct sqlite3_stmt;
struct sqlite3_api_routines;

namespace containerizer::simulation {

// Sees every connection that is opened while it lives. One at a time, one thread.
class DatabaseWatch {
 public:
  // `told` gets a number for each row that a statement yields, and for what one changed.
  explicit DatabaseWatch(std::function<void(std::uint64_t)> told);
  ~DatabaseWatch();
  DatabaseWatch(const DatabaseWatch&) = delete;
  DatabaseWatch& operator=(const DatabaseWatch&) = delete;

  // Of all that the database holds. REQUIRES: no transaction is open.
  std::uint64_t content(const store::Database& database);

 private:
  static int opened(sqlite3* connection, char** problem, const sqlite3_api_routines* routines);
  static int traced(unsigned int what, void* self, void* statement, void* more);
  void take_row(sqlite3_stmt* statement);
  void take_end(sqlite3_stmt* statement);

  std::function<void(std::uint64_t)> told_;
  std::optional<Hash> collected_;         // while content() reads
  std::optional<std::uint64_t> content_;  // until something changes
};

}  // namespace containerizer::simulation

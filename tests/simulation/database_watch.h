// Hashes of the rows that statements read, of their changes, and of the whole content of a
// database. Values that differ between runs (random numbers, paths of temporary directories) are
// omitted.
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

// Observes every connection that is opened while it exists. Only one may exist, in one thread.
class DatabaseWatch {
 public:
  // `told` gets a hash for each row that a statement returns, and for each statement and its
  // changes.
  explicit DatabaseWatch(std::function<void(std::uint64_t)> told);
  ~DatabaseWatch();
  DatabaseWatch(const DatabaseWatch&) = delete;
  DatabaseWatch& operator=(const DatabaseWatch&) = delete;

  // The hash of the whole database. REQUIRES: no transaction is open.
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

// A database with its own schema in two versions: a log of numbers. The tests of Database use it,
// because they must not depend on the real schema.
#pragma once

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <numeric>
#include <string>
#include <vector>

#include "store/database.h"
#include "temporary_directory.h"

namespace containerizer::store {

using Numbers = std::vector<std::int64_t>;
using Migrations = std::vector<Migration>;

inline const std::string table_of_migrations =
    "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT, applied_at INTEGER);";

inline const Migrations first_version{
    {1, "0001_log", table_of_migrations + "CREATE TABLE log (n INTEGER PRIMARY KEY, text TEXT);"}};
inline const Migrations second_version{
    first_version[0], {2, "0002_mood", "ALTER TABLE log ADD COLUMN mood TEXT DEFAULT 'good';"}};

inline DatabaseSettings settings(const std::string& path,
                                 const Migrations& migrations = first_version) {
  DatabaseSettings all;
  all.path = path;
  all.busy_timeout = Duration(60'000);
  all.migrations = &migrations;
  return all;
}

inline DatabaseSettings impatient(const std::string& path) {
  auto all = settings(path);
  all.busy_timeout = Duration(50);
  return all;
}

inline void add(Database& database, std::int64_t number, std::size_t bytes = 300) {
  database.write(Durability::process, [&] {
    database.prepare("INSERT INTO log (n, text) VALUES (?, ?)")
        .bind(number)
        .bind(std::string(bytes, 'x'))
        .run();
  });
}

inline Numbers numbers_of(const Database& database) {
  auto rows = database.prepare("SELECT n FROM log ORDER BY n");
  Numbers numbers;
  while (rows.step()) numbers.push_back(rows.integer(0));
  return numbers;
}

inline Numbers numbers_in(const DatabaseSettings& where) { return numbers_of(Database(where)); }

inline Numbers up_to(std::int64_t last) {
  Numbers numbers(static_cast<std::size_t>(last));
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

inline std::string integrity_of(const Database& database) {
  auto row = database.prepare("PRAGMA integrity_check");
  row.step();
  return row.text(0);
}

inline std::int64_t integer_of(const Database& database, const std::string& sql) {
  auto row = database.prepare(sql);
  row.step();
  return row.integer(0);
}

// The database file and its log, without SQLite's other files.
inline std::string content_of_both(const std::string& path) {
  return content_of(path) + '|' + content_of(path + "-wal");
}

// Runs `work` in several processes at once. Returns how many of them succeeded.
template <class Work>
int succeed_at_once(int processes, Work work) {
  const Gate go;
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    children.push_back(fork_child([&, i] {
      go.wait();
      work(i);
    }));
  }
  go.open();
  int succeeded = 0;
  for (const pid_t child : children) succeeded += ended(child) == 0 ? 1 : 0;
  return succeeded;
}

// A database that SQLite creates without the class Database.
inline void make_foreign(const std::string& path, const std::string& sql) {
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &connection) == SQLITE_OK);
  REQUIRE(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(connection);
}

}  // namespace containerizer::store

// One connection to the state database, and the rules that every connection keeps.
//
// - The busy timeout is set before anything else; every write is a BEGIN IMMEDIATE transaction that
//   contains its own reads, so that "locked" can only appear at BEGIN, where it is waited out.
// - Write-ahead log, so that people read with plain sqlite3 while everything runs. SQLite before
//   3.51.3 can corrupt a database when one connection checkpoints while another commits (the
//   "WAL-reset" bug): here automatic checkpoints are off, also at close, and a checkpoint runs only
//   under an exclusive lock that every connection holds shared for as long as it is open.
// - One thread, one process: a connection never crosses a fork, and is closed before a process
//   blocks for long.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "host/clock.h"
#include "host/lock.h"
#include "store/migrations.h"

struct sqlite3;
struct sqlite3_stmt;

namespace containerizer::store {

// Whatever keeps the database from doing what was asked; what() is one line: what failed, on which
// file, SQLite's own words, and what to do. Nothing was committed; only on a disk that goes on
// failing the whole of it may be found later.
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The file is no database, or a damaged one.
class UnreadableDatabase : public StoreError {
 public:
  using StoreError::StoreError;
};

// A prepared statement. Parameters are bound in order; columns are read in order.
class Statement {
 public:
  Statement(sqlite3* connection, std::string_view sql, const std::string& path);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(std::string_view text);
  Statement& bind_blob(std::string_view bytes);
  Statement& bind_null();
  template <class T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }

  // Moves to the next row; false when there is none (any more).
  bool step();
  // For statements that yield no rows. Returns how many rows were changed.
  int run();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;  // also blobs, byte for byte
  std::optional<std::int64_t> optional_integer(int column) const;
  std::optional<double> optional_real(int column) const;
  std::optional<std::string> optional_text(int column) const;

 private:
  void check(int code) const;

  sqlite3* connection_;
  sqlite3_stmt* statement_ = nullptr;
  const std::string& path_;
  int bound_ = 0;
};

// How far a commit must have got when it returns.
enum class Durability {
  process,  // survives any crash of processes, not of the host
  disk,     // survives a crash of the host too (fsync)
};

struct DatabaseSettings {
  std::string path;
  Duration busy_timeout{10'000};
  bool read_only = false;
  const std::vector<Migration>* migrations = &embedded_migrations();
};

class Database {
 public:
  // Opens, creates or migrates. Throws StoreError also for a file of a newer schema or one that is
  // not ours, before anything in it is touched.
  explicit Database(DatabaseSettings settings);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Statement prepare(std::string_view sql) const;

  // Runs `work` in one BEGIN IMMEDIATE transaction and commits. An exception rolls back and goes on
  // to the caller.
  void write(Durability durability, const std::function<void()>& work);

  // Renames the files of a database, when every other connection closes within the busy timeout;
  // else throws StoreError. REQUIRES: this process has no connection open.
  static void set_aside(const DatabaseSettings& settings, const std::string& path);

  // Copies the write-ahead log into the database and empties it, when it holds more than
  // `more_than` bytes and every other connection closes within `patience`.
  // REQUIRES: this process has no connection open. False: not done, which is no harm; it grows on.
  static bool checkpoint(const DatabaseSettings& settings, std::int64_t more_than,
                         Duration patience) noexcept;

 private:
  void open_file();
  int schema_version() const;
  int number(const char* sql) const;
  int latest_version() const;
  void create_or_migrate();
  void migrate();
  void back_up(const std::string& copy) const;
  void configure();
  void execute(const std::string& sql) const;
  void write_over_failed_commit();
  void close();

  DatabaseSettings settings_;
  LockFile lock_;
  sqlite3* connection_ = nullptr;
  Durability durability_ = Durability::process;
};

}  // namespace containerizer::store

// A connection to the state database, and the rules that every connection obeys:
//
// - The busy timeout is set first. Every write is a BEGIN IMMEDIATE transaction that contains its
//   own reads. SQLITE_BUSY can therefore only appear at BEGIN, where SQLite waits and retries.
// - The database uses a write-ahead log, so operators can read it with sqlite3 while containers
//   run.
// - SQLite before 3.51.3 can corrupt a database when one connection checkpoints while another
//   commits (the "WAL-reset" bug). Automatic checkpoints are therefore off, also at close. Every
//   connection has a shared file lock while it is open. A checkpoint needs the exclusive lock.
// - One thread and one process use a connection. It is never open across a fork, and it is closed
//   before a process blocks for long.
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

// Why the database failed. docs/going-on.md states what each process does then.
enum class StoreFault {
  busy,        // another process has kept it locked too long
  io,          // it cannot be opened, read or written: disk, permissions, another program's file
  constraint,  // the schema forbids the row; the same write fails every time
  newer,       // its schema is too new for this program; the program that migrated it can use it
  unreadable,  // it is not a database, or it is damaged; see Store::set_aside()
};
const char* name_of(StoreFault fault);

// Any failure of the database. what() is one line: the file, what failed with SQLite's own message,
// and what to do. The transaction was not committed, with one exception: if the disk keeps failing,
// all of it may appear later, but never a part of it.
class StoreError : public std::runtime_error {
 public:
  explicit StoreError(const std::string& text, StoreFault fault = StoreFault::io)
      : std::runtime_error(text), fault_(fault) {}
  StoreFault fault() const { return fault_; }

 private:
  StoreFault fault_;
};

// A StoreError with StoreFault::unreadable.
class UnreadableDatabase : public StoreError {
 public:
  explicit UnreadableDatabase(const std::string& text) : StoreError(text, StoreFault::unreadable) {}
};

// The state directory is not safe, so the database was not opened.
class UnsafeDirectory : public StoreError {
 public:
  explicit UnsafeDirectory(const std::string& text) : StoreError(text) {}
};

// boot_id() of host/process.h, for a row. If the ID cannot be read, that is a failure of the
// database, so that each process does what it does for such a failure. Throws StoreError.
std::string this_boot();

enum class ColumnType { null, integer, real, text };  // text: blobs too

// A prepared statement. The nth bind() sets the nth parameter. Columns are numbered from 0. Every
// function can throw StoreError. REQUIRES: the Database outlives it.
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

  // Moves to the next row. Returns false if there is no further row.
  bool step();
  // Runs a statement that returns no rows. Returns the number of rows that it changed.
  int run();

  int columns() const;
  std::string name(int column) const;

  // Columns of the current row. REQUIRES: the last step() returned true.
  ColumnType type(int column) const;
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

// What a commit survives once it has returned.
enum class Durability {
  process,  // a crash of any process, but not of the host
  disk,     // a crash of the host too (fsync)
};

struct DatabaseSettings {
  std::string path;
  Duration busy_timeout{10'000};
  bool read_only = false;
  // A copy that no slave uses: it is read-only, nothing is written beside it, and no lock is
  // needed.
  bool is_copy = false;
  const std::vector<Migration>* migrations = &embedded_migrations();
};

class Database {
 public:
  // Opens the database. Creates it if it does not exist, and migrates an older schema, with a copy
  // of the old database as PATH.vVERSION. Read-only connections do neither, and fail instead.
  // Throws StoreError, without changing the file, if the schema is too new for this program, or the
  // file is another program's database. A newer schema is not too new if each of its further
  // migrations records that this program can work on the result. Throws UnreadableDatabase if the
  // file is damaged.
  explicit Database(DatabaseSettings settings);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Statement prepare(std::string_view sql) const;

  // Runs `work` in one BEGIN IMMEDIATE transaction and commits it. Any exception, from `work` or
  // from SQLite, rolls the transaction back and is rethrown.
  void write(Durability durability, const std::function<void()>& work);

  // Renames the files of a database to `path`, which must be in the same file system. Throws
  // StoreError if a file cannot be renamed, or if another connection is still open after the busy
  // timeout. REQUIRES: this process has no open connection.
  static void set_aside(const DatabaseSettings& settings, const std::string& path);

  // Copies the write-ahead log into the database and empties the log, if the log is larger than
  // `more_than` bytes. Waits up to `longest_wait` until all other connections of this program are
  // closed, and 50 ms for readers of other programs, because nobody else can open the database
  // meanwhile. Returns false if that failed, which is harmless: the log only keeps growing.
  // REQUIRES: this process has no open connection.
  static bool checkpoint(const DatabaseSettings& settings, std::int64_t more_than,
                         Duration longest_wait) noexcept;

 private:
  void take_lock();
  void open_file();
  int schema_version() const;
  int oldest_program(int version) const;
  [[noreturn]] void refuse_newer(int version) const;
  void record(const Migration& migration) const;
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
  std::optional<LockFile> lock_;  // none for a copy
  sqlite3* connection_ = nullptr;
  int version_ = 0;  // of the schema
  Durability durability_ = Durability::process;
};

}  // namespace containerizer::store

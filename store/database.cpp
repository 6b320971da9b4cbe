#include "store/database.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <system_error>

#include "host/format.h"
#include "host/lock.h"
#include "host/process.h"
#include "host/text.h"

namespace containerizer::store {
namespace {

// "DCzr", stored in the file's header: distinguishes our databases from those of other programs.
constexpr int application_id = 0x44437a72;

// Bytes of the lock file. Every connection locks `use` shared while it is open, and passes through
// `gate` before that. A process that needs the database alone locks `gate` first, so no new
// connection opens, and then `use` exclusively. Without the gate, a stream of short connections
// could keep it waiting forever.
constexpr int gate = 0;
constexpr int use = 1;

// Other programs do not know our locks. Until a checkpoint gives up on them, no verb can open the
// database.
constexpr Duration longest_wait_for_readers{50};

// SQLite's message can quote a damaged file, which can contain anything; hence one_line().
std::string message(const std::string& path, const std::string& what, const std::string& advice) {
  return one_line(
      formatted("state database {}: {}{}{}", path, what, advice.empty() ? "" : "; ", advice));
}

[[noreturn]] void fail(const std::string& path, const std::string& what, const std::string& advice,
                       StoreFault fault = StoreFault::io) {
  throw StoreError(message(path, what, advice), fault);
}

StoreFault fault_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return StoreFault::busy;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return StoreFault::constraint;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return StoreFault::unreadable;
    default:
      return StoreFault::io;
  }
}

std::string advice_for(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
      return "another process has kept it locked too long; find that process with `fuser`";
    case SQLITE_FULL:
      return "make room on the disk that contains it";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return "run as the slave's user, and check the permissions of its directory";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return "`recover`, which the slave calls when it starts, moves it aside and rebuilds the "
             "rows "
             "from the daemon's containers";
    case SQLITE_IOERR:
      return "check the disk";
    default:
      return "";
  }
}

[[noreturn]] void fail(const std::string& path, int code, const std::string& sqlite_message) {
  // Shortened before the advice is appended, so that a long message cannot push the advice out.
  const std::string what = one_line(sqlite_message);
  if (fault_of(code) == StoreFault::unreadable) {
    throw UnreadableDatabase(message(path, what, advice_for(code)));
  }
  fail(path, what, advice_for(code), fault_of(code));
}

[[noreturn]] void fail(const std::string& path, sqlite3* connection, int code) {
  fail(path, code, connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code));
}

// Each connection opens the lock file itself, so each has its own lock.
LockFile open_lock(const std::string& path) {
  try {
    return {path + ".lock", true};
  } catch (const std::system_error& error) {
    fail(path, error.what(), advice_for(SQLITE_CANTOPEN));
  }
}

[[noreturn]] void fail_locked(const std::string& path) {
  fail(path, "cannot lock " + path + ".lock", advice_for(SQLITE_BUSY), StoreFault::busy);
}

// A copy by its URI. Without a log beside it nothing else can change it, and SQLite then needs no
// index file, which it would create.
std::string name_of_copy(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    uri += c == '%' || c == '?' || c == '#' ? formatted("%{:02X}", static_cast<unsigned>(c))
                                            : std::string(1, c);
  }
  const bool has_log = ::access((path + "-wal").c_str(), F_OK) == 0;
  return uri + (has_log ? "?mode=ro" : "?mode=ro&immutable=1");
}

bool lock_for_use(LockFile& file, Deadline deadline) {
  using Mode = LockFile::Mode;
  if (file.lock(gate, Mode::shared, deadline) != LockFile::Outcome::locked) return false;
  const auto outcome = file.lock(use, Mode::shared, deadline);
  file.unlock(gate);
  return outcome == LockFile::Outcome::locked;
}

bool lock_alone(LockFile& file, Deadline deadline) {
  using Mode = LockFile::Mode;
  if (file.lock(gate, Mode::exclusive, deadline) != LockFile::Outcome::locked) return false;
  return file.lock(use, Mode::exclusive, deadline) == LockFile::Outcome::locked;
}

}  // namespace

std::string this_boot() try { return boot_id(); } catch (const std::system_error& error) {
  throw StoreError(error.what());
}

const char* name_of(StoreFault fault) {
  switch (fault) {
    case StoreFault::busy:
      return "busy";
    case StoreFault::io:
      return "I/O or full";
    case StoreFault::constraint:
      return "constraint";
    case StoreFault::newer:
      return "newer schema";
    case StoreFault::unreadable:
      break;
  }
  return "unreadable";
}

// --- Statement

Statement::Statement(sqlite3* connection, std::string_view sql, const std::string& path)
    : connection_(connection), path_(path) {
  check(sqlite3_prepare_v2(connection_, sql.data(), static_cast<int>(sql.size()), &statement_,
                           nullptr));
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::check(int code) const {
  if (code != SQLITE_OK) fail(path_, connection_, code);
}

Statement& Statement::bind(std::int64_t value) {
  check(sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}

Statement& Statement::bind(double value) {
  check(sqlite3_bind_double(statement_, ++bound_, value));
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  check(sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
  // A null pointer would bind NULL instead of an empty blob.
  check(sqlite3_bind_blob64(statement_, ++bound_, bytes.data() == nullptr ? "" : bytes.data(),
                            bytes.size(), SQLITE_TRANSIENT));
  return *this;
}

Statement& Statement::bind_null() {
  check(sqlite3_bind_null(statement_, ++bound_));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) check(code);
  return false;
}

int Statement::run() {
  step();
  return sqlite3_changes(connection_);
}

int Statement::columns() const { return sqlite3_column_count(statement_); }

std::string Statement::name(int column) const { return sqlite3_column_name(statement_, column); }

ColumnType Statement::type(int column) const {
  switch (sqlite3_column_type(statement_, column)) {
    case SQLITE_NULL:
      return ColumnType::null;
    case SQLITE_INTEGER:
      return ColumnType::integer;
    case SQLITE_FLOAT:
      return ColumnType::real;
    default:
      return ColumnType::text;
  }
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string Statement::text(int column) const {
  // The bytes as they are: sqlite3_column_text() would end a blob at its first zero byte.
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (bytes == nullptr) return "";
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::optional<std::int64_t> Statement::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::optional<double> Statement::optional_real(int column) const {
  if (is_null(column)) return std::nullopt;
  return real(column);
}

std::optional<std::string> Statement::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

// --- Database

Database::Database(DatabaseSettings settings) : settings_(std::move(settings)) {
  settings_.read_only = settings_.read_only || settings_.is_copy;
  // A destructor does not run if its constructor throws.
  try {
    if (!settings_.is_copy) take_lock();
    open_file();
    version_ = schema_version();
    if (version_ < latest_version()) {
      create_or_migrate();
      version_ = latest_version();
    }
    configure();
  } catch (const std::system_error& error) {
    // The kernel has no memory for a lock.
    close();
    fail(settings_.path, error.what(), "");
  } catch (...) {
    close();
    throw;
  }
}

Database::~Database() { close(); }

void Database::take_lock() {
  lock_ = open_lock(settings_.path);
  if (!lock_for_use(*lock_, deadline_in(settings_.busy_timeout))) fail_locked(settings_.path);
}

void Database::close() {
  sqlite3_close(connection_);
  connection_ = nullptr;
}

int Database::latest_version() const { return settings_.migrations->back().number; }

void Database::open_file() {
  const int access =
      settings_.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  // SQLite creates the files. They contain environments of tasks, so no other user may read them.
  const mode_t others = ::umask(0077);
  const auto name = settings_.is_copy ? name_of_copy(settings_.path) : settings_.path;
  const int code = sqlite3_open_v2(
      name.c_str(), &connection_,
      access | SQLITE_OPEN_NOMUTEX | (settings_.is_copy ? SQLITE_OPEN_URI : 0), nullptr);
  ::umask(others);
  if (code != SQLITE_OK) fail(settings_.path, connection_, code);
  sqlite3_busy_timeout(connection_, static_cast<int>(settings_.busy_timeout.count()));
  sqlite3_extended_result_codes(connection_, 1);
  // Both because of the WAL-reset bug: only checkpoint() may write the log back.
  sqlite3_db_config(connection_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_wal_autocheckpoint(connection_, 0);
}

// This is the first read from the file, so it also rejects databases that are not ours. An empty
// file is accepted: a process can die between creating the file and the first migration.
//
// PRAGMA user_version is the newest migration that was applied.
int Database::schema_version() const {
  const int version = number("PRAGMA user_version");
  const bool ours = number("PRAGMA application_id") == application_id;
  if (!ours && (version != 0 || number("SELECT count(*) FROM sqlite_schema") != 0)) {
    fail(settings_.path, "it is not a database of docker-containerizer", "move it aside",
         StoreFault::unreadable);
  }
  if (version > latest_version() && oldest_program(version) > latest_version()) {
    refuse_newer(version);
  }
  return version;
}

// The version of the oldest program that can work on this schema, which is newer than this program.
int Database::oldest_program(int version) const {
  const bool is_recorded = number(
                               "SELECT count(*) FROM pragma_table_info ('schema_migrations')"
                               " WHERE name = 'oldest_program'") > 0;
  if (!is_recorded) return version;
  auto row = prepare(
      "SELECT max(coalesce(oldest_program, version)) FROM schema_migrations WHERE version > ?");
  row.bind(std::int64_t{latest_version()}).step();
  // A version that is not listed is another program's doing.
  return row.is_null(0) ? version : static_cast<int>(row.integer(0));
}

void Database::refuse_newer(int version) const {
  std::string advice = "run the newer docker-containerizer";
  const auto copy = formatted("{}.v{}", settings_.path, latest_version());
  if (::access(copy.c_str(), F_OK) == 0) {
    advice += formatted(", or go back to the copy {} as docs/upgrading.md describes", copy);
  }
  fail(settings_.path,
       formatted("its schema version is {}; this program supports up to {}", version,
                 latest_version()),
       advice, StoreFault::newer);
}

int Database::number(const char* sql) const {
  Statement row(prepare(sql));
  row.step();
  return static_cast<int>(row.integer(0));
}

void Database::configure() {
  if (settings_.read_only) return;
  execute("PRAGMA foreign_keys = ON");
  execute("PRAGMA synchronous = NORMAL");
  // Without it, REPLACE would delete rows without firing the triggers that protect the history.
  execute("PRAGMA recursive_triggers = ON");
  // Requests and environments can contain secrets, which must not stay in free pages.
  execute("PRAGMA secure_delete = ON");
}

// Takes the exclusive lock, so exactly one of several processes that start at once does it.
void Database::create_or_migrate() {
  if (settings_.read_only) {
    fail(settings_.path, "its schema is older than this program",
         settings_.is_copy
             ? "copy it again once the slave has called the newer docker-containerizer"
             : "it will be migrated the next time the slave calls docker-containerizer");
  }
  // Give up `use` before waiting for it: two processes that both had it would wait for each other.
  close();
  lock_->unlock(use);
  if (!lock_alone(*lock_, deadline_in(settings_.busy_timeout))) fail_locked(settings_.path);
  open_file();
  migrate();
  // From exclusive to shared in one step: no other process can checkpoint in between.
  lock_->try_lock(use, LockFile::Mode::shared);
  lock_->unlock(gate);
}

// Copies the database. The rename makes the copy appear whole or not at all. The copy can contain
// secrets like the original, hence the umask.
void Database::back_up(const std::string& copy) const {
  const auto unfinished = copy + ".new";
  ::unlink(unfinished.c_str());
  const mode_t others = ::umask(0077);
  try {
    prepare("VACUUM INTO ?").bind(unfinished).run();
  } catch (...) {
    ::umask(others);
    throw;
  }
  ::umask(others);
  if (::rename(unfinished.c_str(), copy.c_str()) != 0) {
    fail(settings_.path, formatted("cannot copy it to {}: {}", copy, std::strerror(errno)), "");
  }
}

void Database::migrate() {
  // Again: another process may have migrated while this one waited for the lock.
  const int found = schema_version();
  if (found >= latest_version()) return;
  if (found > 0) back_up(formatted("{}.v{}", settings_.path, found));
  execute("PRAGMA journal_mode = WAL");
  execute("PRAGMA synchronous = FULL");
  // A migration can delete secrets.
  execute("PRAGMA secure_delete = ON");
  // One transaction per migration, with its version: a process that is killed in between leaves a
  // complete older version, from which the next process continues.
  for (const auto& migration : *settings_.migrations) {
    if (migration.number <= found) continue;
    execute("BEGIN IMMEDIATE");
    execute(migration.sql);
    execute(formatted("PRAGMA application_id = {}", application_id));
    execute(formatted("PRAGMA user_version = {}", migration.number));
    record(migration);
    execute("COMMIT");
  }
}

void Database::record(const Migration& migration) const {
  prepare(
      "INSERT INTO schema_migrations (version, name, applied_at)"
      " VALUES (?, ?, unixepoch() * 1000)")
      .bind(std::int64_t{migration.number})
      .bind(migration.name)
      .run();
  // Older schemas have no column for it.
  if (migration.oldest_program == 0 || migration.oldest_program == migration.number) return;
  prepare("UPDATE schema_migrations SET oldest_program = ? WHERE version = ?")
      .bind(std::int64_t{migration.oldest_program})
      .bind(std::int64_t{migration.number})
      .run();
}

Statement Database::prepare(std::string_view sql) const {
  return {connection_, sql, settings_.path};
}

void Database::execute(const std::string& sql) const {
  const int code = sqlite3_exec(connection_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return;
  // Before ROLLBACK, which overwrites the message.
  const std::string error = sqlite3_errmsg(connection_);
  if (sqlite3_get_autocommit(connection_) == 0) {
    sqlite3_exec(connection_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  fail(settings_.path, code, error);
}

void Database::write(Durability durability, const std::function<void()>& work) {
  // SQLite rejects this change within a transaction, so it comes before BEGIN.
  if (durability != durability_) {
    execute(durability == Durability::disk ? "PRAGMA synchronous = FULL"
                                           : "PRAGMA synchronous = NORMAL");
    durability_ = durability;
  }
  execute("BEGIN IMMEDIATE");
  try {
    work();
  } catch (...) {
    sqlite3_exec(connection_, "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
  try {
    execute("COMMIT");
  } catch (...) {
    write_over_failed_commit();
    throw;
  }
}

// The frames of a commit whose fsync failed remain in the log, and the next process that opens the
// database treats them as committed. This writes another commit in their place, one that changes
// nothing and needs no fsync.
void Database::write_over_failed_commit() {
  // Not latest_version(): the schema can be newer than this program.
  const auto unchanged = formatted("PRAGMA user_version = {}", version_);
  for (const char* sql :
       {"ROLLBACK", "PRAGMA synchronous = OFF", unchanged.c_str(), "PRAGMA synchronous = NORMAL"}) {
    sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr);
  }
  durability_ = Durability::process;
}

void Database::set_aside(const DatabaseSettings& settings, const std::string& path) {
  auto lock = open_lock(settings.path);
  if (!lock_alone(lock, deadline_in(settings.busy_timeout))) fail_locked(settings.path);
  // With its log and index, which SQLite would apply to the new database.
  for (const std::string suffix : {"", "-wal", "-shm"}) {
    if (::rename((settings.path + suffix).c_str(), (path + suffix).c_str()) != 0 &&
        errno != ENOENT) {
      fail(settings.path,
           formatted("cannot rename it to {}: {}", path + suffix, std::strerror(errno)), "");
    }
  }
}

bool Database::checkpoint(const DatabaseSettings& settings, std::int64_t more_than,
                          Duration longest_wait) noexcept try {
  struct stat wal {};
  if (::stat((settings.path + "-wal").c_str(), &wal) != 0 || wal.st_size <= more_than) return true;
  auto lock = open_lock(settings.path);
  if (!lock_alone(lock, deadline_in(longest_wait))) return false;
  // Not a Database, which would create or migrate it, and would need the lock itself.
  sqlite3* connection = nullptr;
  int code = sqlite3_open_v2(settings.path.c_str(), &connection, SQLITE_OPEN_READWRITE, nullptr);
  if (code == SQLITE_OK) {
    sqlite3_busy_timeout(connection, static_cast<int>(longest_wait_for_readers.count()));
    sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    sqlite3_exec(connection, "PRAGMA synchronous = FULL", nullptr, nullptr, nullptr);
    code = sqlite3_wal_checkpoint_v2(connection, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                                     nullptr);
  }
  sqlite3_close(connection);
  return code == SQLITE_OK;
} catch (const std::exception&) {
  return false;
}

}  // namespace containerizer::store

#include "store/database.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <memory>

#include "log_database.h"

using namespace containerizer;
using namespace containerizer::store;

// --- opening -------------------------------------------------------------------------------------

TEST_CASE("the first connection creates the database, for its owner alone") {
  const TemporaryDirectory there;
  const auto before = ::umask(0);
  {
    Database database(settings(there / "db"));
    add(database, 1);
  }
  ::umask(before);
  for (const char* file : {"db", "db-wal", "db.lock"}) {
    struct stat found {};
    INFO(file);
    REQUIRE(::stat((there / file).c_str(), &found) == 0);
    CHECK((found.st_mode & 0777U) == 0600);
  }
  CHECK(numbers_in(settings(there / "db")) == up_to(1));
}

TEST_CASE("opening a database leaves the umask unchanged") {
  const TemporaryDirectory there;
  const auto before = ::umask(0027);
  { const Database database(settings(there / "db")); }
  CHECK(::umask(before) == 0027);
}

TEST_CASE("an error about a missing directory names its path") {
  const TemporaryDirectory there;
  CHECK_THROWS_WITH(Database(settings(there / "absent/db")), Catch::Contains(there / "absent/db"));
}

TEST_CASE("50 processes that find no database create it once", "[scenario-53]") {
  const TemporaryDirectory there;
  const int succeeded = succeed_at_once(50, [&](int i) {
    Database database(settings(there / "db"));
    add(database, i + 1);
  });
  CHECK(succeeded == 50);
  const Database database(settings(there / "db"));
  CHECK(integer_of(database, "SELECT count(*) FROM schema_migrations") == 1);
  CHECK(numbers_of(database) == up_to(50));
  CHECK(integrity_of(database) == "ok");
}

TEST_CASE("20 processes open the database of a killed writer, and see its commits",
          "[scenario-55]") {
  const TemporaryDirectory there;
  const int killed = run_in_child([&] {
    Database database(settings(there / "db"));
    for (std::int64_t n = 1; n <= 30; ++n) add(database, n);
    database.write(Durability::process, [&] {
      database.prepare("INSERT INTO log (n) VALUES (31)").run();
      ::raise(SIGKILL);
    });
  });
  REQUIRE(was_killed(killed));
  REQUIRE(std::filesystem::file_size(there / "db-wal") > 0);
  const int succeeded = succeed_at_once(20, [&](int i) {
    Database database(settings(there / "db"));
    auto seen = numbers_of(database);
    seen.resize(30);
    expect(seen == up_to(30), "the committed rows exist");
    add(database, 100 + i);
  });
  CHECK(succeeded == 20);
  const Database database(settings(there / "db"));
  CHECK(integer_of(database, "SELECT count(*) FROM log WHERE n = 31") == 0);
  CHECK(integer_of(database, "SELECT count(*) FROM log") == 50);
}

// --- other databases ----------------------------------------------------------------------------

TEST_CASE("a database of a newer schema is refused before anything is written", "[scenario-60]") {
  const TemporaryDirectory there;
  {
    Database database(settings(there / "db", second_version));
    add(database, 1);
  }
  const auto before = content_of_both(there / "db");
  for (const bool read_only : {false, true}) {
    auto older = settings(there / "db", first_version);
    older.read_only = read_only;
    CHECK_THROWS_WITH(Database(older),
                      Catch::Contains("version is 2") && Catch::Contains("up to 1"));
  }
  CHECK(content_of_both(there / "db") == before);
  CHECK(numbers_in(settings(there / "db", second_version)) == up_to(1));
}

TEST_CASE("a file that is not a database is refused, and stays unchanged", "[scenario-59]") {
  const auto content =
      GENERATE(as<std::string>(), std::string(5000, 'x'), "short", std::string(4096, '\0'),
               "SQLite format 3\0and then something else");
  const TemporaryDirectory there;
  write_file(there / "db", content);
  CHECK_THROWS_AS(Database(settings(there / "db")), StoreError);
  CHECK(content_of(there / "db") == content);
  CHECK_FALSE(std::filesystem::exists(there / "db-wal"));
}

TEST_CASE("a damaged database and an unreachable one are different errors") {
  const TemporaryDirectory there;
  write_file(there / "text", std::string(5000, 'x'));
  CHECK_THROWS_AS(Database(settings(there / "text")), UnreadableDatabase);
  CHECK_THROWS_WITH(Database(settings(there / "text")), Catch::Contains("moves it aside"));
  std::filesystem::create_directory(there / "directory");
  try {
    const Database database(settings(there / "directory"));
    FAIL("a directory was opened as a database");
  } catch (const UnreadableDatabase&) {
    FAIL("a directory counts as a damaged database");
  } catch (const StoreError& error) {
    CHECK_THAT(error.what(), Catch::Contains(there / "directory"));
  }
}

TEST_CASE("an error is one line, whatever the quoted file contains") {
  const TemporaryDirectory there;
  { Database database(settings(there / "db")); }
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open((there / "db").c_str(), &connection) == SQLITE_OK);
  CHECK(sqlite3_exec(connection,
                     "PRAGMA writable_schema = ON;"
                     "UPDATE sqlite_schema SET sql = 'CREATE TABLE log (''a' || char (10, 27)"
                     " WHERE name = 'log'",
                     nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(connection);
  try {
    Database database(settings(there / "db"));
    FAIL("a damaged schema was taken");
  } catch (const UnreadableDatabase& error) {
    const std::string text = error.what();
    CHECK(text.find("malformed") != text.npos);
    CHECK(std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' '; }));
  }
}

TEST_CASE("a database of another program is refused, and stays unchanged") {
  const auto sql = GENERATE(as<std::string>(), "CREATE TABLE theirs (x)", "PRAGMA user_version = 1",
                            "CREATE TABLE theirs (x); PRAGMA user_version = 1",
                            "PRAGMA application_id = 7; CREATE TABLE theirs (x)",
                            "PRAGMA journal_mode = WAL; CREATE TABLE theirs (x)");
  const TemporaryDirectory there;
  make_foreign(there / "db", sql);
  const auto before = content_of_both(there / "db");
  CHECK_THROWS_WITH(Database(settings(there / "db")), Catch::Contains("not a database of"));
  CHECK(content_of_both(there / "db") == before);
}

namespace {

// A schema that records which programs can work on it, and three ways to go on from it.
const Migrations recording{
    {1, "0001_log",
     "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT, applied_at INTEGER,"
     " oldest_program INTEGER); CREATE TABLE log (n INTEGER PRIMARY KEY, text TEXT);"}};
const Migrations with_addition{
    recording[0], {2, "0002_mood", "ALTER TABLE log ADD COLUMN mood TEXT DEFAULT 'good';", 1}};
const Migrations with_rebuild{
    with_addition[0],
    with_addition[1],
    {3, "0003_rebuilt", "ALTER TABLE log RENAME TO old; CREATE VIEW log AS SELECT n FROM old;"}};
const Migrations with_addition_after_rebuild{with_rebuild[0],
                                             with_rebuild[1],
                                             with_rebuild[2],
                                             {4, "0004_more", "CREATE TABLE more (x);", 3}};

StoreFault fault_of(const DatabaseSettings& where) {
  try {
    const Database database(where);
  } catch (const StoreError& error) {
    return error.fault();
  }
  FAIL("it opened");
  return StoreFault::io;
}

}  // namespace

TEST_CASE("an addition to the schema leaves an older program alone") {
  const TemporaryDirectory there;
  Database(settings(there / "db", with_addition));
  {
    Database older(settings(there / "db", recording));
    add(older, 1);
    CHECK_THROWS_AS(add(older, 1), StoreError);
  }
  const Database newer(settings(there / "db", with_addition));
  CHECK(integer_of(newer, "PRAGMA user_version") == 2);
  CHECK(integer_of(newer, "SELECT count(*) FROM log WHERE mood = 'good'") == 1);
}

TEST_CASE("a program is too old for a schema if it is too old for any of its migrations") {
  const TemporaryDirectory there;
  { const Database old(settings(there / "db", recording)); }
  Database(settings(there / "db", with_addition_after_rebuild));
  CHECK(fault_of(settings(there / "db", recording)) == StoreFault::newer);
  CHECK(fault_of(settings(there / "db", with_addition)) == StoreFault::newer);
  const Database able(settings(there / "db", with_rebuild));
  CHECK(integer_of(able, "PRAGMA user_version") == 4);
}

TEST_CASE("the message about a newer schema names the copy that this program can use") {
  const TemporaryDirectory there;
  { const Database old(settings(there / "db", recording)); }
  CHECK_FALSE(std::filesystem::exists(there / "db.v1"));
  Database(settings(there / "db", with_rebuild));
  CHECK_THROWS_WITH(Database(settings(there / "db", recording)),
                    Catch::Contains("db.v1") && Catch::Contains("docs/upgrading.md"));
  CHECK_THROWS_WITH(Database(settings(there / "db", with_addition)),
                    !Catch::Contains("db.v2") && Catch::Contains("run the newer"));
}

TEST_CASE("each failure of the database has its kind") {
  const TemporaryDirectory there;
  { const Database database(settings(there / "db")); }
  LockFile lock(there / "db.lock", false);
  REQUIRE(lock.try_lock(1, LockFile::Mode::exclusive));
  CHECK(fault_of(impatient(there / "db")) == StoreFault::busy);
  lock.unlock(1);
  CHECK(fault_of(settings(there / "absent/db")) == StoreFault::io);
  write_file(there / "text", std::string(5000, 'x'));
  CHECK(fault_of(settings(there / "text")) == StoreFault::unreadable);
  Database database(settings(there / "db"));
  add(database, 1);
  try {
    add(database, 1);
    FAIL("a key was inserted twice");
  } catch (const StoreError& error) {
    CHECK(error.fault() == StoreFault::constraint);
  }
}

TEST_CASE("a reader that does not know our locks delays nobody") {
  const TemporaryDirectory there;
  const auto where = settings(there / "db");
  {
    Database database(where);
    for (std::int64_t n = 1; n <= 20; ++n) add(database, n);
  }
  sqlite3* reader = nullptr;
  REQUIRE(sqlite3_open((there / "db").c_str(), &reader) == SQLITE_OK);
  REQUIRE(sqlite3_exec(reader, "BEGIN; SELECT * FROM log", nullptr, nullptr, nullptr) == SQLITE_OK);
  {
    Database database(where);
    add(database, 21);
  }
  const auto begun = std::chrono::steady_clock::now();
  CHECK_FALSE(Database::checkpoint(where, 0, Duration(10'000)));
  CHECK(std::chrono::steady_clock::now() - begun < Duration(1'000));
  sqlite3_close(reader);
  CHECK(Database::checkpoint(where, 0, Duration(20)));
}

// --- migrating -----------------------------------------------------------------------------------

namespace {

void make_first_version(const std::string& path) {
  Database database(settings(path, first_version));
  for (std::int64_t n = 1; n <= 3; ++n) add(database, n);
}

void check_second_version(const std::string& path) {
  const Database database(settings(path, second_version));
  CHECK(integer_of(database, "PRAGMA user_version") == 2);
  CHECK(integer_of(database, "SELECT count(*) FROM schema_migrations") == 2);
  CHECK(integer_of(database, "SELECT count(*) FROM log WHERE mood = 'good'") == 3);
}

}  // namespace

TEST_CASE("an older database is migrated, and a copy of it is kept", "[scenario-60]") {
  const TemporaryDirectory there;
  make_first_version(there / "db");
  check_second_version(there / "db");
  CHECK(numbers_in(settings(there / "db.v1", first_version)) == up_to(3));
  check_second_version(there / "db");
}

TEST_CASE("a copy of a database is read without a trace beside it") {
  const TemporaryDirectory directory;
  const auto path = directory / "log%3f#?.db";
  add(*std::make_unique<Database>(settings(path)), 1);
  auto copy = settings(path);
  copy.is_copy = true;
  SECTION("with its log") {
    CHECK(numbers_in(copy) == up_to(1));
    CHECK_THROWS_AS(add(*std::make_unique<Database>(copy), 2), StoreError);
  }
  SECTION("without a log") {
    REQUIRE(Database::checkpoint(settings(path), 0, Duration(60'000)));
    for (const char* suffix : {"-wal", "-shm", ".lock"}) std::filesystem::remove(path + suffix);
    CHECK(numbers_in(copy) == up_to(1));
    const auto entries = std::distance(std::filesystem::directory_iterator(directory.path()), {});
    CHECK(entries == 1);
  }
}

TEST_CASE("the copy of an older database is for its owner alone") {
  const TemporaryDirectory there;
  make_first_version(there / "db");
  check_second_version(there / "db");
  struct stat found {};
  REQUIRE(::stat((there / "db.v1").c_str(), &found) == 0);
  CHECK((found.st_mode & 0077U) == 0);
}

TEST_CASE("an older database can be migrated in any directory") {
  const TemporaryDirectory there;
  std::filesystem::create_directory(there / "it's");
  make_first_version(there / "it's/db");
  check_second_version(there / "it's/db");
}

TEST_CASE("if many processes find an older database, one migrates it", "[scenario-60]") {
  const TemporaryDirectory there;
  make_first_version(there / "db");
  CHECK(succeed_at_once(20, [&](int) {
          const Database database(settings(there / "db", second_version));
          expect(integer_of(database, "SELECT count(*) FROM log WHERE mood = 'good'") == 3,
                 "it is migrated");
        }) == 20);
  check_second_version(there / "db");
}

TEST_CASE("a migration that fails changes nothing, and can be repeated", "[scenario-60]") {
  const TemporaryDirectory there;
  make_first_version(there / "db");
  const Migrations broken{
      first_version[0],
      {2, "0002_broken", "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);"}};
  for (int times = 0; times < 2; ++times) {
    CHECK_THROWS_WITH(Database(settings(there / "db", broken)),
                      Catch::Contains("nowhere") && Catch::Contains(there / "db"));
    const Database database(settings(there / "db", first_version));
    CHECK(integer_of(database, "PRAGMA user_version") == 1);
    CHECK(integer_of(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'") == 0);
    CHECK(numbers_of(database) == up_to(3));
  }
  check_second_version(there / "db");
}

TEST_CASE("a migration that is killed leaves the old version, and can be repeated",
          "[scenario-60]") {
  const TemporaryDirectory there;
  make_first_version(there / "db");
  const Migrations endless{first_version[0],
                           {2, "0002_endless",
                            "CREATE TABLE half (x); INSERT INTO half WITH RECURSIVE c(n) AS"
                            " (SELECT 1 UNION ALL SELECT 1 FROM c) SELECT n FROM c WHERE n = 0;"}};
  const pid_t child = fork_child([&] { Database(settings(there / "db", endless)); });
  // At some moment after the copy has started. At each such moment, the migration can be repeated.
  while (content_of(there / "db.v1").empty()) ::usleep(1000);
  ::kill(child, SIGKILL);
  REQUIRE(was_killed(ended(child)));
  CHECK(numbers_in(settings(there / "db", first_version)) == up_to(3));
  check_second_version(there / "db");
}

// --- reading only --------------------------------------------------------------------------------

TEST_CASE("a read-only connection reads everything and changes nothing") {
  const TemporaryDirectory there;
  {
    Database database(settings(there / "db"));
    add(database, 1);
  }
  auto reading = settings(there / "db");
  reading.read_only = true;
  Database database(reading);
  CHECK(numbers_of(database) == up_to(1));
  CHECK_THROWS_AS(add(database, 2), StoreError);
  CHECK(numbers_of(database) == up_to(1));
}

TEST_CASE("a read-only connection creates and migrates nothing") {
  const TemporaryDirectory there;
  auto reading = settings(there / "db", second_version);
  reading.read_only = true;
  CHECK_THROWS_AS(Database(reading), StoreError);
  CHECK_FALSE(std::filesystem::exists(there / "db"));
  make_first_version(there / "db");
  CHECK_THROWS_WITH(Database(reading), Catch::Contains("older"));
  CHECK(numbers_in(settings(there / "db", first_version)) == up_to(3));
}

// --- writing -------------------------------------------------------------------------------------

TEST_CASE("an exception within a write rolls it back and reaches the caller", "[scenario-61]") {
  const TemporaryDirectory there;
  Database database(settings(there / "db"));
  add(database, 1);
  CHECK_THROWS_WITH(database.write(Durability::disk,
                                   [&] {
                                     database.prepare("INSERT INTO log (n) VALUES (2)").run();
                                     throw std::runtime_error("changed my mind");
                                   }),
                    "changed my mind");
  CHECK_THROWS_AS(add(database, 1), StoreError);  // 1 already exists
  add(database, 2);
  CHECK(numbers_of(database) == up_to(2));
}

TEST_CASE("writers in several processes lose nothing", "[scenario-54]") {
  const TemporaryDirectory there;
  const int succeeded = succeed_at_once(8, [&](int) {
    Database database(settings(there / "db"));
    for (int i = 0; i < 25; ++i) {
      database.write(Durability::process, [&] {
        const auto next = integer_of(database, "SELECT coalesce (max (n), 0) + 1 FROM log");
        database.prepare("INSERT INTO log (n) VALUES (?)").bind(next).run();
      });
    }
  });
  CHECK(succeeded == 8);
  CHECK(numbers_in(settings(there / "db")) == up_to(200));
}

TEST_CASE("a writer that another writer blocks fails within the busy timeout", "[scenario-54]") {
  const TemporaryDirectory there;
  const Gate writing;
  const Gate enough;
  const pid_t writer = fork_child([&] {
    Database database(settings(there / "db"));
    database.write(Durability::process, [&] {
      database.prepare("INSERT INTO log (n) VALUES (1)").run();
      writing.open();
      enough.wait();
    });
  });
  writing.wait();
  Database database(impatient(there / "db"));
  CHECK(numbers_of(database).empty());  // reading still works
  CHECK_THROWS_WITH(add(database, 2), Catch::Contains(there / "db") && Catch::Contains("locked") &&
                                          Catch::Contains("another process"));
  enough.open();
  CHECK(ended(writer) == 0);
  add(database, 2);
  CHECK(numbers_of(database) == up_to(2));
}

TEST_CASE("a connection that an exclusive lock blocks fails within the busy timeout") {
  const TemporaryDirectory there;
  { const Database database(settings(there / "db")); }
  const auto byte = GENERATE(0, 1);
  LockFile lock(there / "db.lock", false);
  REQUIRE(lock.try_lock(byte, LockFile::Mode::exclusive));
  CHECK_THROWS_WITH(Database(impatient(there / "db")),
                    Catch::Contains(there / "db") && Catch::Contains("locked"));
  CHECK_FALSE(Database::checkpoint(settings(there / "db"), 0, Duration(50)));
  lock.unlock(byte);
  CHECK(numbers_in(impatient(there / "db")).empty());
}

TEST_CASE("a killed writer leaves no lock behind", "[scenario-64]") {
  const TemporaryDirectory there;
  const int killed = run_in_child([&] {
    Database database(settings(there / "db"));
    database.write(Durability::process, [] { ::raise(SIGKILL); });
  });
  REQUIRE(was_killed(killed));
  Database database(impatient(there / "db"));
  add(database, 1);
  CHECK(numbers_of(database) == up_to(1));
}

// --- checkpoints ---------------------------------------------------------------------------------

TEST_CASE("the log is emptied only if no other process has the database open", "[scenario-62]") {
  const TemporaryDirectory there;
  const auto where = settings(there / "db");
  const auto wal_size = [&] { return std::filesystem::file_size(there / "db-wal"); };
  {
    Database database(where);
    for (std::int64_t n = 1; n <= 20; ++n) add(database, n);
    CHECK_FALSE(Database::checkpoint(where, 0, Duration(20)));
    CHECK(wal_size() > 0);
    add(database, 21);
  }
  CHECK(wal_size() > 0);  // closing does not empty it either
  CHECK(Database::checkpoint(where, 1 << 30, Duration(20)));
  CHECK(wal_size() > 0);  // the log is smaller than the limit
  CHECK(Database::checkpoint(where, 0, Duration(20)));
  CHECK(wal_size() == 0);
  CHECK(numbers_in(where) == up_to(21));
}

TEST_CASE("a checkpoint does not create a database") {
  const TemporaryDirectory there;
  CHECK(Database::checkpoint(settings(there / "db"), 0, Duration(20)));
  CHECK_FALSE(std::filesystem::exists(there / "db"));
}

TEST_CASE("checkpoints in the middle of many short writers lose nothing", "[scenario-56]") {
  const TemporaryDirectory there;
  const auto where = settings(there / "db");
  const int succeeded = succeed_at_once(6, [&](int process) {
    for (int i = 0; i < 40; ++i) {
      if (process >= 4) {
        Database::checkpoint(where, 0, Duration(1'000));
      } else {
        Database database(where);
        add(database, process * 40 + i + 1);
      }
    }
  });
  CHECK(succeeded == 6);
  const Database database(where);
  CHECK(numbers_of(database) == up_to(160));
  CHECK(integrity_of(database) == "ok");
}

// --- a full disk ---------------------------------------------------------------------------------

namespace {

// A small disk in a private mount namespace of the calling process. It ends with that process.
bool mount_small_disk(const std::string& place) {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("small", place.c_str(), "tmpfs", 0, "size=1m") == 0;
}

// Adds rows until that fails, and returns the reason.
std::string fill(Database& database) {
  for (std::int64_t n = 4; n < 1000; ++n) {
    try {
      add(database, n, 40'000);
    } catch (const StoreError& error) {
      return error.what();
    }
  }
  return "";
}

}  // namespace

TEST_CASE("on a full disk, writing fails cleanly and the old data can be read", "[scenario-57]") {
  const TemporaryDirectory there;
  constexpr int no_disk = 77;
  const int status = run_in_child([&] {
    if (!mount_small_disk(there.path())) ::_exit(no_disk);
    const auto where = settings(there / "db");
    Database database(where);
    for (std::int64_t n = 1; n <= 3; ++n) add(database, n);
    const auto reason = fill(database);
    expect(reason.find("full") != std::string::npos, "the message names the reason: " + reason);
    expect(reason.find("make room") != std::string::npos, "the message gives advice: " + reason);
    const auto numbers = numbers_of(database);
    expect(numbers == up_to(static_cast<std::int64_t>(numbers.size())) && numbers.size() > 3,
           "the committed rows exist");
    expect(numbers_in(where) == numbers, "another connection reads the same");
    expect(integrity_of(database) == "ok", "the database is sound");
  });
  if (WIFEXITED(status) && WEXITSTATUS(status) == no_disk) {
    WARN("no disk can be mounted here: nothing was shown");
    return;
  }
  CHECK(status == 0);
}

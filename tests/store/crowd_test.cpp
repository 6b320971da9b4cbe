// Many processes at once, before the database exists.
#include <sched.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "host/format.h"
#include "tests/store/faulty_vfs.h"
#include "tests/store/steps.h"
#include "tests/unit/log_database.h"

using namespace containerizer;
using namespace containerizer::store;

namespace {

void insert_own(const std::string& directory, int i) {
  Store store(settings_in(directory));
  expect(store.insert(new_container(formatted("c{}", i)), {}, {}, "test"), "the row is new");
}

}  // namespace

TEST_CASE("50 processes that open a missing store create it once", "[scenario-53]") {
  const TemporaryDirectory there;
  CHECK(succeed_at_once(50, [&](int i) { insert_own(there.path(), i); }) == 50);
  const Database database(settings_in(there.path()));
  CHECK(integer_of(database, "SELECT count(*) FROM schema_migrations") ==
        static_cast<std::int64_t>(embedded_migrations().size()));
  CHECK(integer_of(database, "SELECT count(*) FROM containers") == 50);
  CHECK(complaints_about(database) == "");
}

TEST_CASE("if two processes find no store, the second does not copy the store of the first",
          "[scenario-53]") {
  const TemporaryDirectory there;
  const Gate looking;
  const Gate waited_for;
  const pid_t second = fork_child([&] {
    InterruptedDisk disk(1, [&] {
      looking.open();
      waited_for.wait();
    });
    const FaultyVfs vfs(disk);
    insert_own(there.path(), 2);
  });
  looking.wait();
  const pid_t first = fork_child([&] { insert_own(there.path(), 1); });
  // The first process has found no database. It waits for the second, which is stopped while
  // looking.
  const LockFile lock(there / "state.db.lock", false);
  constexpr int gate_of_openers = 0;
  while (!lock.is_held(gate_of_openers)) ::sched_yield();
  waited_for.open();
  CHECK(ended(first) == 0);
  CHECK(ended(second) == 0);
  CHECK_FALSE(std::filesystem::exists(there / "state.db.v1"));
  CHECK(integer_of(Database(settings_in(there.path())), "SELECT count(*) FROM containers") == 2);
}

TEST_CASE("if a process is killed while it creates the store, the next one completes it",
          "[scenario-53]") {
  const TemporaryDirectory there;
  constexpr int victims = 30;
  const int succeeded = succeed_at_once(50, [&](int i) {
    const bool is_victim = i < victims;
    InterruptedDisk disk(is_victim ? 1 + 4 * i : 0, [] { ::raise(SIGKILL); });
    const FaultyVfs vfs(disk);
    insert_own(there.path(), i);
  });
  CHECK(succeeded >= 50 - victims);
  CHECK(succeeded < 50);
  const Database database(settings_in(there.path()));
  CHECK(integer_of(database, "SELECT count(*) FROM schema_migrations") ==
        static_cast<std::int64_t>(embedded_migrations().size()));
  CHECK(integer_of(database, "SELECT count(*) FROM containers") >= succeeded);
  CHECK(complaints_about(database) == "");
}

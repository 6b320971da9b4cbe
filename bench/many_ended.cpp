#include "bench/many_ended.h"

#include <filesystem>
#include <stdexcept>

#include "engine/lifecycle/lifecycle.h"
#include "host/clock.h"
#include "host/format.h"
#include "store/database.h"

namespace containerizer::bench {
namespace {

constexpr int at_once = 10'000;

// The tables, with the columns that must differ in a copy, apart from the container's ID.
constexpr std::pair<const char*, const char*> tables[] = {
    {"containers", ", nonce = lower (hex (randomblob (16)))"},
    {"launches", ""},
    {"supervisors", ""},
    {"requests", ""},
    {"limits", ""},
    {"history", ", sequence = NULL"},
    {"terminations", ""},
};

// Without the columns that the database computes. A statement that is open locks tables.
std::string columns_of(const store::Database& database, const char* table) {
  auto columns = database.prepare(
      formatted("SELECT group_concat (name) FROM pragma_table_info ('{}')", table));
  columns.step();
  return columns.text(0);
}

void add_copies(const store::Database& database, const std::string& id, int first, int count) {
  const auto execute = [&](const std::string& sql) { database.prepare(sql).run(); };
  for (const auto& [table, change] : tables) {
    execute(
        formatted("CREATE TEMP TABLE copy AS WITH RECURSIVE numbers (n) AS (VALUES ({}) UNION ALL"
                  " SELECT n + 1 FROM numbers WHERE n < {}) SELECT n, original.* FROM numbers,"
                  " {} original WHERE container_id = '{}' ORDER BY n",
                  first, first + count - 1, table, id));
    execute(
        formatted("UPDATE copy SET container_id = substr (container_id, 1, 28) ||"
                  " printf ('%08x', n){}",
                  change));
    execute("ALTER TABLE copy DROP COLUMN n");
    execute(formatted("INSERT INTO {0} ({1}) SELECT {1} FROM copy", table,
                      columns_of(database, table)));
    execute("DROP TABLE copy");
  }
}

double size_of(const store::DatabaseSettings& settings) {
  return static_cast<double>(std::filesystem::file_size(settings.path));
}

void empty_the_log(const store::DatabaseSettings& settings) {
  if (!store::Database::checkpoint(settings, 0, Duration(10'000))) {
    throw std::runtime_error("cannot empty the log of " + settings.path);
  }
}

}  // namespace

Task run_to_the_end(const Slave& slave) {
  auto task = slave.new_task("exit 0");
  run(slave.launch(task));
  run(slave.verb("wait", task));
  store::Store records(slave.database());
  const auto deadline = deadline_in(Duration(60'000));
  while (records.find(task.id)->state != name_of(State::gone)) {
    if (time_left(deadline) == Duration::zero())
      throw std::runtime_error("a task did not end in time");
    sleep_for(Duration(10));
  }
  return task;
}

void add_live_rows(const Slave& slave, int count) {
  store::Database database(slave.database());
  database.write(store::Durability::process, [&] {
    database
        .prepare(
            "INSERT INTO containers (container_id, state, state_since_at, state_since_monotonic,"
            " kind, slave_id, framework_id, executor_id, directory, nonce, boot_id, created_at)"
            " WITH RECURSIVE numbers (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers"
            " WHERE n < ?) SELECT 'live-' || n, 'Running', 1, 1, 'custom', 'S', 'F', 'E', '/',"
            " lower (hex (randomblob (16))), 'boot', 1 FROM numbers")
        .bind(std::int64_t{count})
        .run();
  });
}

double add_many_ended(const Slave& slave) {
  const auto settings = slave.database();
  const auto original = run_to_the_end(slave);
  empty_the_log(settings);
  const double before = size_of(settings);
  for (int first = 1; first <= many_ended; first += at_once) {
    {
      store::Database database(settings);
      database.write(store::Durability::process,
                     [&] { add_copies(database, original.id, first, at_once); });
    }
    empty_the_log(settings);
  }
  return (size_of(settings) - before) / many_ended;
}

}  // namespace containerizer::bench

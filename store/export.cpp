#include "store/export.h"

#include "host/format.h"

namespace containerizer::store {
namespace {

// Another process can commit an event a moment after it has read the clock, and the slave's clock
// can be set back. A row that is exported twice does no harm.
constexpr std::int64_t margin_ms = 3'600'000;

// A container can have changed if it has a new event, is not Gone, or was delivered since the last
// export.
constexpr const char* changed =
    "SELECT container_id FROM history WHERE sequence > ?1"
    " UNION SELECT container_id FROM containers WHERE state <> 'Gone'"
    " UNION SELECT container_id FROM containers WHERE delivered_at IS NULL"
    " UNION SELECT container_id FROM containers WHERE state = 'Gone' AND delivered_at >= ?2";

struct Table {
  const char* name;
  const char* columns;
  const char* order;
};

constexpr Table tables[] = {
    {"containers",
     "container_id, state, version, state_since_at, state_since_monotonic, kind, slave_id,"
     " framework_id, executor_id, task_id, task_name, user, directory, nonce, boot_id, created_at,"
     " image, docker_id, init_pid, init_start, executor_pid, executor_start, delivered_at",
     "created_at, container_id"},
    {"limits", "container_id, ticket, cpus, memory, hard_memory", "container_id"},
    {"supervisors", "container_id, pid, start, boot_id, since_at", "container_id"},
    {"requests", "container_id, kind, requested_at", "container_id, kind"},
    {"terminations",
     "container_id, kind, step, exit_code, signal, message, recorded_at, ended_by, peak_memory,"
     " ending",
     "recorded_at, container_id"},
};

Cell cell_of(const Statement& row, int column) {
  switch (row.type(column)) {
    case ColumnType::null:
      return {};
    case ColumnType::integer:
      return row.integer(column);
    case ColumnType::real:
      return row.real(column);
    case ColumnType::text:
      break;
  }
  return row.text(column);
}

void take_rows(Statement& rows, const char* table, const std::function<void(const Row&)>& take) {
  while (rows.step()) {
    Row row{table, {}};
    for (int i = 0; i < rows.columns(); ++i) row.cells.emplace_back(rows.name(i), cell_of(rows, i));
    take(row);
  }
}

std::int64_t number(const Database& database, const char* sql) {
  auto row = database.prepare(sql);
  return row.step() ? row.integer(0) : 0;
}

}  // namespace

Head read_head(const Database& database) {
  Head head;
  auto instance = database.prepare("SELECT id FROM instance");
  if (instance.step()) head.instance = instance.text(0);
  head.newest_event = number(database, "SELECT seq FROM sqlite_sequence WHERE name = 'history'");
  return head;
}

std::int64_t export_rows(const Database& database, std::int64_t after,
                         const std::function<void(const Row&)>& take) {
  database.prepare("BEGIN").run();
  const auto last = read_head(database).newest_event;
  auto before = database.prepare("SELECT max (at) FROM history WHERE sequence <= ?");
  before.bind(after).step();
  const auto since = before.integer(0) - margin_ms;
  auto migrations = database.prepare("SELECT version, name, applied_at FROM schema_migrations");
  take_rows(migrations, "schema_migrations", take);
  auto recoveries = database.prepare("SELECT at, boot_id FROM recoveries WHERE at >= ?");
  recoveries.bind(since);
  take_rows(recoveries, "recoveries", take);
  auto returns = database.prepare("SELECT at FROM daemon_returns WHERE at >= ?");
  returns.bind(since);
  take_rows(returns, "daemon_returns", take);
  for (const auto& table : tables) {
    auto rows = database.prepare(
        formatted("WITH changed (id) AS ({}) SELECT {} FROM {} WHERE container_id IN changed"
                  " ORDER BY {}",
                  changed, table.columns, table.name, table.order));
    rows.bind(after).bind(since);
    take_rows(rows, table.name, take);
  }
  auto events = database.prepare(
      "SELECT sequence, container_id, from_state, event, to_state, at, monotonic, actor, detail"
      " FROM history WHERE sequence > ? ORDER BY sequence");
  events.bind(after);
  take_rows(events, "history", take);
  database.prepare("COMMIT").run();
  return last;
}

}  // namespace containerizer::store

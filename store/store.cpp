#include "store/store.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "host/format.h"

namespace containerizer::store {
namespace {

constexpr std::string_view container_columns =
    "container_id, state, version, state_since_at, state_since_monotonic, kind, slave_id,"
    " framework_id, executor_id, task_id, task_name, user, directory, nonce, boot_id, created_at,"
    " image, docker_id, init_pid, init_start, executor_pid, executor_start, delivered_at";
constexpr int container_column_count = 23;

std::optional<ProcessId> read_process(const Statement& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return ProcessId{static_cast<pid_t>(row.integer(column)),
                   static_cast<std::uint64_t>(row.integer(column + 1))};
}

Container read_container(const Statement& row) {
  Container c;
  c.container_id = row.text(0);
  c.state = row.text(1);
  c.version = row.integer(2);
  c.since = {row.integer(3), row.integer(4)};
  c.kind = row.text(5);
  c.slave_id = row.text(6);
  c.framework_id = row.text(7);
  c.executor_id = row.text(8);
  c.task_id = row.optional_text(9);
  c.task_name = row.optional_text(10);
  c.user = row.optional_text(11);
  c.directory = row.text(12);
  c.nonce = row.text(13);
  c.boot_id = row.text(14);
  c.created_at = row.integer(15);
  c.image = row.optional_text(16);
  c.docker_id = row.optional_text(17);
  c.init = read_process(row, 18);
  c.executor = read_process(row, 20);
  c.delivered_at = row.optional_integer(22);
  return c;
}

constexpr std::string_view termination_columns =
    "t.kind, t.step, t.exit_code, t.signal, t.message, t.recorded_at, t.ended_by, t.peak_memory,"
    " t.ending";
constexpr int termination_column_count = 9;

// From the column `at` on, here and below.
Termination read_termination(const Statement& row, int at) {
  Termination termination;
  termination.kind = row.text(at);
  termination.step = row.optional_text(at + 1);
  if (!row.is_null(at + 2)) termination.exit_code = static_cast<int>(row.integer(at + 2));
  if (!row.is_null(at + 3)) termination.signal = static_cast<int>(row.integer(at + 3));
  termination.message = row.text(at + 4);
  termination.recorded_at = row.integer(at + 5);
  termination.ended_by = row.optional_text(at + 6);
  termination.peak_memory = row.optional_integer(at + 7);
  termination.ending = row.text(at + 8);
  return termination;
}

Limits read_limits(const Statement& row, int at) {
  return {row.integer(at), row.optional_real(at + 1), row.optional_integer(at + 2),
          row.optional_integer(at + 3)};
}

void bind_process(Statement& statement, const std::optional<ProcessId>& process) {
  if (!process) {
    statement.bind_null().bind_null();
    return;
  }
  statement.bind(std::int64_t{process->pid}).bind(static_cast<std::int64_t>(process->start));
}

std::vector<Container> read_all(Statement& rows) {
  std::vector<Container> all;
  while (rows.step()) all.push_back(read_container(rows));
  return all;
}

void add_history(const Database& database, const Container& container, std::string_view from,
                 const Advance& step, const Instant& at) {
  auto row = database.prepare(
      "INSERT INTO history (container_id, from_state, event, to_state, at, monotonic, actor, "
      "detail)"
      " VALUES (?, nullif (?, ''), ?, ?, ?, ?, ?, ?)");
  row.bind(container.container_id).bind(from).bind(step.event).bind(step.to_state);
  row.bind(at.wall).bind(at.monotonic).bind(step.actor).bind(step.detail).run();
}

// The first termination wins: a later process knows no more about the end than the one that saw it.
void add_termination(const Database& database, const std::string& container_id,
                     const Termination& termination, const Instant& at) {
  auto row = database.prepare(
      "INSERT INTO terminations (container_id, kind, step, exit_code, signal, message, recorded_at,"
      " ended_by, peak_memory) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const auto widen = [](const std::optional<int>& value) -> std::optional<std::int64_t> {
    if (!value) return std::nullopt;
    return *value;
  };
  row.bind(container_id).bind(termination.kind).bind(termination.step);
  row.bind(widen(termination.exit_code)).bind(widen(termination.signal)).bind(termination.message);
  row.bind(at.wall).bind(termination.ended_by).bind(termination.peak_memory).run();
}

void update_columns(const Database& database, const Container& c, std::int64_t expected_version) {
  auto row = database.prepare(
      "UPDATE containers SET state = ?, version = ?, state_since_at = ?, state_since_monotonic = ?,"
      " boot_id = ?, image = ?, docker_id = ?, init_pid = ?, init_start = ?, executor_pid = ?,"
      " executor_start = ? WHERE container_id = ? AND version = ?");
  row.bind(c.state).bind(c.version).bind(c.since.wall).bind(c.since.monotonic);
  row.bind(c.boot_id).bind(c.image).bind(c.docker_id);
  bind_process(row, c.init);
  bind_process(row, c.executor);
  row.bind(c.container_id).bind(expected_version);
  if (row.run() != 1) {
    throw OwnershipLost(formatted("container {}: another process changed its row after version {}",
                                  c.container_id, expected_version));
  }
}

constexpr const char* name_of(Purpose purpose) {
  switch (purpose) {
    case Purpose::launch:
      return "launch";
    case Purpose::update:
      return "update";
    case Purpose::destroy:
      return "destroy";
    case Purpose::end:
      break;
  }
  return "end";
}

void add_caller(const Database& database, const std::string& container_id, Purpose purpose,
                const ProcessId& caller, std::int64_t monotonic) {
  auto row = database.prepare(
      "INSERT OR REPLACE INTO callers (container_id, purpose, pid, start, boot_id, monotonic)"
      " SELECT container_id, ?, ?, ?, ?, ? FROM containers WHERE container_id = ?");
  row.bind(name_of(purpose)).bind(std::int64_t{caller.pid});
  row.bind(static_cast<std::int64_t>(caller.start)).bind(this_boot()).bind(monotonic);
  row.bind(container_id).run();
}

// In the order of their sequence, or against it.
std::vector<HistoryEntry> read_history(const Database& database, const HistorySelection& selection,
                                       const char* order, std::int64_t most) {
  auto row = database.prepare(formatted(
      "SELECT sequence, container_id, from_state, event, to_state, at, monotonic, actor, detail"
      " FROM history WHERE {} sequence > ?1 AND (?2 IS NULL OR at >= ?2)"
      " AND (?3 IS NULL OR at <= ?3) ORDER BY sequence {} LIMIT ?4",
      selection.container_id ? "container_id = ?5 AND" : "", order));
  row.bind(selection.after).bind(selection.since).bind(selection.until).bind(most);
  if (selection.container_id) row.bind(*selection.container_id);
  std::vector<HistoryEntry> entries;
  while (row.step()) {
    entries.push_back({row.integer(0),
                       row.text(1),
                       row.optional_text(2),
                       row.text(3),
                       row.text(4),
                       {row.integer(5), row.integer(6)},
                       row.text(7),
                       row.text(8)});
  }
  return entries;
}

}  // namespace

Store::Store(DatabaseSettings settings) : settings_(std::move(settings)) {}

void Store::open_only_if(std::function<Status()> check) { check_ = std::move(check); }

Database& Store::database() {
  if (check_) {
    if (const auto checked = check_(); !checked.ok()) throw UnsafeDirectory(checked.failure().text);
    check_ = nullptr;
  }
  if (!database_) database_ = std::make_unique<Database>(settings_);
  return *database_;
}

void Store::close() { database_.reset(); }

Instant Store::now() const {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  return {duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count(),
          duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count()};
}

bool Store::insert(Container c, const Launch& launch, const Limits& limits,
                   const std::string& actor) {
  bool inserted = false;
  auto& db = database();
  db.write(Durability::disk, [&] {
    // Read the clock within the transaction, so that the times have the order of the history.
    c.since = now();
    c.created_at = c.since.wall;
    auto row = db.prepare(formatted(
        "INSERT INTO containers ({}) VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
        " ?, ?, ?, ?, ?) ON CONFLICT (container_id) DO NOTHING",
        container_columns));
    row.bind(c.container_id).bind(c.state).bind(c.since.wall).bind(c.since.monotonic).bind(c.kind);
    row.bind(c.slave_id).bind(c.framework_id).bind(c.executor_id).bind(c.task_id);
    row.bind(c.task_name).bind(c.user).bind(c.directory).bind(c.nonce).bind(c.boot_id);
    row.bind(c.created_at).bind(c.image).bind(c.docker_id);
    bind_process(row, c.init);
    bind_process(row, c.executor);
    row.bind(c.delivered_at);
    inserted = row.run() == 1;
    if (!inserted) return;
    db.prepare(
          "INSERT INTO launches (container_id, request, environment, request_hash)"
          " VALUES (?, ?, ?, nullif (?, ''))")
        .bind(c.container_id)
        .bind_blob(launch.request)
        .bind_blob(launch.environment)
        .bind(launch.request_hash)
        .run();
    db.prepare("INSERT INTO limits (container_id, cpus, memory, hard_memory) VALUES (?, ?, ?, ?)")
        .bind(c.container_id)
        .bind(limits.cpus)
        .bind(limits.memory)
        .bind(limits.hard_memory)
        .run();
    Advance first;
    first.event = "Launch";
    first.to_state = c.state;
    first.actor = actor;
    add_history(db, c, "", first, c.since);
  });
  return inserted;
}

std::optional<Container> Store::find(const std::string& container_id) {
  auto row = database().prepare(
      formatted("SELECT {} FROM containers WHERE container_id = ?", container_columns));
  row.bind(container_id);
  if (!row.step()) return std::nullopt;
  return read_container(row);
}

bool Store::has_nonce(const std::string& nonce) {
  auto row = database().prepare("SELECT 1 FROM containers WHERE nonce = ?");
  row.bind(nonce);
  return row.step();
}

std::optional<Launch> Store::launch_of(const std::string& container_id) {
  auto row = database().prepare(
      "SELECT request, environment, request_hash FROM launches WHERE container_id = ?");
  row.bind(container_id);
  if (!row.step()) return std::nullopt;
  return Launch{row.text(0), row.text(1), row.text(2)};
}

std::optional<Limits> Store::limits_of(const std::string& container_id) {
  auto row = database().prepare(
      "SELECT ticket, cpus, memory, hard_memory FROM limits WHERE container_id = ?");
  row.bind(container_id);
  if (!row.step()) return std::nullopt;
  return read_limits(row, 0);
}

std::optional<Termination> Store::termination_of(const std::string& container_id) {
  auto row = database().prepare(
      formatted("SELECT {} FROM terminations t WHERE container_id = ?", termination_columns));
  row.bind(container_id);
  if (!row.step()) return std::nullopt;
  return read_termination(row, 0);
}

std::vector<Record> Store::records(const Selection& selection) {
  const bool all = selection.scope == Selection::Scope::all;
  std::string wanted = all ? "1" : "state <> 'Gone'";
  if (selection.scope == Selection::Scope::active) wanted += " AND state <> 'Removing'";
  std::vector<std::string> values;
  const std::pair<const char*, const std::string&> columns[] = {
      {"container_id", selection.container_id},
      {"state", selection.state},
      {"framework_id", selection.framework},
      {"image", selection.image}};
  for (const auto& [column, value] : columns) {
    if (value.empty()) continue;
    wanted += formatted(" AND {} = ?", column);
    values.push_back(value);
  }
  if (selection.since) wanted += formatted(" AND state_since_at >= {}", *selection.since);
  auto rows = database().prepare(formatted(
      "SELECT c.*, {}, l.ticket, l.cpus, l.memory, l.hard_memory, s.pid, s.start, s.boot_id,"
      " s.since_at FROM (SELECT {} FROM containers WHERE {}) c"
      " LEFT JOIN terminations t USING (container_id) LEFT JOIN limits l USING (container_id)"
      " LEFT JOIN supervisors s USING (container_id) {} ORDER BY c.created_at {} LIMIT {}",
      termination_columns, container_columns, wanted,
      selection.failed ? "WHERE t.ending NOT IN ('exit 0', 'killed')" : "", all ? "DESC" : "",
      selection.most));
  for (const auto& value : values) rows.bind(value);
  std::vector<Record> records;
  constexpr int termination = container_column_count;
  constexpr int limits = termination + termination_column_count;
  constexpr int supervisor = limits + 4;
  while (rows.step()) {
    Record record;
    record.container = read_container(rows);
    if (!rows.is_null(termination)) record.termination = read_termination(rows, termination);
    if (!rows.is_null(limits)) record.limits = read_limits(rows, limits);
    if (const auto process = read_process(rows, supervisor)) {
      record.supervisor = {*process, rows.text(supervisor + 2), rows.integer(supervisor + 3)};
    }
    records.push_back(std::move(record));
  }
  return records;
}

Requests Store::requests_of(const std::string& container_id) {
  auto row = database().prepare("SELECT kind FROM requests WHERE container_id = ?");
  row.bind(container_id);
  Requests requests;
  while (row.step()) {
    if (row.text(0) == "stop") requests.stop = true;
    if (row.text(0) == "destroy") requests.destroy = true;
  }
  return requests;
}

std::optional<ProcessId> Store::supervisor_of(const std::string& container_id) {
  // A PID of an earlier boot may be that of any process by now.
  auto row = database().prepare(
      "SELECT pid, start FROM supervisors WHERE container_id = ? AND boot_id = ?");
  row.bind(container_id).bind(this_boot());
  if (!row.step()) return std::nullopt;
  return read_process(row, 0);
}

std::vector<HistoryEntry> Store::history(const std::optional<std::string>& container_id,
                                         std::int64_t most) {
  HistorySelection selection;
  selection.container_id = container_id;
  return last_entries(selection, most);
}

std::vector<HistoryEntry> Store::last_entries(const HistorySelection& selection,
                                              std::int64_t most) {
  auto entries = read_history(database(), selection, "DESC", most);
  std::reverse(entries.begin(), entries.end());
  return entries;
}

std::vector<HistoryEntry> Store::first_entries(const HistorySelection& selection,
                                               std::int64_t most) {
  return read_history(database(), selection, "ASC", most);
}

bool Store::has_event(const std::string& container_id, const std::string& event) {
  auto row = database().prepare("SELECT 1 FROM history WHERE container_id = ? AND event = ?");
  row.bind(container_id).bind(event);
  return row.step();
}

std::vector<Container> Store::live() {
  auto rows = database().prepare(formatted(
      "SELECT {} FROM containers WHERE state <> 'Gone' ORDER BY created_at", container_columns));
  return read_all(rows);
}

std::vector<Container> Store::matching(const std::string& text) {
  if (auto exact = find(text)) return {std::move(*exact)};
  // Each alternative has its index: a scan of 100,000 containers would be felt.
  auto rows = database().prepare(formatted(
      "SELECT {} FROM containers WHERE (container_id >= ?1 AND container_id < ?1 || ?2)"
      " OR (docker_id IS NOT NULL AND substr (docker_id, 1, 12) >= substr (?1, 1, 12)"
      " AND substr (docker_id, 1, 12) < substr (?1, 1, 12) || ?2"
      " AND substr (docker_id, 1, length (?1)) = ?1) OR task_name = ?1 ORDER BY created_at",
      container_columns));
  constexpr std::string_view last_character = "\xf4\x8f\xbf\xbf";  // of Unicode
  rows.bind(text).bind(last_character);
  return read_all(rows);
}

std::vector<Container> Store::everything() {
  auto rows = database().prepare(
      formatted("SELECT {} FROM containers ORDER BY created_at", container_columns));
  return read_all(rows);
}

std::vector<std::string> Store::undelivered() {
  auto row = database().prepare(
      "SELECT container_id FROM containers WHERE delivered_at IS NULL ORDER BY container_id");
  std::vector<std::string> ids;
  while (row.step()) ids.push_back(row.text(0));
  return ids;
}

void Store::advance(Container& container, const Advance& step) {
  // The caller's container changes only after the commit.
  Container next = container;
  next.state = step.to_state;
  next.version = container.version + 1;
  auto& db = database();
  db.write(step.durability, [&] {
    next.since = now();
    update_columns(db, next, container.version);
    add_history(db, next, container.state, step, next.since);
    // A row outlives its container by weeks; the secrets of the task must not.
    if (next.state == "Gone") {
      db.prepare("UPDATE launches SET request = x'', environment = x'' WHERE container_id = ?")
          .bind(next.container_id)
          .run();
    }
    if (step.termination) {
      add_termination(db, next.container_id, *step.termination, next.since);
    }
  });
  container = next;
}

void Store::amend(Container& container) {
  Container next = container;
  next.version = container.version + 1;
  auto& db = database();
  db.write(Durability::process, [&] { update_columns(db, next, container.version); });
  container = next;
}

void Store::set_supervisor(const std::string& container_id, const ProcessId& supervisor) {
  auto& db = database();
  db.write(Durability::process, [&] {
    db.prepare(
          "INSERT OR REPLACE INTO supervisors (container_id, pid, start, boot_id, since_at)"
          " VALUES (?, ?, ?, ?, ?)")
        .bind(container_id)
        .bind(std::int64_t{supervisor.pid})
        .bind(static_cast<std::int64_t>(supervisor.start))
        .bind(this_boot())
        .bind(now().wall)
        .run();
  });
}

void Store::set_hard_memory(const std::string& container_id, std::int64_t bytes) {
  auto& db = database();
  db.write(Durability::process, [&] {
    db.prepare("UPDATE limits SET hard_memory = ? WHERE container_id = ?")
        .bind(bytes)
        .bind(container_id)
        .run();
  });
}

bool Store::request(const std::string& container_id, const std::string& kind) {
  bool added = false;
  auto& db = database();
  db.write(Durability::disk, [&] {
    added = db.prepare(
                  "INSERT INTO requests (container_id, kind, requested_at) VALUES (?, ?, ?)"
                  " ON CONFLICT DO NOTHING")
                .bind(container_id)
                .bind(kind)
                .bind(now().wall)
                .run() == 1;
  });
  return added;
}

std::int64_t Store::set_limits(const std::string& container_id, std::optional<double> cpus,
                               std::optional<std::int64_t> memory) {
  std::int64_t ticket = 0;
  auto& db = database();
  db.write(Durability::process, [&] {
    auto row = db.prepare(
        "UPDATE limits SET ticket = ticket + 1, cpus = coalesce (?, cpus),"
        " memory = coalesce (?, memory) WHERE container_id = ? RETURNING ticket");
    row.bind(cpus).bind(memory).bind(container_id);
    if (row.step()) ticket = row.integer(0);
  });
  return ticket;
}

void Store::deliver(const std::string& container_id, const std::optional<ProcessId>& reader) {
  auto& db = database();
  db.write(Durability::disk, [&] {
    if (reader) add_caller(db, container_id, Purpose::end, *reader, now().monotonic);
    db.prepare(
          "UPDATE containers SET delivered_at = coalesce (delivered_at, ?)"
          " WHERE container_id = ?")
        .bind(now().wall)
        .bind(container_id)
        .run();
  });
}

void Store::note_caller(const std::string& container_id, Purpose purpose, const ProcessId& caller) {
  auto& db = database();
  db.write(Durability::process,
           [&] { add_caller(db, container_id, purpose, caller, now().monotonic); });
}

std::optional<ProcessId> Store::caller_of(const std::string& container_id, Purpose purpose) {
  auto row = database().prepare(
      "SELECT pid, start FROM callers WHERE container_id = ? AND purpose = ? AND boot_id = ?");
  row.bind(container_id).bind(name_of(purpose)).bind(this_boot());
  if (!row.step()) return std::nullopt;
  return read_process(row, 0);
}

std::vector<Reading> Store::last_readings(Duration span) {
  auto row = database().prepare(
      "WITH last AS (SELECT pid, start, max(monotonic) AS at FROM callers WHERE boot_id = ?1"
      " GROUP BY pid, start)"
      " SELECT c.container_id, c.pid, c.start FROM last JOIN callers c ON c.boot_id = ?1"
      " AND c.pid = last.pid AND c.start = last.start AND c.monotonic >= last.at - ?2"
      " WHERE c.purpose = 'end' ORDER BY c.container_id");
  row.bind(this_boot()).bind(std::int64_t{span.count()});
  std::vector<Reading> readings;
  while (row.step()) readings.push_back({row.text(0), read_process(row, 1).value_or(ProcessId{})});
  return readings;
}

std::string Store::integrity() {
  auto row = database().prepare("PRAGMA quick_check (1)");
  if (!row.step()) return "no answer";
  const auto answer = row.text(0);
  return answer == "ok" ? "" : answer;
}

Figures Store::figures() { return read_figures(database()); }

void Store::note_recovery(const std::string& boot, std::int64_t oldest) {
  auto& db = database();
  db.write(Durability::process, [&] {
    db.prepare("DELETE FROM recoveries WHERE at < ?").bind(oldest).run();
    db.prepare("DELETE FROM daemon_returns WHERE at < ?").bind(oldest).run();
    db.prepare("INSERT INTO recoveries (at, boot_id) VALUES (?, ?)")
        .bind(now().wall)
        .bind(boot)
        .run();
  });
}

void Store::note_daemon_return() {
  constexpr std::int64_t same_return_ms = 60'000;
  auto& db = database();
  db.write(Durability::process, [&] {
    db.prepare(
          "INSERT INTO daemon_returns (at) SELECT ?1 WHERE NOT EXISTS"
          " (SELECT 1 FROM daemon_returns WHERE abs (at - ?1) < ?2)")
        .bind(now().wall)
        .bind(same_return_ms)
        .run();
  });
}

int Store::prune(std::int64_t wall, int most) {
  int pruned = 0;
  auto& db = database();
  db.write(Durability::process, [&] {
    pruned = db.prepare(
                   "DELETE FROM containers WHERE container_id IN (SELECT container_id FROM"
                   " containers WHERE state = 'Gone' AND delivered_at < ? LIMIT ?)")
                 .bind(wall)
                 .bind(std::int64_t{most})
                 .run();
  });
  return pruned;
}

std::string Store::set_aside() {
  close();
  auto path = formatted("{}.unreadable-{}", settings_.path, now().wall);
  Database::set_aside(settings_, path);
  return path;
}

bool Store::checkpoint() {
  close();
  // A process that opens the database while no other process has it open reads the whole log first.
  // The log is therefore emptied when it is worth it and no other process is in the way. Only a
  // very large log is worth a long wait for the other processes.
  constexpr std::int64_t wal_worth_emptying = 256 << 10;
  constexpr std::int64_t wal_too_large = 64 << 20;
  if (Database::checkpoint(settings_, wal_too_large, Duration(10'000))) {
    Database::checkpoint(settings_, wal_worth_emptying, Duration(50));
    return true;
  }
  return false;
}

}  // namespace containerizer::store

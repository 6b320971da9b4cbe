#include "store/store.h"

#include <fmt/core.h>

#include <chrono>
#include <utility>

namespace containerizer::store {
namespace {

constexpr std::string_view container_columns =
    "container_id, state, version, state_since_at, state_since_monotonic, kind, slave_id,"
    " framework_id, executor_id, task_id, task_name, user, directory, nonce, boot_id, created_at,"
    " image, docker_id, init_pid, init_start, executor_pid, executor_start, delivered_at";

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
    "kind, step, exit_code, signal, message, recorded_at";
constexpr int termination_column_count = 6;

Termination read_termination(const Statement& row) {
  Termination termination;
  termination.kind = row.text(0);
  termination.step = row.optional_text(1);
  if (!row.is_null(2)) termination.exit_code = static_cast<int>(row.integer(2));
  if (!row.is_null(3)) termination.signal = static_cast<int>(row.integer(3));
  termination.message = row.text(4);
  termination.recorded_at = row.integer(5);
  return termination;
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
      "INSERT INTO terminations (container_id, kind, step, exit_code, signal, message, recorded_at)"
      " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
  const auto widen = [](const std::optional<int>& value) -> std::optional<std::int64_t> {
    if (!value) return std::nullopt;
    return *value;
  };
  row.bind(container_id).bind(termination.kind).bind(termination.step);
  row.bind(widen(termination.exit_code)).bind(widen(termination.signal)).bind(termination.message);
  row.bind(at.wall).run();
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
    throw OwnershipLost(
        fmt::format("container {}: another process changed its row after version {};"
                    " two supervisors own this container: please report this bug",
                    c.container_id, expected_version));
  }
}

constexpr std::int64_t largest_kept_request = 1 << 20;

}  // namespace

Store::Store(DatabaseSettings settings) : settings_(std::move(settings)) {}

Database& Store::database() {
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
    auto row = db.prepare(fmt::format(
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
    db.prepare("INSERT INTO launches (container_id, request, environment) VALUES (?, ?, ?)")
        .bind(c.container_id)
        .bind_blob(launch.request)
        .bind_blob(launch.environment)
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
      fmt::format("SELECT {} FROM containers WHERE container_id = ?", container_columns));
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
  auto row = database().prepare("SELECT request, environment FROM launches WHERE container_id = ?");
  row.bind(container_id);
  if (!row.step()) return std::nullopt;
  return Launch{row.text(0), row.text(1)};
}

std::optional<Limits> Store::limits_of(const std::string& container_id) {
  auto row = database().prepare(
      "SELECT ticket, cpus, memory, hard_memory FROM limits WHERE container_id = ?");
  row.bind(container_id);
  if (!row.step()) return std::nullopt;
  return Limits{row.integer(0), row.optional_real(1), row.optional_integer(2),
                row.optional_integer(3)};
}

std::optional<Termination> Store::termination_of(const std::string& container_id) {
  auto row = database().prepare(
      fmt::format("SELECT {} FROM terminations WHERE container_id = ?", termination_columns));
  row.bind(container_id);
  if (!row.step()) return std::nullopt;
  return read_termination(row);
}

std::map<std::string, Termination> Store::terminations() {
  auto rows = database().prepare(
      fmt::format("SELECT {}, container_id FROM terminations", termination_columns));
  std::map<std::string, Termination> all;
  while (rows.step()) all.emplace(rows.text(termination_column_count), read_termination(rows));
  return all;
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
  row.bind(container_id).bind(boot_id());
  if (!row.step()) return std::nullopt;
  return read_process(row, 0);
}

std::vector<HistoryEntry> Store::history(const std::optional<std::string>& container_id,
                                         std::int64_t most) {
  auto row = database().prepare(fmt::format(
      "SELECT * FROM (SELECT sequence, container_id, from_state, event, to_state, at, monotonic,"
      " actor, detail FROM history {} ORDER BY sequence DESC LIMIT ?) ORDER BY sequence",
      container_id ? "WHERE container_id = ?" : ""));
  if (container_id) row.bind(*container_id);
  row.bind(most);
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

bool Store::has_event(const std::string& container_id, const std::string& event) {
  auto row = database().prepare("SELECT 1 FROM history WHERE container_id = ? AND event = ?");
  row.bind(container_id).bind(event);
  return row.step();
}

std::vector<Container> Store::live() {
  auto rows = database().prepare(fmt::format(
      "SELECT {} FROM containers WHERE state <> 'Gone' ORDER BY created_at", container_columns));
  return read_all(rows);
}

std::vector<Container> Store::matching(const std::string& text) {
  if (auto exact = find(text)) return {std::move(*exact)};
  auto rows = database().prepare(
      fmt::format("SELECT {} FROM containers WHERE substr(container_id, 1, length(?1)) = ?1"
                  " OR substr(docker_id, 1, length(?1)) = ?1 OR task_name = ?1 ORDER BY created_at",
                  container_columns));
  rows.bind(text);
  return read_all(rows);
}

std::vector<Container> Store::everything() {
  auto rows = database().prepare(
      fmt::format("SELECT {} FROM containers ORDER BY created_at", container_columns));
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
    // A row outlives its container by weeks; a large request must not.
    if (next.state == "Gone") {
      db.prepare("UPDATE launches SET request = x'' WHERE container_id = ? AND length(request) > ?")
          .bind(next.container_id)
          .bind(largest_kept_request)
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
        .bind(boot_id())
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

void Store::deliver(const std::string& container_id) {
  auto& db = database();
  db.write(Durability::disk, [&] {
    db.prepare(
          "UPDATE containers SET delivered_at = coalesce (delivered_at, ?)"
          " WHERE container_id = ?")
        .bind(now().wall)
        .bind(container_id)
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
  auto path = fmt::format("{}.unreadable-{}", settings_.path, now().wall);
  Database::set_aside(settings_, path);
  return path;
}

void Store::checkpoint() {
  close();
  // A process that opens the database while no other process has it open reads the whole log first.
  // The log is therefore emptied when it is worth it and no other process is in the way. Only a
  // very large log is worth a long wait for the other processes.
  constexpr std::int64_t wal_worth_emptying = 256 << 10;
  constexpr std::int64_t wal_too_large = 64 << 20;
  if (Database::checkpoint(settings_, wal_worth_emptying, Duration(50))) return;
  Database::checkpoint(settings_, wal_too_large, Duration(10'000));
}

}  // namespace containerizer::store

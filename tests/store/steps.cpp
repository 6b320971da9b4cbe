#include "tests/store/steps.h"

#include <stdexcept>

#include "engine/lifecycle/lifecycle.h"
#include "host/format.h"
#include "tests/unit/temporary_directory.h"
#include "tests/unit/transitions.h"

namespace containerizer::store {
namespace {

Advance step(State to, Event event, Durability durability = Durability::process) {
  Advance advance;
  advance.event = name_of(event);
  advance.to_state = name_of(to);
  advance.actor = "test";
  advance.durability = durability;
  return advance;
}

void insert(Store& store, const std::string& id) {
  Limits limits;
  limits.memory = 64 << 20;
  // A request that is larger than a page.
  expect(store.insert(new_container(id), {std::string(5'000, 'r'), "A=1"}, limits, "launch"),
         id + " is new");
}

void advance(Store& store, const std::string& id, const Advance& by) {
  auto container = store.find(id).value();
  store.advance(container, by);
}

void learn_process(Store& store, const std::string& id) {
  auto container = store.find(id).value();
  container.docker_id = std::string(64, 'd');
  container.init = ProcessId{10, 20};
  store.amend(container);
}

void record_end(Store& store, const std::string& id) {
  auto last = step(State::removing, Event::failed, Durability::disk);
  last.termination.emplace();
  last.termination->kind = "failed";
  last.termination->step = "pull";
  last.termination->message = "no such image";
  advance(store, id, last);
}

void read_everything(Store& store) {
  const auto end = store.termination_of("a");
  expect(end && end->kind == "failed" && end->step == "pull", "the termination can be read");
  expect(store.requests_of("b").stop, "the request can be read");
  expect(store.launch_of("a")->request == std::string(5'000, 'r'), "the launch can be read");
  expect(store.live().size() == 2 && store.everything().size() == 2,
         "all containers can be listed");
  expect(store.undelivered().size() == 2, "undelivered containers can be listed");
  expect(store.history("a", 10).size() == 4, "the history can be read");
  expect(store.has_event("a", "Failed"), "an event is found");
  expect(store.limits_of("a")->ticket == 1, "the limits can be read");
  expect(store.supervisor_of("a").has_value(), "the supervisor can be read");
}

// Like Store::checkpoint(), but also for a small log.
void empty_log(Store& store, const std::string& directory) {
  store.close();
  Database::checkpoint(settings_in(directory), 0, Duration(1'000));
}

}  // namespace

DatabaseSettings settings_in(const std::string& directory) {
  DatabaseSettings all;
  all.path = directory + "/state.db";
  return all;
}

Container new_container(const std::string& id) {
  Container c;
  c.container_id = id;
  c.state = name_of(State::accepted);
  c.kind = "command";
  c.slave_id = "slave";
  c.framework_id = "framework";
  c.executor_id = "executor";
  c.directory = "/sandbox";
  c.nonce = formatted("{:x>32}", id);
  c.boot_id = "boot";
  return c;
}

std::vector<Step> scenario_steps(const std::string& directory) {
  const auto checkpoint = [directory](Store& store) { empty_log(store, directory); };
  return {
      {"open", Promise::nothing, [](Store& s) { s.live(); }},
      {"insert a", Promise::disk, [](Store& s) { insert(s, "a"); }},
      {"insert b", Promise::disk, [](Store& s) { insert(s, "b"); }},
      {"a begins", Promise::process,
       [](Store& s) { advance(s, "a", step(State::fetching, Event::begin)); }},
      {"set supervisor", Promise::process,
       [](Store& s) {
         s.set_supervisor("a", {30, 40});
       }},
      {"set limits", Promise::process, [](Store& s) { s.set_limits("a", 2.0, 32 << 20); }},
      {"b begins", Promise::process,
       [](Store& s) { advance(s, "b", step(State::fetching, Event::begin)); }},
      {"request", Promise::disk, [](Store& s) { s.request("b", "stop"); }},
      {"a is fetched", Promise::process,
       [](Store& s) { advance(s, "a", step(State::pulling, Event::fetched)); }},
      {"close", Promise::nothing, [](Store& s) { s.close(); }, true},
      {"a ends", Promise::disk, [](Store& s) { record_end(s, "a"); }},
      {"read", Promise::nothing, read_everything},
      {"amend b", Promise::process, [](Store& s) { learn_process(s, "b"); }},
      {"checkpoint", Promise::nothing, checkpoint, true},
      {"set hard memory", Promise::process, [](Store& s) { s.set_hard_memory("b", 96 << 20); }},
      {"a is gone", Promise::process,
       [](Store& s) { advance(s, "a", step(State::gone, Event::removed)); }},
      {"deliver", Promise::disk, [](Store& s) { s.deliver("a"); }},
      {"prune", Promise::process, [](Store& s) { s.prune(s.now().wall + 1'000, 10); }},
      {"insert c", Promise::disk, [](Store& s) { insert(s, "c"); }},
      {"checkpoint again", Promise::nothing, checkpoint, true},
      {"c begins", Promise::process,
       [](Store& s) { advance(s, "c", step(State::fetching, Event::begin)); }},
  };
}

std::string contents(const Database& database) {
  std::string all;
  for (const char* rows :
       {"SELECT concat_of FROM (SELECT container_id || state || version || nonce || boot_id"
        " || ifnull (docker_id, '-') || ifnull (init_pid, '-') || (delivered_at IS NULL)"
        " AS concat_of FROM containers ORDER BY container_id)",
        "SELECT container_id || length (request) || environment FROM launches ORDER BY 1",
        "SELECT container_id || pid || start FROM supervisors ORDER BY 1",
        "SELECT container_id || kind FROM requests ORDER BY 1",
        "SELECT container_id || ticket || ifnull (cpus, '-') || ifnull (memory, '-')"
        " || ifnull (hard_memory, '-') FROM limits ORDER BY 1",
        "SELECT container_id || ifnull (from_state, '-') || event || to_state || actor"
        " FROM history ORDER BY sequence",
        "SELECT container_id || kind || step || message FROM terminations ORDER BY 1"}) {
    auto row = database.prepare(rows);
    while (row.step()) all += row.text(0) + "\n";
    all += "--\n";
  }
  return all;
}

const std::vector<Snapshot>& snapshots() {
  static const auto all = [] {
    const TemporaryDirectory there;
    const auto settings = settings_in(there.path());
    Store store(settings);
    std::vector<Snapshot> found{{}};
    for (const auto& next : scenario_steps(there.path())) {
      next.take(store);
      found.push_back({contents(Database(settings)), content_of(settings.path),
                       content_of(settings.path + "-wal")});
    }
    found.front().contents = found[1].contents;
    return found;
  }();
  return all;
}

void restore(const Snapshot& snapshot, const std::string& directory) {
  const auto path = settings_in(directory).path;
  for (const char* suffix : {"", "-wal", "-shm", "-journal"})
    std::filesystem::remove(path + suffix);
  if (snapshot.main.empty()) return;
  write_file(path, snapshot.main);
  write_file(path + "-wal", snapshot.log);
}

namespace {

// The first column of the first row; "" if there is no row.
std::string first_of(const Database& database, const std::string& sql) {
  auto row = database.prepare(sql);
  return row.step() ? row.text(0) : "";
}

std::string illegal_steps(const Database& database) {
  auto row = database.prepare("SELECT DISTINCT from_state, event, to_state FROM history");
  std::string found;
  while (row.step()) {
    const bool is_launch = row.is_null(0) && row.text(1) == "Launch" && row.text(2) == "Accepted";
    if (is_launch || is_in_table(row.text(0), row.text(1), row.text(2))) continue;
    found += formatted("illegal step: {} {} {}\n", row.text(0), row.text(1), row.text(2));
  }
  return found;
}

}  // namespace

std::string complaints_about(const Database& database) {
  std::string all;
  const auto damage = first_of(database, "PRAGMA integrity_check");
  if (damage != "ok") all += "integrity_check: " + damage + "\n";
  const auto orphans = first_of(database, "SELECT count(*) FROM pragma_foreign_key_check");
  if (orphans != "0") all += "foreign_key_check: " + orphans + " rows\n";
  const auto broken = first_of(
      database,
      "SELECT count(*) FROM (SELECT from_state, lag(to_state) OVER (PARTITION BY container_id"
      " ORDER BY sequence) AS reached FROM history) WHERE from_state IS NOT reached");
  if (broken != "0") all += "history: " + broken + " steps from a state that was not reached\n";
  const auto elsewhere = first_of(
      database,
      "SELECT count(*) FROM containers c WHERE state IS NOT (SELECT to_state FROM history h"
      " WHERE h.container_id = c.container_id ORDER BY sequence DESC LIMIT 1)");
  if (elsewhere != "0") all += "history: " + elsewhere + " containers are in another state\n";
  return all + illegal_steps(database);
}

}  // namespace containerizer::store

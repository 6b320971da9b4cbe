#include "store/store.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "temporary_directory.h"

using namespace containerizer;
using namespace containerizer::store;

namespace {

using Ids = std::vector<std::string>;

// A store in its own directory.
struct Shelf {
  Shelf() : store(settings()) {}

  DatabaseSettings settings() const {
    DatabaseSettings all;
    all.path = directory / "state.db";
    all.busy_timeout = Duration(60'000);
    return all;
  }
  // Adds a container's row in its first state.
  Container add(const std::string& id) {
    Container c;
    c.container_id = id;
    c.state = "Accepted";
    c.kind = "command";
    c.slave_id = "slave";
    c.framework_id = "framework";
    c.executor_id = "executor";
    c.directory = "/sandbox/" + id;
    c.nonce = std::to_string(++nonces);
    c.nonce.insert(0, 32 - c.nonce.size(), '0');
    c.boot_id = "boot";
    Limits limits;
    limits.cpus = 0.5;
    limits.memory = limits.hard_memory = 64 << 20;
    REQUIRE(store.insert(c, {"request of " + id, "A=1", ""}, limits, "launch"));
    return store.find(id).value();
  }
  Container add_gone(const std::string& id, bool delivered = true) {
    auto c = add(id);
    store.advance(c, step("Failed", "Removing", termination("failed", "pull")));
    store.advance(c, step("Removed", "Gone"));
    if (delivered) store.deliver(id);
    return c;
  }
  static Advance step(const std::string& event, const std::string& to,
                      const std::optional<Termination>& termination = {}) {
    Advance advance;
    advance.event = event;
    advance.to_state = to;
    advance.actor = "test";
    advance.detail = "detail of " + event;
    advance.termination = termination;
    return advance;
  }
  static Termination termination(const std::string& kind, std::optional<std::string> during = {}) {
    Termination all;
    all.kind = kind;
    all.step = std::move(during);
    all.message = "ended: " + kind;
    return all;
  }
  void run(const std::string& sql) const {
    Database database(settings());
    database.write(Durability::process, [&] { database.prepare(sql).run(); });
  }
  std::string plan_of(const std::string& sql) const {
    const Database database(settings());
    auto rows = database.prepare("EXPLAIN QUERY PLAN " + sql);
    std::string plan;
    while (rows.step()) plan += rows.text(3) + "\n";
    return plan;
  }

  TemporaryDirectory directory;
  int nonces = 0;
  Store store;
};

Ids ids_of(const std::vector<Container>& containers) {
  Ids ids;
  for (const auto& container : containers) ids.push_back(container.container_id);
  return ids;
}

void check_equal(const Container& a, const Container& b) {
  CHECK(a.container_id == b.container_id);
  CHECK(a.state == b.state);
  CHECK(a.version == b.version);
  CHECK(a.since.wall == b.since.wall);
  CHECK(a.since.monotonic == b.since.monotonic);
  CHECK(a.kind == b.kind);
  CHECK(a.slave_id == b.slave_id);
  CHECK(a.framework_id == b.framework_id);
  CHECK(a.executor_id == b.executor_id);
  CHECK(a.task_id == b.task_id);
  CHECK(a.task_name == b.task_name);
  CHECK(a.user == b.user);
  CHECK(a.directory == b.directory);
  CHECK(a.nonce == b.nonce);
  CHECK(a.boot_id == b.boot_id);
  CHECK(a.created_at == b.created_at);
  CHECK(a.image == b.image);
  CHECK(a.docker_id == b.docker_id);
  CHECK(a.init == b.init);
  CHECK(a.executor == b.executor);
  CHECK(a.delivered_at == b.delivered_at);
}

}  // namespace

// --- launch --------------------------------------------------------------------------------------

TEST_CASE_METHOD(Shelf, "a launch is stored byte for byte") {
  Container c;
  c.container_id = "c";
  c.state = "Accepted";
  c.kind = "custom";
  c.slave_id = "s";
  c.framework_id = "f";
  c.executor_id = "executor 'ü' \"%\"";
  c.task_id = "";
  c.task_name = "task; DROP TABLE containers";
  c.user = "nobody";
  c.directory = "/sand box";
  c.nonce = std::string(32, 'n');
  c.boot_id = "boot";
  const std::string bytes("\0\1\xff frame \0", 11);
  Limits limits;
  limits.cpus = 0.1;
  REQUIRE(store.insert(c, {bytes, ""}, limits, "launch"));

  auto found = store.find("c").value();
  CHECK(found.version == 1);
  CHECK(found.created_at == found.since.wall);
  CHECK(found.created_at > 0);
  c.since = found.since;
  c.created_at = found.created_at;
  check_equal(found, c);
  CHECK(store.launch_of("c")->request == bytes);
  CHECK(store.launch_of("c")->environment.empty());
  CHECK(store.limits_of("c")->cpus == 0.1);
  CHECK(!store.limits_of("c")->memory);
  const auto history = store.history("c", 10);
  REQUIRE(history.size() == 1);
  CHECK(!history[0].from_state);
  CHECK(history[0].to_state == "Accepted");
  CHECK(history[0].actor == "launch");
}

TEST_CASE_METHOD(Shelf, "of a launch, only a hash remains once its container is Gone") {
  const auto before = add("lives");
  add_gone("over");
  auto hashed = before;
  hashed.container_id = "hashed";
  hashed.nonce = std::string(32, 'h');
  const std::string hash(64, 'a');
  REQUIRE(store.insert(hashed, {"request of hashed", "PASSWORD=sesame", hash}, {}, "launch"));
  hashed = store.find("hashed").value();
  store.advance(hashed, step("Failed", "Removing", termination("failed", "pull")));
  CHECK(store.launch_of("hashed")->environment == "PASSWORD=sesame");
  store.advance(hashed, step("Removed", "Gone"));
  CHECK(store.launch_of("hashed")->request.empty());
  CHECK(store.launch_of("hashed")->environment.empty());
  CHECK(store.launch_of("hashed")->request_hash == hash);
  CHECK(store.launch_of("over")->request.empty());
  CHECK(store.launch_of("lives")->request == "request of lives");
  store.close();
  // Not in free space either.
  REQUIRE(Database::checkpoint(settings(), 0, Duration(1'000)));
  const auto file = content_of(directory / "state.db");
  CHECK(file.find("request of lives") != std::string::npos);
  CHECK(file.find("request of hashed") == std::string::npos);
  CHECK(file.find("sesame") == std::string::npos);
}

TEST_CASE_METHOD(Shelf, "a launch that comes twice is recorded once", "[scenario-14]") {
  const auto first = add("c");
  auto second = first;
  second.nonce = std::string(32, 'x');
  second.directory = "/elsewhere";
  CHECK_FALSE(store.insert(second, {"another request", "", ""}, {}, "launch"));
  check_equal(store.find("c").value(), first);
  CHECK(store.launch_of("c")->request == "request of c");
  CHECK(store.history("c", 10).size() == 1);
}

TEST_CASE_METHOD(Shelf, "the same launch in many processes is recorded once", "[scenario-14]") {
  add("other");
  const Gate go;
  std::vector<pid_t> launches;
  store.close();
  for (int i = 0; i < 10; ++i) {
    launches.push_back(fork_child([&, i] {
      auto c = store.find("other").value();
      c.container_id = "c";
      c.nonce = std::string(31, 'x') + static_cast<char>('0' + i);
      store.close();
      go.wait();
      if (store.insert(c, {}, {}, "launch")) ::_exit(7);
    }));
  }
  go.open();
  int inserted = 0;
  for (const pid_t launch : launches) {
    const int status = ended(launch);
    CHECK((status == 0 || WEXITSTATUS(status) == 7));
    inserted += status == 0 ? 0 : 1;
  }
  CHECK(inserted == 1);
}

TEST_CASE_METHOD(Shelf, "rows that the schema forbids are refused as a whole") {
  auto c = add("c");
  c.container_id = "d";
  c.nonce = std::string(32, 'd');
  SECTION("an empty ID") { c.container_id = ""; }
  SECTION("an unknown state") { c.state = "Happy"; }
  SECTION("an unknown kind") { c.kind = "other"; }
  SECTION("a nonce of another launch") { c.nonce = store.find("c")->nonce; }
  SECTION("an invalid Docker ID") { c.docker_id = "short"; }
  SECTION("an invalid process") { c.init = ProcessId{0, 1}; }
  CHECK_THROWS_AS(store.insert(c, {}, {}, "launch"), StoreError);
  CHECK(store.everything().size() == 1);
  CHECK(store.history({}, 10).size() == 1);
}

TEST_CASE_METHOD(Shelf, "IDs are compared exactly", "[scenario-51]") {
  const Ids ids{"a", "ab", "abc", "a%", "%", "_", "a_", "A", "a'b"};
  for (const auto& id : ids) add(id);
  for (const auto& id : ids) {
    INFO(id);
    CHECK(store.find(id)->container_id == id);
    CHECK(store.launch_of(id)->request == "request of " + id);
    CHECK(store.history(id, 10).size() == 1);
    CHECK(store.request(id, "stop"));
    store.set_limits(id, 1.0, {});
    CHECK(store.limits_of(id)->ticket == 1);
  }
  for (const std::string id : {"", "b", "a%b", "AB", "a_c"}) {
    INFO(id);
    CHECK(!store.find(id));
    CHECK(!store.launch_of(id));
    CHECK(!store.limits_of(id));
    CHECK(!store.termination_of(id));
    CHECK_FALSE(store.requests_of(id).stop);
    CHECK(store.history(id, 10).empty());
  }
  store.deliver("a_");
  CHECK(store.undelivered().size() == ids.size() - 1);
}

// --- the supervisor ------------------------------------------------------------------------------

TEST_CASE_METHOD(Shelf, "a step updates the row, with everything that the event brought") {
  auto c = add("c");
  c.docker_id = std::string(64, 'd');
  c.image = "debian:12";
  c.init = ProcessId{100, 200};
  c.executor = ProcessId{300, 400};
  c.boot_id = "another boot";
  store.advance(c, step("Begin", "Fetching"));
  CHECK(c.version == 2);
  CHECK(c.state == "Fetching");
  check_equal(store.find("c").value(), c);
  const auto history = store.history("c", 10);
  REQUIRE(history.size() == 2);
  CHECK(history[1].from_state == "Accepted");
  CHECK(history[1].event == "Begin");
  CHECK(history[1].to_state == "Fetching");
  CHECK(history[1].actor == "test");
  CHECK(history[1].detail == "detail of Begin");
  CHECK(history[1].at.wall == c.since.wall);
  CHECK(store.has_event("c", "Begin"));
  CHECK_FALSE(store.has_event("c", "Fetched"));

  c.executor.reset();
  store.amend(c);
  CHECK(c.version == 3);
  CHECK(store.history("c", 10).size() == 2);
  check_equal(store.find("c").value(), c);
}

TEST_CASE_METHOD(Shelf, "a process that no longer owns the row changes nothing", "[scenario-49]") {
  auto stale = add("c");
  auto owner = stale;
  store.advance(owner, step("DestroyRequested", "Removing", termination("destroyed")));
  const auto before = stale;
  CHECK_THROWS_AS(store.advance(stale, step("Begin", "Fetching", termination("failed"))),
                  OwnershipLost);
  CHECK_THROWS_AS(store.amend(stale), OwnershipLost);
  check_equal(stale, before);
  check_equal(store.find("c").value(), owner);
  CHECK(store.history("c", 10).size() == 2);
  CHECK(store.termination_of("c")->kind == "destroyed");
}

TEST_CASE_METHOD(Shelf, "a row that was deleted cannot advance", "[scenario-49]") {
  auto c = add_gone("c");
  REQUIRE(store.prune(store.now().wall + 1000, 10) == 1);
  CHECK_THROWS_AS(store.advance(c, step("Begin", "Fetching")), OwnershipLost);
  CHECK(store.everything().empty());
}

TEST_CASE_METHOD(Shelf, "a step into an unknown state changes nothing") {
  auto c = add("c");
  CHECK_THROWS_AS(store.advance(c, step("Begin", "Happy")), StoreError);
  CHECK_THROWS_AS(store.advance(c, step("Begin", "Fetching", termination("no such kind"))),
                  StoreError);
  CHECK(c.version == 1);
  check_equal(store.find("c").value(), c);
  CHECK(store.history("c", 10).size() == 1);
  store.advance(c, step("Begin", "Fetching"));
  CHECK(c.version == 2);
}

TEST_CASE_METHOD(Shelf, "the first termination is kept", "[scenario-30][scenario-34]") {
  auto c = add("c");
  CHECK(!store.termination_of("c"));
  auto natural = termination("exited");
  natural.exit_code = 3;
  store.advance(c, step("Exited", "Exited", natural));
  store.advance(c, step("Drained", "Removing", termination("unknown")));
  const auto kept = store.termination_of("c").value();
  CHECK(kept.kind == "exited");
  CHECK(kept.exit_code == 3);
  CHECK(!kept.signal);
  CHECK(!kept.step);
  CHECK(kept.recorded_at > 0);
  CHECK_THROWS_WITH(run("UPDATE terminations SET exit_code = 0"), Catch::Contains("never changes"));
  CHECK(store.termination_of("c")->exit_code == 3);
}

TEST_CASE_METHOD(Shelf, "a termination has the fields that its kind requires", "[scenario-28]") {
  auto c = add("c");
  auto wrong = termination("exited");
  SECTION("an exit without its code") {}
  SECTION("an exit with an invalid code") { wrong.exit_code = 256; }
  SECTION("a signal without its number") { wrong = termination("signalled"); }
  SECTION("an invalid signal") {
    wrong = termination("signalled");
    wrong.signal = 65;
  }
  SECTION("both an exit and a signal") {
    wrong.exit_code = 0;
    wrong.signal = 9;
  }
  SECTION("a step without a failure") { wrong = termination("lost", "pull"); }
  CHECK_THROWS_AS(store.advance(c, step("Exited", "Exited", wrong)), StoreError);
  CHECK(!store.termination_of("c"));
  CHECK(store.find("c")->state == "Accepted");
}

TEST_CASE_METHOD(Shelf, "the history can only grow") {
  auto c = add("c");
  store.advance(c, step("Begin", "Fetching"));
  for (const char* sql :
       {"UPDATE history SET event = 'Lie'", "DELETE FROM history",
        "DELETE FROM history WHERE 0 = 0",
        "INSERT OR REPLACE INTO history (sequence, container_id, event, to_state, at, monotonic,"
        " actor) VALUES (1, 'c', 'Lie', 'Gone', 0, 0, 'x')"}) {
    INFO(sql);
    CHECK_THROWS_WITH(run(sql), Catch::Contains("append-only"));
  }
  CHECK(store.history("c", 10).size() == 2);
  CHECK(store.history("c", 10)[0].event == "Launch");
}

TEST_CASE_METHOD(Shelf, "the newest history entries, oldest first", "[scenario-65]") {
  auto c = add("c");
  auto d = add("d");
  store.advance(c, step("Begin", "Fetching"));
  store.advance(d, step("Begin", "Fetching"));
  store.advance(c, step("Fetched", "Pulling"));
  const auto events = [&](std::optional<std::string> id, std::int64_t most) {
    std::string all;
    for (const auto& entry : store.history(id, most)) all += entry.container_id + entry.event + " ";
    return all;
  };
  CHECK(events("c", 10) == "cLaunch cBegin cFetched ");
  CHECK(events("c", 2) == "cBegin cFetched ");
  CHECK(events({}, 3) == "cBegin dBegin cFetched ");
  CHECK(events({}, 0).empty());
}

TEST_CASE_METHOD(Shelf, "a supervisor is recorded for this boot only") {
  add("c");
  CHECK(!store.supervisor_of("c"));
  store.set_supervisor("c", {10, 20});
  store.set_supervisor("c", {11, 21});
  CHECK(store.supervisor_of("c") == ProcessId{11, 21});
  run("UPDATE supervisors SET boot_id = 'earlier'");
  CHECK(!store.supervisor_of("c"));
}

// --- other processes -----------------------------------------------------------------------------

TEST_CASE_METHOD(Shelf, "a request is recorded once", "[scenario-33]") {
  add("c");
  add("d");
  CHECK(store.request("c", "stop"));
  CHECK_FALSE(store.request("c", "stop"));
  CHECK(store.requests_of("c").stop);
  CHECK_FALSE(store.requests_of("c").destroy);
  CHECK(store.request("c", "destroy"));
  CHECK(store.requests_of("c").destroy);
  CHECK_FALSE(store.requests_of("d").destroy);
  CHECK_THROWS_AS(store.request("c", "dance"), StoreError);
  CHECK_THROWS_AS(store.request("nobody", "destroy"), StoreError);
}

TEST_CASE_METHOD(Shelf, "limits change separately, each change with its own ticket") {
  add("c");
  CHECK(store.set_limits("c", 2.0, {}) == 1);
  CHECK(store.limits_of("c")->cpus == 2.0);
  CHECK(store.limits_of("c")->memory == 64 << 20);
  CHECK(store.set_limits("c", {}, 32 << 20) == 2);
  CHECK(store.limits_of("c")->cpus == 2.0);
  CHECK(store.limits_of("c")->memory == 32 << 20);
  CHECK(store.limits_of("c")->hard_memory == 64 << 20);
  store.set_hard_memory("c", 128 << 20);
  CHECK(store.limits_of("c")->hard_memory == 128 << 20);
  CHECK(store.limits_of("c")->ticket == 2);
  CHECK(store.set_limits("nobody", 1.0, {}) == 0);
  CHECK_THROWS_AS(store.set_limits("c", -1.0, {}), StoreError);
}

TEST_CASE_METHOD(Shelf, "writers in several processes lose no change", "[scenario-54]") {
  add("c");
  store.close();
  std::vector<pid_t> writers;
  for (int process = 0; process < 6; ++process) {
    writers.push_back(fork_child([&] {
      std::int64_t last = 0;
      for (int i = 0; i < 20; ++i) {
        const auto ticket = store.set_limits("c", 1.0, {});
        expect(ticket > last, "tickets rise");
        last = ticket;
        if (i % 5 == 0) store.close();
        if (i % 7 == 0) store.checkpoint();
      }
    }));
  }
  for (const pid_t writer : writers) CHECK(ended(writer) == 0);
  CHECK(store.limits_of("c")->ticket == 120);
}

TEST_CASE_METHOD(Shelf, "a container is listed until it is delivered", "[scenario-50]") {
  add("b");
  add_gone("a", false);
  CHECK(store.undelivered() == Ids{"a", "b"});
  store.deliver("a");
  CHECK(store.undelivered() == Ids{"b"});
  const auto first = store.find("a")->delivered_at;
  REQUIRE(first);
  run("UPDATE containers SET delivered_at = 5 WHERE container_id = 'a'");
  store.deliver("a");
  CHECK(store.find("a")->delivered_at == 5);  // the first delivery is kept
  store.deliver("nobody");
}

TEST_CASE_METHOD(Shelf,
                 "the process that gave the last order of a kind is recorded for this boot") {
  add("c1");
  const ProcessId one{17, 100};
  const ProcessId other{17, 200};
  CHECK_FALSE(store.caller_of("c1", Purpose::launch));
  store.note_caller("c1", Purpose::launch, one);
  store.note_caller("c1", Purpose::update, one);
  store.note_caller("c1", Purpose::update, other);
  CHECK(store.caller_of("c1", Purpose::launch) == one);
  CHECK(store.caller_of("c1", Purpose::update) == other);
  CHECK_FALSE(store.caller_of("c1", Purpose::destroy));
  store.note_caller("absent", Purpose::launch, one);
  CHECK_FALSE(store.caller_of("absent", Purpose::launch));
  run("UPDATE callers SET boot_id = 'another boot'");
  CHECK_FALSE(store.caller_of("c1", Purpose::launch));
}

TEST_CASE_METHOD(Shelf, "ends that were read shortly before their reader's last act") {
  const ProcessId slave{17, 100};
  const ProcessId another{18, 100};
  for (const char* id : {"early", "late", "of another", "of nobody", "live"}) add(id);
  const auto read_at = [&](const std::string& id, int monotonic) {
    run("UPDATE callers SET monotonic = " + std::to_string(monotonic) + " WHERE container_id = '" +
        id + "'");
  };
  const auto readings = [&] {
    Ids ids;
    for (const auto& one : store.last_readings(Duration(10'000))) ids.push_back(one.container_id);
    return ids;
  };
  store.deliver("early", slave);
  store.deliver("late", slave);
  store.deliver("of another", another);
  store.deliver("of nobody");
  read_at("early", 1'000);
  read_at("late", 11'001);
  read_at("of another", 500);
  CHECK(readings() == Ids{"late", "of another"});
  REQUIRE(store.last_readings(Duration(10'000)).size() == 2);
  CHECK(store.last_readings(Duration(10'000))[0].reader == slave);
  // Any order is an act.
  store.note_caller("live", Purpose::launch, slave);
  read_at("live", 21'001);
  CHECK(readings() == Ids{"late", "of another"});
  read_at("live", 21'002);
  CHECK(readings() == Ids{"of another"});
  // The last reader counts.
  store.deliver("early", another);
  read_at("early", 600);
  CHECK(readings() == Ids{"early", "of another"});
  run("UPDATE callers SET boot_id = 'another boot'");
  CHECK(readings().empty());
}

TEST_CASE_METHOD(Shelf, "live containers, and all containers") {
  add("b");
  add_gone("a");
  add("c");
  CHECK(ids_of(store.everything()) == Ids{"b", "a", "c"});
  CHECK(ids_of(store.live()) == Ids{"b", "c"});
}

TEST_CASE_METHOD(Shelf, "containers that a person can mean") {
  add("0a1b");
  add("0a1c");
  add("0a");
  run("UPDATE containers SET task_name = 'web' WHERE container_id <> '0a'");
  const auto docker_id = std::string(64, 'd');
  run("UPDATE containers SET docker_id = '" + docker_id + "' WHERE container_id = '0a1b'");
  CHECK(ids_of(store.matching("0a")) == Ids{"0a"});  // the whole ID excludes longer ones
  CHECK(ids_of(store.matching("0a1")) == Ids{"0a1b", "0a1c"});
  CHECK(ids_of(store.matching("0a1c")) == Ids{"0a1c"});
  CHECK(ids_of(store.matching("web")) == Ids{"0a1b", "0a1c"});
  CHECK(ids_of(store.matching("ddd")) == Ids{"0a1b"});
  CHECK(store.matching("%").empty());
}

// --- housekeeping --------------------------------------------------------------------------------

TEST_CASE_METHOD(Shelf, "pruning deletes all rows of containers that are Gone and delivered") {
  add("lives");
  store.deliver("lives");  // Its end was read, and its container is not removed yet.
  add_gone("undelivered", false);
  const auto over = add_gone("over");
  store.request("over", "destroy");
  store.set_supervisor("over", {10, 20});
  store.note_caller("over", Purpose::launch, {10, 20});
  const auto delivered = store.find("over")->delivered_at.value();
  CHECK(store.prune(delivered, 10) == 0);
  CHECK(store.prune(delivered + 1, 10) == 1);
  CHECK(ids_of(store.everything()) == Ids{"lives", "undelivered"});

  const Database database(settings());
  std::set<std::string> tables;
  auto names = database.prepare(
      "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info (m.name) c"
      " WHERE m.type = 'table' AND c.name = 'container_id'");
  while (names.step()) tables.insert(names.text(0));
  CHECK(tables == std::set<std::string>{"containers", "launches", "supervisors", "requests",
                                        "limits", "history", "terminations", "callers"});
  for (const auto& table : tables) {
    auto row = database.prepare("SELECT count(*) FROM " + table + " WHERE container_id = 'over'");
    INFO(table);
    CHECK(row.step());
    CHECK(row.integer(0) == 0);
  }
  CHECK(store.history("undelivered", 10).size() == 3);
}

TEST_CASE_METHOD(Shelf, "pruning deletes no more than allowed, the oldest deliveries first") {
  for (const char* id : {"a", "b", "c"}) add_gone(id);
  run("UPDATE containers SET delivered_at = 10 WHERE container_id = 'c'");
  run("UPDATE containers SET delivered_at = 20 WHERE container_id = 'a'");
  run("UPDATE containers SET delivered_at = 30 WHERE container_id = 'b'");
  CHECK(store.prune(25, 1) == 1);
  CHECK(ids_of(store.everything()) == Ids{"a", "b"});
  CHECK(store.prune(25, 5) == 1);
  CHECK(ids_of(store.everything()) == Ids{"b"});
  CHECK(store.prune(25, 5) == 0);
}

// These are exactly the store's own queries.
TEST_CASE_METHOD(Shelf, "frequent queries use an index") {
  add("c");
  CHECK_THAT(plan_of("SELECT container_id FROM containers WHERE delivered_at IS NULL"
                     " ORDER BY container_id"),
             Catch::Contains("INDEX containers_undelivered") && !Catch::Contains("B-TREE"));
  CHECK_THAT(plan_of("SELECT * FROM containers WHERE state <> 'Gone' ORDER BY created_at"),
             Catch::Contains("INDEX containers_live"));
  CHECK_THAT(plan_of("DELETE FROM containers WHERE container_id IN (SELECT container_id FROM"
                     " containers WHERE state = 'Gone' AND delivered_at < ? LIMIT ?)"),
             Catch::Contains("INDEX containers_prunable") && !Catch::Contains("SCAN"));
  CHECK_THAT(plan_of("SELECT * FROM history WHERE container_id = ? ORDER BY sequence DESC LIMIT ?"),
             Catch::Contains("INDEX history_by_container") && !Catch::Contains("B-TREE"));
}

TEST_CASE_METHOD(Shelf, "deleting a container scans no other table") {
  add("c");
  const Database database(settings());
  auto names = database.prepare(
      "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info (m.name) c"
      " WHERE m.type = 'table' AND c.name = 'container_id'");
  while (names.step()) {
    INFO(names.text(0));
    CHECK_THAT(plan_of("DELETE FROM " + names.text(0) + " WHERE container_id = ?"),
               Catch::Contains("SEARCH") && !Catch::Contains("SCAN"));
  }
}

TEST_CASE_METHOD(Shelf, "a closed store can be used again, also after a fork", "[scenario-63]") {
  add("c");
  store.close();
  CHECK(run_in_child([&] {
          expect(store.find("c").has_value(), "the child finds it");
          expect(store.request("c", "stop"), "the child writes");
        }) == 0);
  CHECK(store.requests_of("c").stop);
  store.checkpoint();
  CHECK(store.requests_of("c").stop);
}

TEST_CASE_METHOD(Shelf, "the views can be read") {
  add("lives");
  add_gone("over");
  const Database database(settings());
  const auto rows_of = [&](const std::string& view) {
    auto rows = database.prepare("SELECT * FROM " + view);
    int count = 0;
    while (rows.step()) ++count;
    return count;
  };
  CHECK(rows_of("active") == 1);
  CHECK(rows_of("timeline") == 4);
  CHECK(rows_of("durations") == 4);
  CHECK(rows_of("failures") == 1);
  CHECK(rows_of("ends") == 1);
  auto c = store.find("lives").value();
  c.image = "busybox:test";
  store.advance(c, step("Failed", "Removing", termination("lost")));
  CHECK(rows_of("active") == 0);
  CHECK(rows_of("removing") == 1);
  CHECK(rows_of("images") == 1);
}

TEST_CASE_METHOD(Shelf, "an end has one word, and is a failure unless somebody wanted it") {
  struct Case {
    Termination end;
    std::string ending;
    bool is_failure;
  };
  const auto exited = [](int code, std::optional<std::string> by = "task") {
    auto end = termination("exited");
    end.exit_code = code;
    end.ended_by = std::move(by);
    return end;
  };
  const auto signalled = [](int number, std::optional<std::string> by = {}) {
    auto end = termination("signalled");
    end.signal = number;
    end.ended_by = std::move(by);
    return end;
  };
  const auto example = GENERATE_COPY(values<Case>({
      {exited(0), "exit 0", false},
      {exited(3), "exit 3", true},
      {exited(3, {}), "exit 3", true},
      {exited(3, "slave"), "killed", false},
      {signalled(1), "SIGHUP", true},
      {signalled(9), "SIGKILL", true},
      {signalled(9, "operator"), "killed", false},
      {signalled(15, "slave"), "killed", false},
      {signalled(15, "daemon"), "daemon restarted", true},
      {signalled(16), "SIGSTKFLT", true},
      {signalled(26, "task"), "SIGVTALRM", true},
      {signalled(31, "kernel"), "SIGSYS", true},
      {signalled(34), "signal 34", true},
      {termination("oom"), "oom", true},
      {termination("destroyed"), "killed", false},
      {termination("failed", "pull"), "pull failed", true},
      {termination("failed"), "launch failed", true},
      {termination("lost"), "lost", true},
      {termination("rebooted"), "rebooted", true},
      {termination("unknown"), "unknown", true},
  }));
  auto c = add("c");
  store.advance(c, step("Exited", "Exited", example.end));
  const auto kept = store.termination_of("c").value();
  CHECK(kept.ending == example.ending);
  CHECK(is_failure(kept) == example.is_failure);
  CHECK(kept.ended_by == example.end.ended_by);
  const Database database(settings());
  auto rows = database.prepare("SELECT ending FROM failures");
  CHECK(rows.step() == example.is_failure);
}

TEST_CASE_METHOD(Shelf, "records of a selection, with all that a list shows") {
  auto a = add("a");
  a.image = "one";
  store.advance(a, step("Begin", "Fetching"));
  add_gone("b");
  auto c = add("c");
  store.advance(c, step("Failed", "Removing", termination("lost")));
  store.set_supervisor("a", {7, 8});
  const auto ids = [&](Selection selection) {
    Ids found;
    for (const auto& one : store.records(selection)) found.push_back(one.container.container_id);
    std::sort(found.begin(), found.end());
    return found;
  };
  using Scope = Selection::Scope;
  CHECK(ids({}) == Ids{"a"});
  CHECK(ids({.scope = Scope::live}) == Ids{"a", "c"});
  CHECK(ids({.scope = Scope::all}) == Ids{"a", "b", "c"});
  CHECK(ids({.scope = Scope::all, .failed = true}) == Ids{"b", "c"});
  CHECK(ids({.scope = Scope::all, .container_id = "b"}) == Ids{"b"});
  CHECK(ids({.scope = Scope::all, .state = "Gone"}) == Ids{"b"});
  CHECK(ids({.framework = "framework", .image = "one"}) == Ids{"a"});
  CHECK(ids({.framework = "other"}).empty());
  CHECK(ids({.since = store.now().wall + 1'000}).empty());
  CHECK(ids({.scope = Scope::all, .most = 2}).size() == 2);
  const auto record = store.records({}).front();
  CHECK(record.limits.hard_memory == 64 << 20);
  CHECK(record.supervisor->process == ProcessId{7, 8});
  CHECK(!record.termination);
  CHECK(store.records({.scope = Scope::all, .container_id = "b"}).front().termination->ending ==
        "pull failed");
}

TEST_CASE_METHOD(Shelf, "entries of the history that are selected") {
  auto a = add("a");
  store.advance(a, step("Begin", "Fetching"));
  add("b");
  const auto all = store.first_entries({}, 10);
  REQUIRE(all.size() == 3);
  CHECK(store.first_entries({}, 2).back().sequence == all[1].sequence);
  CHECK(store.last_entries({}, 2).front().sequence == all[1].sequence);
  CHECK(store.first_entries({.after = all[0].sequence}, 10).size() == 2);
  CHECK(store.first_entries({.container_id = "a"}, 10).size() == 2);
  CHECK(store.first_entries({.since = all[2].at.wall + 1}, 10).empty());
  CHECK(store.first_entries({.until = all[0].at.wall - 1}, 10).empty());
}

TEST_CASE_METHOD(Shelf, "the median of pulls counts those that transferred something") {
  const auto pull = [&](const std::string& id, const std::string& detail, std::int64_t took) {
    auto c = add(id);
    c.image = "busybox:test";
    store.advance(c, step("Fetched", "Pulling"));
    auto pulled = step("Pulled", "Creating");
    pulled.detail = detail;
    store.advance(c, pulled);
    // As if it had taken that long. The history cannot be changed otherwise.
    Database database(settings());
    database.write(Durability::process, [&] {
      database.prepare("DROP TRIGGER history_is_append_only").run();
      database
          .prepare(
              "UPDATE history SET at = (SELECT at FROM history h WHERE h.container_id = ?1 AND"
              " h.to_state = 'Pulling') + ?2 WHERE container_id = ?1 AND event = 'Pulled'")
          .bind(id)
          .bind(took)
          .run();
      database
          .prepare(
              "CREATE TRIGGER history_is_append_only BEFORE UPDATE ON history BEGIN"
              " SELECT RAISE (ABORT, 'history is append-only'); END")
          .run();
    });
  };
  pull("a", "pulled", 1'000);
  pull("b", "pulled", 2'000);
  pull("c", "pulled", 9'000);
  pull("d", "already there", 1);
  const Database database(settings());
  auto rows = database.prepare("SELECT launches, pulls, median_pull_seconds FROM images");
  REQUIRE(rows.step());
  CHECK(rows.integer(0) == 4);
  CHECK(rows.integer(1) == 3);
  CHECK(rows.real(2) == 2.0);
}

// With the real schema: what the first version has recorded gets its words.
TEST_CASE("ends of the first schema get their words") {
  const TemporaryDirectory there;
  DatabaseSettings older;
  older.path = there / "state.db";
  const std::vector<Migration> first{embedded_migrations().front()};
  older.migrations = &first;
  {
    Database database(older);
    const auto add_end = [&](const std::string& id, const std::string& columns,
                             const std::string& values, const std::string& event) {
      database
          .prepare(
              "INSERT INTO containers (container_id, state, state_since_at, state_since_monotonic,"
              " kind, slave_id, framework_id, executor_id, directory, nonce, boot_id, created_at)"
              " VALUES (?1, 'Gone', 1, 1, 'custom', 's', 'f', 'e', '/', printf ('%32s', ?1), 'b', "
              "1)")
          .bind(id)
          .run();
      database
          .prepare("INSERT INTO terminations (container_id, message, recorded_at, " + columns +
                   ") VALUES (?, '', 1, " + values + ")")
          .bind(id)
          .run();
      database
          .prepare(
              "INSERT INTO history (container_id, event, to_state, at, monotonic, actor)"
              " VALUES (?, ?, 'Gone', 1, 1, 'a')")
          .bind(id)
          .bind(event)
          .run();
    };
    database.write(Durability::disk, [&] {
      add_end("1", "kind, signal", "'signalled', 15", "StopRequested");
      add_end("2", "kind, exit_code", "'exited', 4", "Exited");
      add_end("3", "kind, signal", "'signalled', 9", "Exited");
      add_end("4", "kind", "'destroyed'", "DestroyRequested");
      add_end("5", "kind, signal", "'oom', 9", "Exited");
    });
  }
  DatabaseSettings newer;
  newer.path = older.path;
  Store store(newer);
  std::string all;
  for (const char* id : {"1", "2", "3", "4", "5"}) {
    const auto end = store.termination_of(id).value();
    all += std::string(id) + " " + end.ending + " by " + end.ended_by.value_or("-") + "\n";
  }
  CHECK(all ==
        "1 killed by slave\n2 exit 4 by task\n3 SIGKILL by -\n4 killed by slave\n5 oom by "
        "kernel\n");
  const Database database(newer);
  CHECK_THROWS_WITH(database.prepare("UPDATE terminations SET kind = 'lost'").run(),
                    Catch::Contains("never changes"));
}

// What the store tells about a slave as a whole: figures, periods and exports.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "store/export.h"
#include "store/period.h"
#include "store/store.h"
#include "temporary_directory.h"

using namespace containerizer;
using namespace containerizer::store;

namespace {

// A store whose clock the test sets.
class ClockStore : public Store {
 public:
  using Store::Store;
  Instant now() const override { return time; }
  Instant time{1'000'000, 5'000};
  void pass(std::int64_t milliseconds) {
    time.wall += milliseconds;
    time.monotonic += milliseconds;
  }
};

struct Slave {
  DatabaseSettings settings() const {
    DatabaseSettings all;
    all.path = directory / "state.db";
    return all;
  }
  Container launch(const std::string& id, const std::string& image) {
    Container c;
    c.container_id = id;
    c.state = "Accepted";
    c.kind = "custom";
    c.slave_id = "S";
    c.framework_id = "F";
    c.executor_id = "executor of " + id;
    c.directory = "/sandbox";
    c.nonce = std::to_string(++nonces);
    c.nonce.insert(0, 32 - c.nonce.size(), '0');
    c.boot_id = "boot";
    if (!image.empty()) c.image = image;
    REQUIRE(store.insert(c, {}, {}, "launch"));
    return store.find(id).value();
  }
  void go(Container& c, const std::string& event, const std::string& to, std::int64_t after,
          const std::string& detail = "", const std::optional<Termination>& end = {}) {
    store.pass(after);
    Advance step;
    step.event = event;
    step.to_state = to;
    step.actor = "supervise";
    step.detail = detail;
    step.termination = end;
    store.advance(c, step);
  }
  // The whole life of a container whose image is pulled for `pull` ms and started for 200 ms.
  void live(const std::string& id, const std::string& image, std::int64_t pull, int exit_code) {
    auto c = launch(id, image);
    go(c, "Begin", "Fetching", 1);
    go(c, "Fetched", "Pulling", 1);
    go(c, "Pulled", "Creating", pull, pull == 0 ? "already there" : "pulled");
    c.docker_id = std::string(64, 'a');
    go(c, "Created", "Starting", 100);
    go(c, "Started", "Running", 100);
    Termination end;
    end.kind = "exited";
    end.exit_code = exit_code;
    end.message = "the container exited with " + std::to_string(exit_code);
    go(c, "Exited", "Exited", 1'000, "", end);
    go(c, "Drained", "Removing", 1);
    go(c, "Removed", "Gone", 1);
  }
  std::string ends() {
    std::string text;
    for (const auto& end : store.figures().ends) {
      text += end.kind + " " + end.outcome + " " + end.registry + " " + std::to_string(end.count) +
              "\n";
    }
    return text;
  }

  TemporaryDirectory directory;
  int nonces = 0;
  ClockStore store{settings()};
};

std::map<std::int64_t, std::int64_t> buckets_of(const Figures& figures, const std::string& step) {
  std::map<std::int64_t, std::int64_t> counts;
  for (const auto& one : figures.durations.at(step)) {
    if (one.count > 0) counts[one.at_most_ms.value_or(-1)] = one.count;
  }
  return counts;
}

}  // namespace

TEST_CASE("figures count launches, ends, pulls and starts") {
  Slave slave;
  slave.live("a", "busybox", 0, 0);
  slave.live("b", "team/web:7", 2'000, 3);
  slave.live("c", "registry.example.com:5000/shop/cart", 700'000, 3);
  slave.live("d", "localhost/x", 100, 0);
  slave.launch("e", "");
  const auto figures = slave.store.figures();
  CHECK(figures.schema_version == embedded_migrations().back().number);
  CHECK(figures.launches == 5);
  CHECK(figures.containers.at("Gone") == 4);
  CHECK(figures.containers.at("Accepted") == 1);
  CHECK(figures.live == std::vector<std::string>{"e"});
  CHECK(slave.ends() ==
        "exited failed docker.io 1\nexited failed registry.example.com:5000 1\n"
        "exited succeeded docker.io 1\nexited succeeded localhost 1\n");
  CHECK(buckets_of(figures, "pull") ==
        std::map<std::int64_t, std::int64_t>{{100, 1}, {2'500, 1}, {-1, 1}});
  CHECK(buckets_of(figures, "start") == std::map<std::int64_t, std::int64_t>{{250, 4}});
  CHECK(figures.undelivered == 4);
  CHECK(figures.oldest_undelivered == 1'000'000 + 1'202);
}

TEST_CASE("counts stay when old containers are deleted") {
  Slave slave;
  slave.live("a", "busybox", 50, 0);
  slave.store.deliver("a");
  const auto before = slave.ends();
  REQUIRE(slave.store.prune(slave.store.time.wall + 1, 10) == 1);
  const auto figures = slave.store.figures();
  CHECK(figures.launches == 1);
  CHECK(slave.ends() == before);
  CHECK(buckets_of(figures, "pull").at(100) == 1);
  CHECK(figures.containers.at("Gone") == 0);
  CHECK(figures.undelivered == 0);
  CHECK_FALSE(figures.oldest_undelivered);
}

TEST_CASE("a start over a reboot of the host has no duration") {
  Slave slave;
  auto c = slave.launch("a", "busybox");
  slave.go(c, "Begin", "Pulling", 1);
  slave.go(c, "Pulled", "Creating", 1, "pulled");
  slave.store.time.monotonic = 0;
  slave.go(c, "Started", "Running", 1);
  CHECK(buckets_of(slave.store.figures(), "start").empty());
}

TEST_CASE("only registries of real images are counted by name, and not more than 20") {
  Slave slave;
  for (int i = 0; i < 25; ++i) {
    slave.live("real-" + std::to_string(i), "r" + std::to_string(i) + ".example.com/x", 0, 0);
  }
  auto c = slave.launch("invented", "invented.example.com/x");
  Termination end;
  end.kind = "failed";
  end.step = "pull";
  slave.go(c, "Failed", "Removing", 1, "", end);
  const auto ends = slave.ends();
  INFO(ends);
  CHECK(std::count(ends.begin(), ends.end(), '\n') == 22);
  CHECK(ends.find("exited succeeded other 5\n") != std::string::npos);
  CHECK(ends.find("pull_failed failed other 1\n") != std::string::npos);
}

TEST_CASE("counters of a database of the first schema start with what it has recorded") {
  const TemporaryDirectory directory;
  DatabaseSettings settings;
  settings.path = directory / "state.db";
  const std::vector<Migration> first{embedded_migrations().front()};
  settings.migrations = &first;
  {
    Database older(settings);
    older.write(Durability::process, [&] {
      const auto run = [&](const char* sql) { older.prepare(sql).run(); };
      run("INSERT INTO containers (container_id, state, state_since_at, state_since_monotonic, "
          "kind,"
          " slave_id, framework_id, executor_id, directory, nonce, boot_id, created_at, image,"
          " docker_id) VALUES ('a', 'Gone', 1, 1, 'custom', 's', 'f', 'e', '/', printf ('%32s', 1),"
          " 'b', 1, 'quay.io/x', printf ('%64s', 1))");
      run("INSERT INTO history (container_id, from_state, event, to_state, at, monotonic, actor,"
          " detail) VALUES ('a', NULL, 'Launch', 'Accepted', 1, 1, 'launch', ''),"
          " ('a', 'Accepted', 'Begin', 'Pulling', 1, 1, 's', ''),"
          " ('a', 'Pulling', 'Pulled', 'Creating', 1, 401, 's', 'pulled')");
      run("INSERT INTO terminations (container_id, kind, exit_code, message, recorded_at)"
          " VALUES ('a', 'exited', 0, '', 1)");
    });
  }
  settings.migrations = &embedded_migrations();
  const auto figures = read_figures(Database(settings));
  CHECK(figures.launches == 1);
  REQUIRE(figures.ends.size() == 1);
  CHECK(figures.ends[0].registry == "quay.io");
  CHECK(buckets_of(figures, "pull") == std::map<std::int64_t, std::int64_t>{{500, 1}});
}

TEST_CASE("a period has the containers that existed in it, and the restarts") {
  Slave slave;
  slave.live("early", "busybox", 10, 0);
  slave.store.note_recovery("boot", 0);
  slave.store.pass(100'000);
  const auto from = slave.store.time.wall;
  slave.store.note_recovery("boot", 0);
  slave.store.pass(1'000);
  slave.live("late", "busybox", 10, 3);
  slave.store.note_recovery("next boot", 0);
  // One restart of the daemon, which two supervisors notice.
  slave.store.pass(100'000);
  slave.store.note_daemon_return();
  slave.store.pass(1'000);
  slave.store.note_daemon_return();
  const Database database(slave.settings());
  const auto period = read_period(database, from);
  REQUIRE(period.lives.size() == 1);
  const auto& life = period.lives[0];
  CHECK(life.container_id == "late");
  CHECK(life.task == "executor of late");
  CHECK(life.ending == "exit 3");
  CHECK(life.pulled);
  REQUIRE(life.states.size() == 9);
  CHECK(life.states.front() == std::pair<std::string, std::int64_t>("Accepted", from + 1'000));
  CHECK(life.states.back().first == "Gone");
  std::string restarts;
  for (const auto& one : period.restarts) restarts += one.what + " ";
  CHECK(restarts == "slave slave daemon host ");
  const auto one = read_period(database, 0, "early");
  REQUIRE(one.lives.size() == 1);
  CHECK(one.lives[0].ending == "exit 0");
}

TEST_CASE("recoveries that are too old are forgotten") {
  Slave slave;
  slave.store.note_recovery("boot", 0);
  slave.store.note_daemon_return();
  slave.store.pass(1'000);
  slave.store.note_recovery("boot", slave.store.time.wall);
  CHECK(read_period(Database(slave.settings()), 0).restarts.size() == 1);
}

TEST_CASE("an export goes on after an event, and repeats what can have changed") {
  Slave slave;
  slave.live("a", "busybox", 10, 0);
  slave.store.deliver("a");
  const auto rows_after = [&](std::int64_t after, std::map<std::string, int>& counts) {
    return export_rows(Database(slave.settings()), after, [&](const Row& row) {
      CHECK(row.table != "launches");
      ++counts[row.table];
    });
  };
  std::map<std::string, int> all;
  const auto last = rows_after(0, all);
  CHECK(last == 9);
  CHECK(all["containers"] == 1);
  CHECK(all["terminations"] == 1);
  CHECK(all["limits"] == 1);
  CHECK(all["history"] == 9);
  CHECK(all["schema_migrations"] == static_cast<int>(embedded_migrations().size()));
  // Two hours later nothing about it can have changed.
  slave.store.pass(7'200'000);
  slave.live("b", "busybox", 10, 0);
  slave.store.deliver("b");
  slave.store.pass(7'200'000);
  slave.launch("c", "busybox");
  std::map<std::string, int> more;
  CHECK(rows_after(18, more) == 19);
  CHECK(more["history"] == 1);
  CHECK(more["containers"] == 2);  // b was delivered about when event 18 happened
  std::map<std::string, int> none;
  CHECK(rows_after(19, none) == 19);
  CHECK(none["history"] == 0);
  CHECK(none["containers"] == 1);
  const auto head = read_head(Database(slave.settings()));
  CHECK(head.instance.size() == 32);
  CHECK(head.newest_event == 19);
}

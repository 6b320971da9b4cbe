// Compares docs/schema.md with the database, and runs its queries.
#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <regex>
#include <set>
#include <sstream>

#include "tests/integration/slave.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

const char* const document = SOURCE_DIR "/docs/schema.md";

// The database as an operator opens it.
class Reader {
 public:
  explicit Reader(const WorkDirectory& place) {
    const auto uri = "file:" + (place.state() / "state.db").string() + "?mode=ro";
    REQUIRE(sqlite3_open_v2(uri.c_str(), &connection_, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                            nullptr) == SQLITE_OK);
  }
  ~Reader() { sqlite3_close(connection_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // The first column of all rows. `id` is the value of the parameter, if the query has one.
  std::vector<std::string> ask(const std::string& query, const std::string& id = "") const {
    sqlite3_stmt* statement = nullptr;
    const int prepared = sqlite3_prepare_v2(connection_, query.c_str(), -1, &statement, nullptr);
    INFO(query << "\n" << sqlite3_errmsg(connection_));
    REQUIRE(prepared == SQLITE_OK);
    sqlite3_bind_text(statement, 1, id.c_str(), -1, SQLITE_TRANSIENT);
    std::vector<std::string> rows;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
      rows.emplace_back(text == nullptr ? "" : text);
    }
    CHECK(sqlite3_finalize(statement) == SQLITE_OK);
    return rows;
  }

 private:
  sqlite3* connection_ = nullptr;
};

std::vector<std::string> documented_queries() {
  std::vector<std::string> queries;
  std::istringstream lines(read_file(document));
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "```sql") {
      queries.emplace_back();
      inside = true;
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      queries.back() += line + "\n";
    }
  }
  return queries;
}

std::set<std::string> names_in(const std::string& text) {
  static const std::regex name("`(\\w+)`");
  std::set<std::string> names;
  for (std::sregex_iterator it(text.begin(), text.end(), name), end; it != end; ++it) {
    names.insert((*it)[1]);
  }
  return names;
}

// The columns that the page lists: for a table in the first cells of its section, for a view in the
// third cell of its row.
std::set<std::string> documented_columns(const std::string& relation) {
  std::istringstream lines(read_file(document));
  std::set<std::string> columns;
  bool in_section = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) in_section = line == "### " + relation;
    const auto cell_end = line.find(" |");
    if (line.starts_with("| `" + relation + "` |")) {
      return names_in(line.substr(line.find(" | ", cell_end + 1)));
    }
    if (in_section && line.starts_with("| `")) columns.merge(names_in(line.substr(0, cell_end)));
  }
  return columns;
}

// Creates containers with every kind of end that the queries look for. Returns the ID of one with a
// long history.
std::string make_history(Slave& slave) {
  const auto fine = slave.run("fine", "true");
  const auto killed = slave.run("killed", "trap '' TERM; while :; do sleep 0.05; done");
  const auto broken = slave.launch("broken", "image=busybox:test shell=false command=/no/such");
  const auto greedy =
      slave.launch("greedy", "image=busybox:test mem=8 executor_mem=8 command='tail /dev/zero'",
                   "launch-custom");
  slave.expect_status(killed, "TASK_RUNNING");
  slave.say("kill killed");
  for (const auto& task : {fine, killed, broken, greedy}) slave.expect_termination(task);
  return killed.id;
}

// Destroys a container whose fetcher never exits.
void destroy_early(const WorkDirectory& place, Slave& slave) {
  const auto fetcher = place.launcher("1.0.4") / "mesos-fetcher";
  write_file(fetcher, "#!/bin/sh\nexec sleep 1000\n");
  const auto early = slave.run("early", "true", "uri=/etc/hostname");
  slave.expect("launched early .*");
  place.await_state(early.id, "Fetching");
  slave.say("destroy early");
  slave.expect("destroyed early exit=0");
}

// Two containers whose slave dies: one keeps running, the other one seems to be of another boot.
void make_rest(const WorkDirectory& place, Slave& slave) {
  const char* const words = "image=busybox:test command='sleep 1000'";
  const auto running = slave.launch("running", words, "launch-custom");
  const auto rebooted = slave.launch("rebooted", words, "launch-custom");
  for (const auto& task : {running, rebooted}) {
    slave.expect("launched " + task.name + " .*");
    place.await_state(task.id, "Running");
  }
  slave.die();
  for (const auto pid : place.processes({"wait"})) ::kill(pid, SIGKILL);
  place.kill_supervisor(rebooted.id);
  output_of(
      {"sqlite3", "-cmd", ".timeout 10000", place.state() / "state.db",
       "UPDATE containers SET boot_id = 'another' WHERE container_id = '" + rebooted.id + "'"});
  REQUIRE(place.call("recover").status == 0);
  place.await_state(rebooted.id, "Gone");
}

}  // namespace

TEST_CASE("tables, views and columns as documented") {
  const WorkDirectory place;
  REQUIRE(place.call("containers").status == 0);
  const Reader reader(place);
  const auto relations = reader.ask(
      "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE "
      "'sqlite_%'");
  CHECK(relations.size() > 10);
  for (const auto& name : relations) {
    CAPTURE(name);
    const auto columns = reader.ask("SELECT name FROM pragma_table_xinfo ('" + name + "')");
    CHECK(documented_columns(name) == std::set<std::string>(columns.begin(), columns.end()));
  }
}

TEST_CASE("documented queries against a history with everything in it", "[dockerd]") {
  const WorkDirectory place;
  Slave slave(place);
  const auto id = make_history(slave);
  destroy_early(place, slave);
  make_rest(place, slave);

  const auto queries = documented_queries();
  CHECK(queries.size() >= 12);
  const Reader reader(place);
  for (const auto& query : queries) {
    INFO(query);
    CHECK_FALSE(reader.ask(query, id).empty());
  }
}

TEST_CASE("history and terminations that cannot be changed") {
  const WorkDirectory place;
  Slave slave(place);
  const auto task = slave.run("task", "true");
  slave.expect_termination(task);
  place.await_state(task.id, "Gone");
  const auto before = place.sql("SELECT * FROM history; SELECT * FROM terminations");
  for (const char* change : {"UPDATE history SET detail = ''", "DELETE FROM history",
                             "UPDATE terminations SET kind = 'unknown'"}) {
    INFO(change);
    const auto ran = run({"sqlite3", "-cmd", ".timeout 10000", place.state() / "state.db", change});
    CHECK(ran.status != 0);
    CHECK_THAT(ran.err, Contains("append-only") || Contains("never changes"));
  }
  CHECK(place.sql("SELECT * FROM history; SELECT * FROM terminations") == before);
}

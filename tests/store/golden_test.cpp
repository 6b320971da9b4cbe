// Databases of every released schema, with a container in every state: tests/store/databases/,
// which bin/lib/make-golden-database has made.
#include <sqlite3.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>

#include "engine/lifecycle/lifecycle.h"
#include "engine/lifecycle/termination.h"
#include "host/format.h"
#include "store/migrations.h"
#include "store/store.h"
#include "tests/unit/temporary_directory.h"

using namespace containerizer;
using namespace containerizer::store;

namespace {

namespace fs = std::filesystem;

DatabaseSettings settings_of(const std::string& path) {
  DatabaseSettings settings;
  settings.path = path;
  return settings;
}

// The first column of all rows, as the file is: without a migration.
std::set<std::string> texts_in(const std::string& path, const char* sql) {
  std::set<std::string> texts;
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open_v2(path.c_str(), &connection, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
  const auto take = [](void* set, int, char** values, char**) {
    static_cast<std::set<std::string>*>(set)->insert(values[0] != nullptr ? values[0] : "");
    return 0;
  };
  CHECK(sqlite3_exec(connection, sql, take, &texts, nullptr) == SQLITE_OK);
  sqlite3_close(connection);
  return texts;
}

// Events that lead to the end from any state, in this order of preference.
Event next_event(State state) {
  for (const auto event : {Event::drained, Event::removed, Event::lost, Event::destroy_requested}) {
    if (next_state(state, event)) return event;
  }
  FAIL("no way to the end from " << name_of(state));
  return Event::removed;
}

void drive_to_the_end(Store& store, Container container) {
  CAPTURE(container.container_id);
  const auto before = store.termination_of(container.container_id);
  const auto steps = store.history(container.container_id, 100).size();
  std::size_t taken = 0;
  while (container.state != name_of(State::gone)) {
    const auto state = state_named(container.state);
    REQUIRE(state);
    Advance step;
    const auto event = next_event(*state);
    step.event = name_of(event);
    step.to_state = name_of(*next_state(*state, event));
    step.actor = "test";
    step.termination = lost_termination();
    store.advance(container, step);
    ++taken;
  }
  CHECK(store.history(container.container_id, 100).size() == steps + taken);
  const auto end = store.termination_of(container.container_id);
  if (before) CHECK(end->message == before->message);
  if (taken > 0) {
    CHECK(end);
    CHECK(store.launch_of(container.container_id)->request.empty());
    CHECK(store.launch_of(container.container_id)->environment.empty());
  }
  store.deliver(container.container_id);
}

}  // namespace

TEST_CASE("a database of every released schema is migrated, and its containers reach their ends") {
  for (const auto& migration : embedded_migrations()) {
    const auto golden = formatted(SOURCE_DIR "/tests/store/databases/{:04}.db", migration.number);
    INFO(golden << ": `bin/lib/make-golden-database " << migration.number << "` makes it");
    REQUIRE(fs::exists(golden));
    const TemporaryDirectory there;
    fs::copy_file(golden, there / "db");
    REQUIRE(texts_in(there / "db", "PRAGMA user_version") ==
            std::set{std::to_string(migration.number)});

    Store store(settings_of(there / "db"));
    const auto all = store.everything();
    std::set<std::string> states;
    for (const auto& container : all) states.insert(container.state);
    for (const auto state : all_states()) CHECK(states.count(name_of(state)) == 1);
    const auto ended = std::count_if(all.begin(), all.end(), [&](const auto& container) {
      return store.termination_of(container.container_id).has_value();
    });
    CHECK(ended == 11);
    for (const auto& container : all) drive_to_the_end(store, container);
    CHECK(store.live().empty());
    CHECK(store.undelivered().empty());
    store.close();

    // Nothing distinguishes it from a new one.
    { const Database fresh(settings_of(there / "fresh")); }
    const char* const schema = "SELECT sql FROM sqlite_schema";
    CHECK(texts_in(there / "db", schema) == texts_in(there / "fresh", schema));
    const char* const programs =
        "SELECT version || ' ' || name || ' ' ||"
        " coalesce (oldest_program, '') FROM schema_migrations";
    CHECK(texts_in(there / "db", programs) == texts_in(there / "fresh", programs));
    CHECK(texts_in(there / "db", "PRAGMA integrity_check") == std::set<std::string>{"ok"});
    CHECK(texts_in(there / "db", "PRAGMA foreign_key_check").empty());
  }
}

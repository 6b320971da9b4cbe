#include "store/figures.h"

#include <limits>

namespace containerizer::store {
namespace {

void read_containers(const Database& database, Figures& figures) {
  auto live = database.prepare("SELECT container_id, state FROM containers WHERE state <> 'Gone'");
  while (live.step()) {
    figures.live.push_back(live.text(0));
    ++figures.containers[live.text(1)];
  }
  auto all = database.prepare("SELECT count (*) FROM containers");
  all.step();
  figures.containers["Gone"] = all.integer(0) - static_cast<std::int64_t>(figures.live.size());
}

void read_ends(const Database& database, Figures& figures) {
  auto ends = database.prepare(
      "SELECT kind, outcome, registry, count FROM end_counts ORDER BY kind, outcome, registry");
  while (ends.step()) {
    figures.ends.push_back({ends.text(0), ends.text(1), ends.text(2), ends.integer(3)});
  }
  // CROSS JOIN fixes the order: few containers are undelivered, and an index lists them.
  auto waiting = database.prepare(
      "SELECT count (*), min (recorded_at) FROM containers c CROSS JOIN terminations t"
      " ON t.container_id = c.container_id WHERE c.delivered_at IS NULL");
  waiting.step();
  figures.undelivered = waiting.integer(0);
  figures.oldest_undelivered = waiting.optional_integer(1);
}

void read_durations(const Database& database, Figures& figures) {
  auto rows = database.prepare(
      "SELECT step, at_most_ms, count, total_ms FROM duration_counts ORDER BY step, at_most_ms");
  while (rows.step()) {
    DurationCount one{rows.integer(1), rows.integer(2), rows.integer(3)};
    if (one.at_most_ms == std::numeric_limits<std::int64_t>::max()) one.at_most_ms.reset();
    figures.durations[rows.text(0)].push_back(one);
  }
}

}  // namespace

Figures read_figures(const Database& database) {
  Figures figures;
  database.prepare("BEGIN").run();
  auto others = database.prepare(
      "SELECT (SELECT max (version) FROM schema_migrations), (SELECT count FROM launch_counts),"
      " (SELECT max (at) FROM recoveries)");
  others.step();
  figures.schema_version = static_cast<int>(others.integer(0));
  figures.launches = others.integer(1);
  figures.last_recovery = others.optional_integer(2);
  read_containers(database, figures);
  read_ends(database, figures);
  read_durations(database, figures);
  database.prepare("COMMIT").run();
  return figures;
}

}  // namespace containerizer::store

#include "store/period.h"

#include <map>

namespace containerizer::store {
namespace {

// Containers that a restart ended did not all learn of it at once.
constexpr std::int64_t one_restart_ms = 60'000;

// Which containers: those of the period, or one. The first parameter is the start of the period,
// the second an ID.
constexpr const char* wanted =
    "(?2 IS NULL AND (c.state <> 'Gone' OR c.state_since_at >= ?1) OR c.container_id = ?2)";

std::vector<Life> read_lives(const Database& database, std::int64_t from,
                             const std::optional<std::string>& id) {
  auto rows = database.prepare(
      std::string("SELECT c.container_id, coalesce (c.task_name, c.executor_id), c.image,"
                  " c.framework_id, c.slave_id, t.ending, coalesce (t.message, '')"
                  " FROM containers c LEFT JOIN terminations t USING (container_id) WHERE ") +
      wanted + " ORDER BY c.created_at, c.container_id");
  rows.bind(from).bind(id);
  std::vector<Life> lives;
  while (rows.step()) {
    Life life;
    life.container_id = rows.text(0);
    life.task = rows.text(1);
    life.image = rows.optional_text(2);
    life.framework_id = rows.text(3);
    life.slave_id = rows.text(4);
    life.ending = rows.optional_text(5);
    life.message = rows.text(6);
    lives.push_back(std::move(life));
  }
  return lives;
}

void add_states(const Database& database, std::int64_t from, const std::optional<std::string>& id,
                std::vector<Life>& lives) {
  std::map<std::string, Life*> by_id;
  for (auto& life : lives) by_id.emplace(life.container_id, &life);
  // CROSS JOIN fixes the order: an index leads from a container to its history.
  auto rows = database.prepare(
      std::string("SELECT h.container_id, h.to_state, h.at, h.event = 'Pulled' AND h.detail ="
                  " 'pulled' FROM containers c CROSS JOIN history h ON h.container_id ="
                  " c.container_id WHERE ") +
      wanted + " ORDER BY h.container_id, h.sequence");
  rows.bind(from).bind(id);
  Life* life = nullptr;
  while (rows.step()) {
    auto container = rows.text(0);
    if (life == nullptr || life->container_id != container) {
      life = by_id.at(container);
    }
    life->states.emplace_back(rows.text(1), rows.integer(2));
    life->pulled = life->pulled || rows.integer(3) != 0;
  }
}

// The first of each group of times.
void add_groups(Statement& times, const char* what, std::vector<Restart>& restarts) {
  std::optional<std::int64_t> last;
  while (times.step()) {
    const auto at = times.integer(0);
    if (!last || at - *last > one_restart_ms) restarts.push_back({what, at});
    last = at;
  }
}

std::vector<Restart> read_restarts(const Database& database, std::int64_t from) {
  std::vector<Restart> restarts;
  auto slave = database.prepare("SELECT at FROM recoveries WHERE at >= ? ORDER BY at");
  slave.bind(from);
  while (slave.step()) restarts.push_back({"slave", slave.integer(0)});
  // A restart of the host shows in all containers, one of the daemon in those that it ended or that
  // saw the daemon again.
  auto daemon = database.prepare(
      "SELECT recorded_at FROM terminations WHERE recorded_at >= ?1 AND ended_by = 'daemon'"
      " UNION SELECT at FROM daemon_returns WHERE at >= ?1 ORDER BY 1");
  daemon.bind(from);
  add_groups(daemon, "daemon", restarts);
  auto host = database.prepare(
      "SELECT at FROM (SELECT at, boot_id <> lag (boot_id) OVER (ORDER BY at) AS is_new FROM"
      " recoveries) WHERE is_new AND at >= ?1 UNION SELECT recorded_at FROM terminations WHERE"
      " recorded_at >= ?1 AND kind = 'rebooted' ORDER BY 1");
  host.bind(from);
  add_groups(host, "host", restarts);
  return restarts;
}

}  // namespace

Period read_period(const Database& database, std::int64_t from,
                   const std::optional<std::string>& container_id) {
  Period period;
  // One transaction, so that both queries see the same containers.
  database.prepare("BEGIN").run();
  period.lives = read_lives(database, from, container_id);
  add_states(database, from, container_id, period.lives);
  period.restarts = read_restarts(database, from);
  database.prepare("COMMIT").run();
  return period;
}

}  // namespace containerizer::store

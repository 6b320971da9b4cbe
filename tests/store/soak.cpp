#include "tests/store/soak.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <random>
#include <vector>

#include "engine/lifecycle/lifecycle.h"
#include "host/file.h"
#include "host/format.h"
#include "host/process.h"
#include "tests/store/steps.h"
#include "tests/unit/temporary_directory.h"

namespace containerizer::store {
namespace {

constexpr int racers = 2;  // processes per lane
constexpr std::int64_t log_bound = 96 << 20;
constexpr int silence = 120'000;  // ms without a step, after which a process must hang

// The steps of one container, as counted by the processes. A killed process may have done one step
// more than it has acknowledged.
struct Tally {
  std::atomic<int> tried;  // without the refused ones
  std::atomic<int> acknowledged;
};

// Memory that all processes share, and that survives their deaths.
class Ledger {
 public:
  explicit Ledger(std::size_t containers)
      : size_(sizeof(Head) + containers * sizeof(Tally)),
        memory_(::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) throw std::runtime_error("no memory to share");
  }
  ~Ledger() { ::munmap(memory_, size_); }
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  struct Head {
    std::atomic<int> collisions;
    std::atomic<int> errors;
    std::array<std::atomic<int>, 100> done_in_lane;  // number of completed containers, at least
    std::array<char, 500> first_error;
  };
  Head& head() const { return *static_cast<Head*>(memory_); }
  Tally& of(std::size_t container) const {
    return reinterpret_cast<Tally*>(static_cast<char*>(memory_) + sizeof(Head))[container];
  }
  void complain(const std::string& problem) const {
    if (head().errors++ > 0) return;
    std::strncpy(head().first_error.data(), problem.c_str(), head().first_error.size() - 1);
  }

 private:
  std::size_t size_;
  void* memory_;
};

struct Shared {
  Soak soak;
  DatabaseSettings settings;
  const Ledger& ledger;
  const Pipe& news;  // receives a byte for each step

  int lanes() const { return soak.processes / racers; }
};

// --- A worker

// On a busy machine, one of the processes can wait longer for the lock than the store does. It then
// tries again, as every process of the containerizer does. Killer notices if all wait.
template <class Query>
auto patiently(Store& store, Query query) {
  for (;;) {
    try {
      return query();
    } catch (const StoreError& error) {
      store.close();
      if (error.fault() != StoreFault::busy) throw;
    }
  }
}

class Worker {
 public:
  Worker(const Shared& shared, int slot, unsigned seed)
      : shared_(shared), lane_(slot % shared.lanes()), random_(seed), store_(shared.settings) {}

  // Does the remaining work of the lane, including containers that another process has started.
  void work() {
    auto& done = shared_.ledger.head().done_in_lane.at(static_cast<std::size_t>(lane_));
    for (int i = done; lane_ + i * shared_.lanes() < shared_.soak.lifecycles; ++i) {
      container_ = lane_ + i * shared_.lanes();
      while (!patiently(store_, [&] { return is_over(); }))
        patiently(store_, [&] { return take_step(); });
      done = i + 1;
      patiently(store_, [&] { return store_.checkpoint(); });
    }
  }

 private:
  std::string id() const { return formatted("c{}", container_); }

  bool is_over() {
    const auto c = store_.find(id());
    return c && c->delivered_at;
  }

  void take_step() {
    auto& tally = shared_.ledger.of(static_cast<std::size_t>(container_));
    auto c = store_.find(id());
    if (c && c->state == name_of(State::gone)) return store_.deliver(id());
    ++tally.tried;
    try {
      if (c ? advance(*c) : store_.insert(new_container(id()), {"request", ""}, {}, "soak")) {
        ++tally.acknowledged;
      } else {
        --tally.tried;
        ++shared_.ledger.head().collisions;
      }
    } catch (const StoreError&) {
      --tally.tried;
      throw;
    }
    write_all(shared_.news.write.get(), ".");
    if (random_() % 3 == 0) store_.close();
  }

  // Returns false if the other process was faster.
  bool advance(Container& container) {
    const auto next = any_step(container);
    try {
      if (shared_.soak.without_guard) {
        advance_without_guard(container, next);
      } else {
        store_.advance(container, next);
      }
      return true;
    } catch (const OwnershipLost&) {
      return false;
    }
  }

  // Usually the first transition in the table, which leads to the next state; sometimes a random
  // one.
  Advance any_step(const Container& container) {
    std::vector<Transition> rows;
    for (const auto& row : all_transitions()) {
      if (container.state == name_of(row.from)) rows.push_back(row);
    }
    const auto& row = rows.at(random_() % 8 == 0 ? random_() % rows.size() : 0);
    Advance next;
    next.event = name_of(row.event);
    next.to_state = name_of(row.to);
    next.actor = "soak";
    if (row.to == State::exited || row.to == State::removing) {
      next.termination.emplace();
      next.termination->kind = "unknown";
      next.termination->message = next.event;
      next.durability = Durability::disk;
    }
    return next;
  }

  void advance_without_guard(const Container& container, const Advance& next) {
    store_.close();
    Database database(shared_.settings);
    database.write(Durability::process, [&] {
      database.prepare("UPDATE containers SET state = ?, version = ? WHERE container_id = ?")
          .bind(next.to_state)
          .bind(container.version + 1)
          .bind(container.container_id)
          .run();
      database
          .prepare(
              "INSERT INTO history (container_id, from_state, event, to_state, at, monotonic,"
              " actor) VALUES (?, ?, ?, ?, 0, 0, 'soak')")
          .bind(container.container_id)
          .bind(container.state)
          .bind(next.event)
          .bind(next.to_state)
          .run();
    });
  }

  const Shared& shared_;
  int lane_;
  int container_ = 0;
  std::mt19937 random_;
  Store store_;
};

pid_t start_worker(const Shared& shared, int slot, unsigned seed) {
  return fork_child([&] {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // an interrupted soak leaves no processes
    try {
      Worker(shared, slot, seed).work();
    } catch (const std::exception& error) {
      shared.ledger.complain(error.what());
      throw;
    }
  });
}

// --- Killing the workers

class Killer {
 public:
  Killer(const Shared& shared, SoakReport& report)
      : shared_(shared), report_(report), random_(shared.soak.seed) {}

  void run() {
    watched_.push_back({shared_.news.read.get(), POLLIN, 0});
    for (int slot = 0; slot < shared_.soak.processes; ++slot) start(slot);
    while (!workers_.empty()) {
      if (::poll(watched_.data(), watched_.size(), silence) == 0) return give_up();
      if (watched_[0].revents != 0) hear_news();
      for (std::size_t i = workers_.size(); i > 0; --i) {
        if (watched_[i].revents != 0) bury(i - 1);
      }
    }
  }

 private:
  struct Living {
    pid_t pid;
    int slot;
    Fd end;
  };

  void start(int slot) {
    const pid_t pid = start_worker(shared_, slot, static_cast<unsigned>(random_()));
    workers_.push_back({pid, slot, std::move(open_process(identify(pid).value()).value())});
    watched_.push_back({workers_.back().end.get(), POLLIN, 0});
  }

  void hear_news() {
    std::array<char, 64> steps{};
    const auto count = ::read(shared_.news.read.get(), steps.data(), steps.size());
    std::error_code absent;
    const auto size = std::filesystem::file_size(shared_.settings.path + "-wal", absent);
    if (!absent)
      report_.largest_log = std::max(report_.largest_log, static_cast<std::int64_t>(size));
    constexpr unsigned steps_for_a_kill = 50;
    for (auto i = count; i > 0; --i) {
      if (random_() % steps_for_a_kill == 0) kill_any();
    }
  }

  void kill_any() {
    ::kill(workers_[random_() % workers_.size()].pid, SIGKILL);
    ++report_.kills;
  }

  void bury(std::size_t i) {
    const int slot = workers_[i].slot;
    const int status = ended(workers_[i].pid);
    workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(i));
    watched_.erase(watched_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    if (was_killed(status)) start(slot);
  }

  void give_up() {
    shared_.ledger.complain("no process does a step");
    for (const auto& worker : workers_) {
      ::kill(worker.pid, SIGKILL);
      ended(worker.pid);
    }
  }

  const Shared& shared_;
  SoakReport& report_;
  std::mt19937 random_;
  std::vector<Living> workers_;
  std::vector<pollfd> watched_;  // the news, then the workers' pidfds
};

// --- Checks afterwards

std::string count_wrong(const Database& database, const std::string& what,
                        const std::string& condition) {
  auto row =
      database.prepare("SELECT count(*), min (container_id) FROM containers WHERE " + condition);
  row.step();
  if (row.integer(0) == 0) return "";
  return formatted("{}: {} containers, such as {}\n", what, row.integer(0), row.text(1));
}

std::string unlike_tally(const Database& database, const Shared& shared) {
  auto row = database.prepare("SELECT substr (container_id, 2), version FROM containers");
  std::string wrong;
  int rows = 0;
  while (row.step()) {
    ++rows;
    const auto& tally = shared.ledger.of(std::stoul(row.text(0)));
    if (tally.acknowledged <= row.integer(1) && row.integer(1) <= tally.tried) continue;
    wrong = formatted("lost update: c{} is at version {} after {} acknowledged steps\n",
                      row.text(0), row.integer(1), tally.acknowledged.load());
  }
  if (rows == shared.soak.lifecycles) return wrong;
  return wrong + formatted("{} containers instead of {}\n", rows, shared.soak.lifecycles);
}

std::string judge(const Shared& shared, const SoakReport& report) {
  const auto& head = shared.ledger.head();
  std::string all;
  if (head.errors > 0)
    all += formatted("{} errors: {}\n", head.errors.load(), head.first_error.data());
  const Database database(shared.settings);
  all += complaints_about(database) + unlike_tally(database, shared);
  all += count_wrong(database, "lost update",
                     "version <> (SELECT count(*) FROM history h"
                     " WHERE h.container_id = containers.container_id)");
  all += count_wrong(database, "not complete", "state <> 'Gone' OR delivered_at IS NULL");
  all += count_wrong(database, "not launched and removed once",
                     "2 <> (SELECT count(*) FROM history h WHERE h.container_id ="
                     " containers.container_id AND event IN ('Launch', 'Removed'))");
  all += count_wrong(database, "without the first termination",
                     "(SELECT message FROM terminations t WHERE t.container_id ="
                     " containers.container_id) IS NOT (SELECT event FROM history h WHERE"
                     " h.container_id = containers.container_id AND to_state IN ('Exited',"
                     " 'Removing') ORDER BY sequence LIMIT 1)");
  if (report.largest_log > log_bound) all += formatted("log of {} bytes\n", report.largest_log);
  return all;
}

}  // namespace

SoakReport run(const Soak& soak) {
  const auto start = std::chrono::steady_clock::now();
  const TemporaryDirectory there;
  const Ledger ledger(static_cast<std::size_t>(soak.lifecycles));
  const auto news = make_pipe();
  const Shared shared{soak, settings_in(there.path()), ledger, news.value()};
  SoakReport report;
  Killer(shared, report).run();
  for (int n = 0; n < soak.lifecycles; ++n) {
    report.steps += ledger.of(static_cast<std::size_t>(n)).acknowledged;
  }
  report.collisions = ledger.head().collisions;
  report.complaints = judge(shared, report);
  report.database = static_cast<std::int64_t>(std::filesystem::file_size(shared.settings.path));
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace containerizer::store

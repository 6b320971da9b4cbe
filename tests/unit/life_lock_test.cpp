#include "engine/container/life_lock.h"

#include <array>
#include <catch2/catch.hpp>
#include <csignal>

#include "engine/container/run_files.h"
#include "temporary_directory.h"

using namespace containerizer;
using Outcome = LockFile::Outcome;

namespace {

constexpr std::array<Phase, 4> phases{Phase::startup, Phase::outcome, Phase::executor,
                                      Phase::ownership};

// A state directory with the directory of the locks.
class LifeDirectory : public TemporaryDirectory {
 public:
  LifeDirectory() { std::filesystem::create_directory(*this / "run"); }
};

// Restores the signal mask that make_host() changes: children of other tests wait for that signal.
Host& real_host() {
  static const auto host = [] {
    sigset_t before;
    ::sigprocmask(SIG_SETMASK, nullptr, &before);
    auto made = make_host();
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return made;
  }();
  return *host;
}

std::array<bool, 4> held(const LifeLock& lock) {
  std::array<bool, 4> result{};
  for (std::size_t i = 0; i < phases.size(); ++i) result[i] = lock.is_held(phases[i]);
  return result;
}

}  // namespace

TEST_CASE("a process outside of a container's cgroup is not its first process") {
  CHECK(real_host().identify(::getpid()));
  CHECK_FALSE(real_host().identify_init(::getpid(), std::string(64, 'a')));
}

TEST_CASE("the phases that each state has passed") {
  struct Row {
    State state;
    std::array<bool, 4> past;  // startup, outcome, executor, ownership
  };
  const std::vector<Row> table{
      {State::accepted, {false, false, false, false}},
      {State::fetching, {false, false, false, false}},
      {State::pulling, {false, false, false, false}},
      {State::creating, {false, false, false, false}},
      {State::starting, {false, false, false, false}},
      {State::running, {true, false, false, false}},
      {State::stopping, {true, false, false, false}},
      {State::exited, {true, true, false, false}},
      {State::removing, {true, true, true, false}},
      {State::gone, {true, true, true, true}},
  };
  CHECK(table.size() == all_states().size());
  for (const auto& row : table) {
    for (std::size_t i = 0; i < phases.size(); ++i) {
      INFO(name_of(row.state) << ", phase " << i);
      CHECK(is_past(row.state, phases[i]) == row.past[i]);
    }
  }
}

TEST_CASE("no transition returns to a passed phase") {
  for (const auto& row : all_transitions()) {
    for (const Phase phase : phases) {
      INFO(name_of(row.from) << " " << name_of(row.event));
      CHECK((!is_past(row.from, phase) || is_past(row.to, phase)));
    }
  }
}

TEST_CASE("an owner locks every phase, and releases one after the other") {
  const LifeDirectory there;
  LifeLock owner(there.path(), "c", true);
  const LifeLock other(there.path(), "c", false);
  CHECK(held(other) == std::array{false, false, false, false});
  REQUIRE(owner.try_own(real_host()));
  CHECK(held(other) == std::array{true, true, true, true});
  owner.pass(Phase::startup);
  CHECK(held(other) == std::array{false, true, true, true});
  owner.pass(Phase::outcome);
  CHECK(held(other) == std::array{false, false, true, true});
  owner.pass(Phase::executor);
  CHECK(held(other) == std::array{false, false, false, true});
  owner.pass(Phase::ownership);
  CHECK(held(other) == std::array{false, false, false, false});
}

TEST_CASE("a container has one owner at a time", "[scenario-33]") {
  const LifeDirectory there;
  LifeLock owner(there.path(), "c", true);
  REQUIRE(owner.try_own(real_host()));
  CHECK_FALSE(LifeLock(there.path(), "c", true).try_own(real_host()));
  CHECK(LifeLock(there.path(), "c1", true).try_own(real_host()));
  CHECK(LifeLock(there.path(), "c.lock", true).try_own(real_host()));
}

TEST_CASE("of many processes that try to own a container at once, one succeeds", "[scenario-33]") {
  const LifeDirectory there;
  Gate go;
  Gate done;
  std::vector<pid_t> contenders;
  for (int i = 0; i < 20; ++i) {
    contenders.push_back(fork_child([&] {
      LifeLock lock(there.path(), "c", true);
      go.wait();
      if (!lock.try_own(real_host())) return;
      // Keeps the lock until all others have tried.
      write_file(there / "owner", std::to_string(::getpid()));
      done.wait();
      ::_exit(7);
    }));
  }
  go.open();
  int losers = 0;
  int winners = 0;
  for (std::size_t left = contenders.size(); left > 0; --left) {
    if (left == 1) done.open();
    const int status = ended(-1);
    losers += status == 0 ? 1 : 0;
    winners += WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 1 : 0;
  }
  CHECK(winners == 1);
  CHECK(losers == 19);
}

TEST_CASE("a process that waits for a phase is woken when it is passed", "[scenario-16]") {
  const LifeDirectory there;
  const auto phase = GENERATE(from_range(phases.begin(), phases.end()));
  Gate owned;
  Gate pass;
  const pid_t owner = fork_child([&] {
    LifeLock lock(there.path(), "c", true);
    expect(lock.try_own(real_host()), "no process owned it");
    owned.open();
    pass.wait();
    lock.pass(phase);
    for (;;) ::pause();
  });
  owned.wait();
  const pid_t waiter = fork_child([&] {
    LifeLock lock(there.path(), "c", false);
    expect(lock.await_passed(real_host(), phase) == Outcome::locked, "passed");
  });
  await_asleep(waiter);
  pass.open();
  CHECK(ended(waiter) == 0);
  ::kill(owner, SIGKILL);
  ended(owner);
}

TEST_CASE("an owner's death wakes all waiting processes, and leaves no lock",
          "[scenario-21][scenario-64]") {
  const LifeDirectory there;
  Gate owned;
  const pid_t owner = fork_child([&] {
    LifeLock lock(there.path(), "c", true);
    expect(lock.try_own(real_host()), "no process owned it");
    owned.open();
    for (;;) ::pause();
  });
  owned.wait();
  std::vector<pid_t> waiters;
  for (const Phase phase : phases) {
    waiters.push_back(fork_child([&there, phase] {
      LifeLock lock(there.path(), "c", false);
      expect(lock.await_passed(real_host(), phase) == Outcome::locked, "woken");
    }));
    await_asleep(waiters.back());
  }
  ::kill(owner, SIGKILL);
  CHECK(was_killed(ended(owner)));
  for (const pid_t waiter : waiters) CHECK(ended(waiter) == 0);
  CHECK(LifeLock(there.path(), "c", true).try_own(real_host()));
}

TEST_CASE("a waiting process that is killed does not block the next owner", "[scenario-21]") {
  const LifeDirectory there;
  LifeLock owner(there.path(), "c", true);
  REQUIRE(owner.try_own(real_host()));
  const pid_t waiter = fork_child([&] {
    LifeLock lock(there.path(), "c", false);
    lock.await_passed(real_host(), Phase::outcome);
  });
  await_asleep(waiter);
  ::kill(waiter, SIGKILL);
  ended(waiter);
  for (const Phase phase : phases) owner.pass(phase);
  CHECK(LifeLock(there.path(), "c", true).try_own(real_host()));
}

TEST_CASE("waiting for a phase ends at its deadline") {
  const LifeDirectory there;
  LifeLock owner(there.path(), "c", true);
  REQUIRE(owner.try_own(real_host()));
  LifeLock waiter(there.path(), "c", false);
  CHECK(waiter.await_passed(real_host(), Phase::outcome, deadline_in(Duration(20))) ==
        Outcome::timed_out);
  owner.pass(Phase::outcome);
  CHECK(waiter.await_passed(real_host(), Phase::outcome, deadline_in(Duration(20))) ==
        Outcome::locked);
}

TEST_CASE("a container without a lock file has passed all phases") {
  const LifeDirectory there;
  LifeLock lock(there.path(), "c", false);
  CHECK(held(lock) == std::array{false, false, false, false});
  for (const Phase phase : phases) CHECK(lock.await_passed(real_host(), phase) == Outcome::locked);
  CHECK_FALSE(std::filesystem::exists(there / "run/c.lock"));
}

TEST_CASE("the files of a container are deleted, and no others") {
  const LifeDirectory there;
  LifeLock owner(there.path(), "c", true);
  REQUIRE(owner.try_own(real_host()));
  write_file(run_file(there.path(), "c", ".output"), "cursor");
  write_file(run_file(there.path(), "c1", ".output"), "cursor");
  const LifeLock other(there.path(), "c", false);
  remove_run_files(there.path(), "c");
  remove_run_files(there.path(), "c");
  CHECK_FALSE(std::filesystem::exists(there / "run/c.lock"));
  CHECK_FALSE(std::filesystem::exists(there / "run/c.output"));
  CHECK(std::filesystem::exists(there / "run/c1.output"));
  CHECK(other.is_held(Phase::ownership));  // processes that have the file open still share the lock
}

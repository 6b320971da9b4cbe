#include "host/lock.h"

#include <sys/stat.h>
#include <sys/time.h>

#include <catch2/catch.hpp>
#include <system_error>

#include "temporary_directory.h"

using namespace containerizer;
using Mode = LockFile::Mode;
using Outcome = LockFile::Outcome;

namespace {

// A process that has a lock until it is killed.
class Holder {
 public:
  Holder(const std::string& path, int byte, Mode mode) {
    Gate locked;
    pid_ = fork_child([&] {
      LockFile file(path, true);
      expect(file.try_lock(byte, mode), "the lock is free");
      locked.open();
      for (;;) ::pause();
    });
    locked.wait();
  }
  ~Holder() { kill(); }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  pid_t pid() const { return pid_; }
  void kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ended(pid_);
    pid_ = 0;
  }

 private:
  pid_t pid_ = 0;
};

bool timer_runs() {
  itimerval timer{};
  ::getitimer(ITIMER_REAL, &timer);
  return timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0;
}

}  // namespace

TEST_CASE("a lock file is created for its owner alone, and only with `create`") {
  const TemporaryDirectory there;
  CHECK_FALSE(LockFile(there / "lock", false).valid());
  CHECK_FALSE(std::filesystem::exists(there / "lock"));
  CHECK(LockFile(there / "lock", true).valid());
  CHECK(LockFile(there / "lock", false).valid());
  struct stat found {};
  REQUIRE(::stat((there / "lock").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777U) == 0600);
}

TEST_CASE("an error about a lock file names its path") {
  const TemporaryDirectory there;
  std::filesystem::create_symlink(there / "elsewhere", there / "link");
  for (const bool create : {false, true}) {
    CHECK_THROWS_WITH(LockFile(there / "link", create), Catch::Contains(there / "link"));
  }
  CHECK_THROWS_AS(LockFile(there / "absent/lock", true), std::system_error);
  CHECK_FALSE(std::filesystem::exists(there / "elsewhere"));
}

TEST_CASE("an exclusive lock excludes all others, shared ones exclude only it") {
  const TemporaryDirectory there;
  LockFile one(there / "lock", true);
  LockFile other(there / "lock", true);
  REQUIRE(one.try_lock(0, Mode::exclusive));
  CHECK_FALSE(other.try_lock(0, Mode::exclusive));
  CHECK_FALSE(other.try_lock(0, Mode::shared));
  CHECK(other.is_held(0));
  CHECK(other.try_lock(1, Mode::exclusive));  // each byte is a separate lock

  REQUIRE(one.try_lock(0, Mode::shared));  // from exclusive to shared in one step
  CHECK_FALSE(other.is_held(0));
  CHECK(other.is_locked(0));
  CHECK_FALSE(one.is_locked(0));
  CHECK(other.try_lock(0, Mode::shared));
  CHECK_FALSE(one.try_lock(0, Mode::exclusive));
  other.unlock(0);
  CHECK(one.try_lock(0, Mode::exclusive));
}

TEST_CASE("looking at a lock does not take it") {
  const TemporaryDirectory there;
  LockFile one(there / "lock", true);
  LockFile other(there / "lock", true);
  CHECK_FALSE(one.is_held(0));
  CHECK_FALSE(one.is_locked(0));
  CHECK(other.try_lock(0, Mode::exclusive));
}

TEST_CASE("the kernel frees the locks of a process that is killed", "[scenario-64]") {
  const TemporaryDirectory there;
  const auto mode = GENERATE(Mode::shared, Mode::exclusive);
  Holder holder(there / "lock", 3, mode);
  LockFile file(there / "lock", true);
  CHECK(file.is_held(3) == (mode == Mode::exclusive));
  CHECK_FALSE(file.try_lock(3, Mode::exclusive));
  holder.kill();
  CHECK(file.try_lock(3, Mode::exclusive));
}

TEST_CASE("the process that has an exclusive lock is found") {
  const TemporaryDirectory there;
  const Holder reader(there / "lock", 2, Mode::shared);
  Holder holder(there / "lock", 3, Mode::exclusive);
  const Holder elsewhere(there / "other", 3, Mode::exclusive);
  const LockFile file(there / "lock", true);
  const auto owner = file.owner_of(3);
  REQUIRE(owner);
  CHECK(owner->pid == holder.pid());
  CHECK_FALSE(file.owner_of(2));
  CHECK_FALSE(file.owner_of(4));
  holder.kill();
  CHECK_FALSE(file.owner_of(3));
}

TEST_CASE("closing one file does not release the locks of another", "[scenario-63]") {
  const TemporaryDirectory there;
  LockFile one(there / "lock", true);
  REQUIRE(one.try_lock(0, Mode::exclusive));
  { const LockFile other(there / "lock", true); }
  LockFile third(there / "lock", true);
  CHECK(third.is_held(0));
}

TEST_CASE("a process that waits for a lock is woken when it is released, or its owner is killed",
          "[scenario-64]") {
  const TemporaryDirectory there;
  const bool with_deadline = GENERATE(false, true);
  Holder holder(there / "lock", 0, Mode::exclusive);
  const pid_t waiter = fork_child([&] {
    LockFile file(there / "lock", true);
    std::optional<Deadline> deadline;
    if (with_deadline) deadline = deadline_in(std::chrono::hours(1));
    expect(file.lock(0, Mode::shared, deadline) == Outcome::locked,
           "the waiting process got the lock");
    expect(!timer_runs(), "no timer is left behind");
  });
  await_asleep(waiter);
  holder.kill();
  CHECK(ended(waiter) == 0);
}

TEST_CASE("waiting for a lock ends at the deadline") {
  const TemporaryDirectory there;
  const auto patience = GENERATE(-1000, 0, 1, 50);
  const Holder holder(there / "lock", 0, Mode::exclusive);
  LockFile file(there / "lock", true);
  CHECK(file.lock(0, Mode::shared, deadline_in(Duration(patience))) == Outcome::timed_out);
  CHECK_FALSE(timer_runs());
  CHECK(file.lock(1, Mode::shared, deadline_in(Duration(patience))) == Outcome::locked);
}

TEST_CASE("a signal interrupts waiting for a lock") {
  const TemporaryDirectory there;
  const Holder holder(there / "lock", 0, Mode::exclusive);
  const bool with_deadline = GENERATE(false, true);
  Gate ready;
  const pid_t waiter = fork_child([&] {
    const InterruptibleSignal signal(SIGTERM);
    ready.open();
    LockFile file(there / "lock", true);
    std::optional<Deadline> deadline;
    if (with_deadline) deadline = deadline_in(std::chrono::hours(1));
    const auto outcome = file.lock(0, Mode::shared, deadline, signal.flag());
    expect(outcome == Outcome::interrupted, "the signal was noticed");
  });
  ready.wait();  // not until it blocks: the signal may arrive at any moment
  ::kill(waiter, SIGTERM);
  CHECK(ended(waiter) == 0);
}

TEST_CASE("a signal before the wait is not lost") {
  const TemporaryDirectory there;
  const Holder holder(there / "lock", 0, Mode::exclusive);
  InterruptibleSignal signal(SIGUSR2);
  CHECK(*signal.flag() == 0);
  ::raise(SIGUSR2);
  CHECK(*signal.flag() == 1);
  LockFile file(there / "lock", true);
  CHECK(file.lock(0, Mode::shared, {}, signal.flag()) == Outcome::interrupted);
  CHECK(file.lock(1, Mode::shared, {}, signal.flag()) == Outcome::locked);  // it was free
  signal.reset();
  CHECK(*signal.flag() == 0);
}

TEST_CASE("a signal just before a blocking call interrupts it repeatedly until reset()") {
  InterruptibleSignal signal(SIGUSR2);
  sigset_t alarm;
  ::sigemptyset(&alarm);
  ::sigaddset(&alarm, SIGALRM);
  ::sigprocmask(SIG_BLOCK, &alarm, nullptr);
  ::raise(SIGUSR2);
  for (int times = 0; times < 3; ++times) {
    CHECK(::sigwaitinfo(&alarm, nullptr) == SIGALRM);
  }
  signal.reset();
  CHECK_FALSE(timer_runs());
  ::sigprocmask(SIG_UNBLOCK, &alarm, nullptr);
}

TEST_CASE("the destructor restores the signal's default action") {
  { const InterruptibleSignal signal(SIGUSR2); }
  struct sigaction action {};
  ::sigaction(SIGUSR2, nullptr, &action);
  CHECK(action.sa_handler == SIG_DFL);
}

TEST_CASE("a lock file with a second hard link, as in a backup, works") {
  const TemporaryDirectory there;
  LockFile lock(there / "lock", true);
  std::filesystem::create_hard_link(there / "lock", there / "backup");
  CHECK(lock.try_lock(0, LockFile::Mode::exclusive));
  CHECK(LockFile(there / "lock", false).is_held(0));
}

TEST_CASE("a lock file that others can open, and so lock forever, is refused") {
  const TemporaryDirectory there;
  const auto path = there / "lock";
  { const LockFile made(path, true); }
  SECTION("open to others") { REQUIRE(::chmod(path.c_str(), 0640) == 0); }
  SECTION("another user's") {
    if (::geteuid() != 0) return;
    REQUIRE(::chown(path.c_str(), 12345, 12345) == 0);
  }
  SECTION("a link") {
    std::filesystem::rename(path, there / "other");
    std::filesystem::create_symlink(there / "other", path);
  }
  SECTION("a pipe") {
    std::filesystem::remove(path);
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  }
  CHECK_THROWS_WITH(LockFile(path, true), Catch::Contains(path));
  CHECK_THROWS_AS(LockFile(path, false), std::system_error);
}

// Files of the store that are cut, or in which a byte is changed.
#include <poll.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>

#include "host/format.h"
#include "host/process.h"
#include "tests/store/faulty_vfs.h"
#include "tests/store/steps.h"
#include "tests/unit/log_database.h"

using namespace containerizer;
using namespace containerizer::store;

namespace {

enum class Damage { cut, flip };
enum class Part { main, log };

// The distance in bytes between two damaged places.
std::size_t stride() {
  const char* value = std::getenv("STORE_STRIDE");
  return value == nullptr ? 1'499 : std::stoul(value);
}

void damage(std::string& bytes, std::size_t place, Damage how, std::mt19937& random) {
  if (how == Damage::cut) {
    bytes.resize(place);
  } else {
    bytes[place] = static_cast<char>(bytes[place] ^ static_cast<char>(1 + random() % 255));
  }
}

void read_all_of(Store& store) {
  store.undelivered();
  store.history({}, 1'000);
  for (const auto& container : store.everything()) {
    store.launch_of(container.container_id);
    store.limits_of(container.container_id);
    store.termination_of(container.container_id);
    store.requests_of(container.container_id);
  }
}

void check_insert(Store& store, const std::string& id) {
  const bool inserted = store.insert(new_container(id), {"request", "A=1"}, {}, "test");
  expect(inserted, "a new container can be inserted");
  store.close();
  const auto found = store.find(id);
  expect(found && found->state == "Accepted" && found->nonce == new_container(id).nonce,
         "the inserted row exists");
  expect(store.launch_of(id) && store.launch_of(id)->request == "request", "the whole row exists");
}

bool is_a_snapshot(const std::string& contents) {
  for (const auto& snapshot : snapshots()) {
    if (snapshot.contents == contents) return true;
  }
  return false;
}

// How often a damaged store was usable, or was refused.
struct Count {
  int used = 0;
  int refused = 0;
};

void try_damaged(const std::string& directory, Part part, Count& count) {
  Store store(settings_in(directory));
  try {
    // The log has checksums, so SQLite treats a damaged part of it as not committed.
    if (part == Part::log) {
      expect(is_a_snapshot(contents(Database(settings_in(directory)))),
             "a step is whole or absent");
    }
    read_all_of(store);
    check_insert(store, "new");
    ++count.used;
  } catch (const StoreError& error) {
    expect(part == Part::main, std::string("a damaged log is no obstacle: ") + error.what());
    expect(std::string(error.what()).find('\n') == std::string::npos, "the message is one line");
    ++count.refused;
    if (count.refused % 8 != 0) return;
    store.set_aside();
    check_insert(store, "new");
    expect(store.everything().size() == 1, "the new database is empty");
  }
}

void clear(const std::string& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    std::filesystem::remove(entry.path());
  }
}

void damage_everywhere(const Snapshot& sound, Part part, Damage how) {
  const TemporaryDirectory there;
  SoundDisk disk;
  const FaultyVfs vfs(disk);
  std::mt19937 random(59);
  const auto size = (part == Part::main ? sound.main : sound.log).size();
  Count count;
  for (std::size_t place = 0; place < size; place += place < 100 ? 1 : stride()) {
    auto damaged = sound;
    damage(part == Part::main ? damaged.main : damaged.log, place, how, random);
    clear(there.path());
    restore(damaged, there.path());
    try {
      try_damaged(there.path(), part, count);
    } catch (const std::exception& error) {
      throw std::runtime_error(formatted("at byte {}: {}", place, error.what()));
    }
  }
  std::cout << (how == Damage::cut ? "cut" : "flipped byte") << " in the "
            << (part == Part::main ? "file" : "log") << ": " << count.used << " used, "
            << count.refused << " refused" << std::endl;
}

// The waitpid status of a child: not 0 if it failed, crashed, or did not exit in time.
int status_in_time(pid_t child) {
  const auto process = identify(child);
  auto opened = open_process(process.value_or(ProcessId{}));
  const Fd end = opened.ok() ? std::move(opened.value()) : Fd();
  constexpr int minutes = 60'000;
  pollfd watched{end.get(), POLLIN, 0};
  if (end.valid() && ::poll(&watched, 1, 60 * minutes) == 0) ::kill(child, SIGKILL);
  return ended(child);
}

}  // namespace

TEST_CASE("a damaged store is used as far as possible, or refused, and can be set aside",
          "[scenario-59]") {
  const auto part = GENERATE(Part::main, Part::log);
  const auto how = GENERATE(Damage::cut, Damage::flip);
  // In the first state, all writes since the creation are in the log; in the last one, in the file.
  constexpr std::size_t before_checkpoint = 13;
  const auto& sound = part == Part::log ? snapshots()[before_checkpoint] : snapshots().back();
  const pid_t child = fork_child([&] { damage_everywhere(sound, part, how); });
  CHECK(status_in_time(child) == 0);
}

TEST_CASE("an error is one line, whatever it quotes from a damaged file", "[scenario-59]") {
  const TemporaryDirectory there;
  { Database(settings_in(there.path())); }
  make_foreign(settings_in(there.path()).path,
               "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = 'two' || char (10) ||"
               " 'lines', sql = 'CREATE TABLE' WHERE name = 'limits'");
  try {
    Store(settings_in(there.path())).live();
    FAIL("a broken schema was read");
  } catch (const UnreadableDatabase& error) {
    CHECK_THAT(error.what(), Catch::Contains("two lines") && !Catch::Contains("\n"));
  }
}

// A power cut at each change of the disk.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

#include "tests/store/faulty_vfs.h"
#include "tests/store/steps.h"
#include "tests/unit/log_database.h"
#include "tests/unit/temporary_directory.h"

using namespace containerizer;
using namespace containerizer::store;

namespace {

// How many steps a run has done.
struct Progress {
  std::size_t started = 0;
  std::size_t done = 0;
  std::size_t on_disk = 0;  // up to the last one that promises durability on disk
};

void run_steps(const std::string& directory, Progress& progress) {
  Store store(settings_in(directory));
  const auto steps = scenario_steps(directory);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    progress.started = i + 1;
    steps[i].take(store);
    progress.done = i + 1;
    if (steps[i].promise == Promise::disk) progress.on_disk = i + 1;
  }
}

// Checks that the database is one of the snapshots from `first` to `last`, and that the next step
// works from there.
void check_between(const std::string& directory, std::size_t first, std::size_t last) {
  const auto settings = settings_in(directory);
  std::string found;
  {
    const Database database(settings);
    found = contents(database);
    CHECK(complaints_about(database).empty());
  }
  std::size_t snapshot = first;
  while (snapshot < last && snapshots()[snapshot].contents != found) ++snapshot;
  INFO("promised: " << snapshots()[first].contents);
  REQUIRE(found == snapshots()[snapshot].contents);
  Store store(settings);
  const auto steps = scenario_steps(directory);
  if (snapshot == 0) ++snapshot;
  if (snapshot < steps.size()) steps[snapshot++].take(store);
  CHECK(contents(Database(settings)) == snapshots()[snapshot].contents);
}

// Everything is lost, nothing is lost, and a random part is lost.
std::vector<unsigned> seeds_at(int point) {
  const char* first = std::getenv("STORE_SEED");
  const auto seed = first == nullptr ? 2 : std::stoul(first);
  return {0, 1, static_cast<unsigned>(seed) + static_cast<unsigned>(point)};
}

// Returns false if all steps were done before that point.
bool cut_power(int point) {
  const TemporaryDirectory there;
  PoweredDisk disk(point);
  Progress progress;
  try {
    const FaultyVfs vfs(disk);
    run_steps(there.path(), progress);
  } catch (const StoreError&) {
    CHECK(disk.is_off());
  }
  SoundDisk sound;
  const FaultyVfs vfs(sound);
  for (const unsigned seed : seeds_at(point)) {
    INFO("power cut at " << point << ", seed " << seed);
    restore({}, there.path());
    disk.restart(seed);
    check_between(there.path(), progress.on_disk, progress.started);
  }
  return disk.is_off();
}

// Checks a database whose migration was interrupted: it has the first version, or it has the second
// version and a copy of the first exists.
void check_migration(const std::string& path) {
  Numbers old;
  try {
    old = numbers_in(settings(path, first_version));
  } catch (const StoreError&) {
    old = numbers_in(settings(path + ".v1", first_version));
  }
  CHECK(old == up_to(20));
  CHECK(numbers_in(settings(path, second_version)) == up_to(20));
}

void make_old_database(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", ".v1", ".v1.new"}) {
    std::filesystem::remove(path + suffix);
  }
  Database database(settings(path, first_version));
  for (std::int64_t n = 1; n <= 20; ++n) add(database, n);
}

bool cut_migration(int point) {
  const TemporaryDirectory there;
  const auto path = there / "db";
  SoundDisk sound;
  PoweredDisk disk(point);
  for (const unsigned seed : seeds_at(point)) {
    INFO("power cut at " << point << ", seed " << seed);
    {
      const FaultyVfs vfs(sound);
      make_old_database(path);
    }
    disk = PoweredDisk(point);
    try {
      const FaultyVfs vfs(disk);
      const Database database(settings(path, second_version));
    } catch (const StoreError&) {
      CHECK(disk.is_off());
    }
    if (std::filesystem::exists(path + ".v1")) disk.follow_rename(path + ".v1.new", path + ".v1");
    const FaultyVfs vfs(sound);
    disk.restart(seed);
    check_migration(path);
  }
  return disk.is_off();
}

}  // namespace

TEST_CASE("after a power cut, all promised steps exist, and the others up to some step") {
  int points = 0;
  while (cut_power(points + 1)) ++points;
  CHECK(points > 200);
  std::cout << "power cut: " << points << " points\n";
}

TEST_CASE("after a power cut in a migration, the old version exists, or the new one and a copy",
          "[scenario-60]") {
  int points = 0;
  while (cut_migration(points + 1)) ++points;
  CHECK(points > 10);
  std::cout << "power cut in a migration: " << points << " points\n";
}

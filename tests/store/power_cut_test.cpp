// The host loses its power, or the process its life, at each change of the disk.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>

#include "tests/store/faulty_vfs.h"
#include "tests/store/story.h"
#include "tests/unit/log_database.h"
#include "tests/unit/temporary_directory.h"

using namespace containerizer;
using namespace containerizer::store;

namespace {

// How far a story has come: counts of steps.
struct Progress {
  std::size_t begun = 0;
  std::size_t done = 0;
  std::size_t on_disk = 0;  // the last one that was done and promised it
};

void tell(const std::string& directory, Progress& progress) {
  Store store(settings_in(directory));
  const auto steps = story_of(directory);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    progress.begun = i + 1;
    steps[i].take(store);
    progress.done = i + 1;
    if (steps[i].promise == Promise::disk) progress.on_disk = i + 1;
  }
}

// What is found is a chapter that is not before the first of these nor after the second, and the
// story can be told to its end from there.
void check_between(const std::string& directory, std::size_t first, std::size_t last) {
  const auto settings = settings_in(directory);
  std::string found;
  {
    const Database database(settings);
    found = contents(database);
    CHECK(complaints_about(database).empty());
  }
  std::size_t chapter = first;
  while (chapter < last && chapters()[chapter].contents != found) ++chapter;
  INFO("promised: " << chapters()[first].contents);
  REQUIRE(found == chapters()[chapter].contents);
  Store store(settings);
  const auto steps = story_of(directory);
  if (chapter == 0) ++chapter;
  if (chapter < steps.size()) steps[chapter++].take(store);
  CHECK(contents(Database(settings)) == chapters()[chapter].contents);
}

// All is lost, nothing is, and something by chance.
std::vector<unsigned> seeds_at(int point) {
  const char* first = std::getenv("STORE_SEED");
  const auto seed = first == nullptr ? 2 : std::stoul(first);
  return {0, 1, static_cast<unsigned>(seed) + static_cast<unsigned>(point)};
}

// True: the power was cut before the story was over.
bool cut_power(int point) {
  const TemporaryDirectory there;
  PoweredDisk disk(point);
  Progress progress;
  try {
    const FaultyVfs vfs(disk);
    tell(there.path(), progress);
  } catch (const StoreError&) {
    CHECK(disk.is_off());
  }
  SoundDisk sound;
  const FaultyVfs vfs(sound);
  for (const unsigned seed : seeds_at(point)) {
    INFO("power cut at " << point << ", seed " << seed);
    turn_to({}, there.path());
    disk.restart(seed);
    check_between(there.path(), progress.on_disk, progress.begun);
  }
  return disk.is_off();
}

// Of a database of the first version: it is that still, or it is the second and there is a copy.
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

TEST_CASE("after a power cut all is there that was promised, and the rest up to some step") {
  int points = 0;
  while (cut_power(points + 1)) ++points;
  CHECK(points > 200);
  std::cout << "power cut: " << points << " points\n";
}

TEST_CASE("after a power cut in a migration the old version is there, or the new one and a copy",
          "[scenario-60]") {
  int points = 0;
  while (cut_migration(points + 1)) ++points;
  CHECK(points > 10);
  std::cout << "power cut in a migration: " << points << " points\n";
}

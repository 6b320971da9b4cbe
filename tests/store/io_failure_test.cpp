// Each call of the store to its file system fails: first alone, then together with all later calls.
#include <catch2/catch.hpp>
#include <iostream>

#include "tests/store/faulty_vfs.h"
#include "tests/store/steps.h"
#include "tests/unit/temporary_directory.h"

using namespace containerizer;
using namespace containerizer::store;

namespace {

using Trouble = FailingDisk::Trouble;
using Lasts = FailingDisk::Lasts;

enum class Afterwards { same_store, new_store };

// Runs one step with a failure at one point of it, and then the next step.
class Disturbed {
 public:
  Disturbed(Trouble trouble, Lasts lasts, Afterwards afterwards)
      : disk_(trouble, lasts), vfs_(disk_), lasts_(lasts), afterwards_(afterwards) {}

  // Returns false if the step has fewer points.
  bool run_step(std::size_t i, int point) {
    INFO(steps_[i].name << ", point " << point);
    restore(snapshots()[i], directory_.path());
    Store store(settings_);
    if (i > 0 && !steps_[i - 1].closes) store.live();
    disk_.fail_at(point);
    if (!try_step(store, i)) resume(store, i);
    const bool has_failed = disk_.has_failed();
    disk_.mend();
    if (i + 1 < steps_.size()) steps_[++i].take(store);
    store.close();
    const Database database(settings_);
    CHECK(contents(database) == snapshots()[i + 1].contents);
    CHECK(complaints_about(database).empty());
    return has_failed;
  }

  int run_all(int every) {
    int points = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      for (int point = 1; run_step(i, point); point += every) ++points;
    }
    return points;
  }

 private:
  bool try_step(Store& store, std::size_t i) {
    try {
      steps_[i].take(store);
      return true;
    } catch (const StoreError& error) {
      INFO(error.what());
      CHECK(disk_.has_failed());
      check_message(error.what());
      return false;
    }
  }

  void check_message(const std::string& text) const {
    CHECK_THAT(text, Catch::StartsWith("state database " + settings_.path + ": "));
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.find("; ") != std::string::npos);  // the advice
  }

  // Repeats step `i`, which has failed.
  void resume(Store& store, std::size_t i) {
    disk_.mend();
    if (afterwards_ == Afterwards::new_store) {
      store.close();
      const auto found = contents(Database(settings_));
      // On a disk that accepts no more writes, the failed commit cannot be overwritten, so it may
      // remain.
      if (lasts_ == Lasts::until_mended && found == snapshots()[i + 1].contents) return;
      CHECK(found == snapshots()[i].contents);
    }
    steps_[i].take(store);
  }

  TemporaryDirectory directory_;
  DatabaseSettings settings_ = settings_in(directory_.path());
  std::vector<Step> steps_ = scenario_steps(directory_.path());
  FailingDisk disk_;
  FaultyVfs vfs_;
  Lasts lasts_;
  Afterwards afterwards_;
};

const char* name_of(Trouble trouble) {
  switch (trouble) {
    case Trouble::io_error:
      return "I/O error";
    case Trouble::full:
      return "disk full";
    case Trouble::short_write:
      return "short write";
  }
  return "";
}

int disturb(Trouble trouble, Lasts lasts, Afterwards afterwards, int every = 1) {
  const int points = Disturbed(trouble, lasts, afterwards).run_all(every);
  std::cout << name_of(trouble) << (lasts == Lasts::once ? "" : " that lasts") << ": " << points
            << " points\n";
  return points;
}

}  // namespace

TEST_CASE("an I/O error fails its step cleanly, and the step can be repeated") {
  const auto afterwards = GENERATE(Afterwards::same_store, Afterwards::new_store);
  CHECK(disturb(Trouble::io_error, Lasts::once, afterwards) > 300);
}

TEST_CASE("a full disk fails the step cleanly, and the step can be repeated") {
  CHECK(disturb(Trouble::full, Lasts::once, Afterwards::new_store) > 100);
  CHECK(disturb(Trouble::short_write, Lasts::once, Afterwards::same_store) > 100);
}

TEST_CASE("on a disk that keeps failing, each step is done completely or not at all") {
  const auto trouble = GENERATE(Trouble::io_error, Trouble::full);
  CHECK(disturb(trouble, Lasts::until_mended, Afterwards::new_store, 3) > 80);
}

// Each call of the store's to its file system fails once, and then each with all that follow.
#include <catch2/catch.hpp>
#include <iostream>

#include "tests/store/faulty_vfs.h"
#include "tests/store/story.h"
#include "tests/unit/temporary_directory.h"

using namespace containerizer;
using namespace containerizer::store;

namespace {

using Trouble = FailingDisk::Trouble;
using Lasts = FailingDisk::Lasts;

enum class Afterwards { same_store, new_store };

// Tells the story from one of its steps on, with trouble at one point of that step.
class Disturbed {
 public:
  Disturbed(Trouble trouble, Lasts lasts, Afterwards afterwards)
      : disk_(trouble, lasts), vfs_(disk_), lasts_(lasts), afterwards_(afterwards) {}

  // False: the step was over before that point.
  bool tell(std::size_t i, int point) {
    INFO(steps_[i].name << ", point " << point);
    turn_to(chapters()[i], directory_.path());
    Store store(settings_);
    if (i > 0 && !steps_[i - 1].closes) store.live();
    disk_.fail_at(point);
    if (!try_step(store, i)) resume(store, i);
    const bool has_failed = disk_.has_failed();
    disk_.mend();
    if (i + 1 < steps_.size()) steps_[++i].take(store);
    store.close();
    const Database database(settings_);
    CHECK(contents(database) == chapters()[i + 1].contents);
    CHECK(complaints_about(database).empty());
    return has_failed;
  }

  int tell_all(int every) {
    int points = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      for (int point = 1; tell(i, point); point += every) ++points;
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
      check_words(error.what());
      return false;
    }
  }

  void check_words(const std::string& words) const {
    CHECK_THAT(words, Catch::StartsWith("state database " + settings_.path + ": "));
    CHECK(words.find('\n') == std::string::npos);
    CHECK(words.find("; ") != std::string::npos);  // what to do about it
  }

  // After step `i` has failed: does it.
  void resume(Store& store, std::size_t i) {
    disk_.mend();
    if (afterwards_ == Afterwards::new_store) {
      store.close();
      const auto found = contents(Database(settings_));
      // A disk that takes nothing more cannot be made to forget what it took before.
      if (lasts_ == Lasts::until_mended && found == chapters()[i + 1].contents) return;
      CHECK(found == chapters()[i].contents);
    }
    steps_[i].take(store);
  }

  TemporaryDirectory directory_;
  DatabaseSettings settings_ = settings_in(directory_.path());
  std::vector<Step> steps_ = story_of(directory_.path());
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
  const int points = Disturbed(trouble, lasts, afterwards).tell_all(every);
  std::cout << name_of(trouble) << (lasts == Lasts::once ? "" : " that lasts") << ": " << points
            << " points\n";
  return points;
}

}  // namespace

TEST_CASE("an I/O error fails its step, cleanly, and the step can be repeated") {
  const auto afterwards = GENERATE(Afterwards::same_store, Afterwards::new_store);
  CHECK(disturb(Trouble::io_error, Lasts::once, afterwards) > 300);
}

TEST_CASE("a write that does not fit fails its step, cleanly, and the step can be repeated") {
  CHECK(disturb(Trouble::full, Lasts::once, Afterwards::new_store) > 100);
  CHECK(disturb(Trouble::short_write, Lasts::once, Afterwards::same_store) > 100);
}

TEST_CASE("a disk that fails until it is mended leaves each step done or not, as a whole") {
  const auto trouble = GENERATE(Trouble::io_error, Trouble::full);
  CHECK(disturb(trouble, Lasts::until_mended, Afterwards::new_store, 3) > 80);
}

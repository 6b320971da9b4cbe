// The disk of tests/machine forgets at a power cut what was not flushed.
#include <catch2/catch.hpp>
#include <fstream>
#include <set>

#include "tests/machine/disk.h"
#include "tests/unit/temporary_directory.h"

namespace containerizer::machine {
namespace {

constexpr std::size_t sectors = 64;

std::string sectors_of(char content, std::size_t count) {
  return std::string(count * sector_size, content);
}

class Fixture {
 public:
  Fixture() { std::ofstream(base()) << sectors_of('0', sectors); }

  std::string base() const { return directory_.path() + "/base"; }
  std::string content(const Disk& disk) const {
    std::string all(disk.size(), ' '), short_form;
    disk.read(0, all.data(), all.size());
    for (std::size_t i = 0; i < all.size(); i += sector_size) {
      CHECK(all.substr(i, sector_size) == sectors_of(all[i], 1));
      short_form += all[i];
    }
    return short_form;
  }

 private:
  TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("a power cut of the machine's disk keeps what was flushed, and forgets the rest") {
  const Fixture fixture;
  Disk disk(fixture.base());
  std::mt19937_64 random(1);
  disk.write(0, sectors_of('1', 2));
  disk.flush();
  disk.write(sector_size, sectors_of('2', 2));
  CHECK(fixture.content(disk).substr(0, 4) == "1220");
  SECTION("all of it") {
    const auto loss = disk.cut({"none", 0}, random);
    CHECK((loss.unflushed == 2 && loss.kept == 0));
    CHECK(fixture.content(disk).substr(0, 4) == "1100");
  }
  SECTION("nothing of it") {
    const auto loss = disk.cut({"all", 1}, random);
    CHECK((loss.unflushed == 2 && loss.kept == 2));
    CHECK(fixture.content(disk).substr(0, 4) == "1220");
  }
}

TEST_CASE("a power cut of the machine's disk tears writes, and can keep an older one") {
  const Fixture fixture;
  std::mt19937_64 random(1);
  std::set<char> seen;
  for (int round = 0; round < 10; ++round) {
    Disk disk(fixture.base());
    disk.write(0, sectors_of('1', sectors));
    disk.write(0, sectors_of('2', sectors));
    disk.cut({"some", 0.5}, random);
    for (const char one : fixture.content(disk)) seen.insert(one);
  }
  CHECK(seen == std::set<char>{'0', '1', '2'});
}

TEST_CASE("a flushed disk of the machine loses nothing at a power cut") {
  const Fixture fixture;
  Disk disk(fixture.base());
  std::mt19937_64 random(1);
  disk.write(5 * sector_size, sectors_of('3', 1));
  disk.flush();
  CHECK(disk.cut({"none", 0}, random).unflushed == 0);
  CHECK(fixture.content(disk).at(5) == '3');
}

}  // namespace containerizer::machine

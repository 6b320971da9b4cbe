#include <catch2/catch.hpp>
#include <random>

#include "log_database.h"
#include "store/database.h"

using namespace containerizer;
using namespace containerizer::store;

namespace {

struct Image {
  std::string main;
  std::string wal;
};

constexpr std::int64_t rows = 60;

// The numbers up to `rows`: the first `settled` ones in the file itself, the rest in its log.
Image image_of(std::int64_t settled) {
  const TemporaryDirectory there;
  const auto where = settings(there / "db");
  for (std::int64_t n = 1; n <= rows; ++n) {
    Database database(where);
    add(database, n);
    if (n != settled) continue;
    auto row = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    row.step();
  }
  return {content_of(there / "db"), content_of(there / "db-wal")};
}

// The numbers that can be read from the bytes of a database. Empty if the database is refused.
std::optional<Numbers> read_image(const Image& image) {
  const TemporaryDirectory there;
  write_file(there / "db", image.main);
  if (!image.wal.empty()) write_file(there / "db-wal", image.wal);
  try {
    Database database(settings(there / "db"));
    auto numbers = numbers_of(database);
    add(database, 1'000'000);
    return numbers;
  } catch (const StoreError& error) {
    CHECK(std::string(error.what()).find(there / "db") != std::string::npos);
    return std::nullopt;
  }
}

bool is_prefix(const Numbers& numbers) {
  return numbers == up_to(static_cast<std::int64_t>(numbers.size()));
}

}  // namespace

TEST_CASE("a log that is cut anywhere leaves what was committed before", "[scenario-59]") {
  const auto settled = GENERATE(as<std::int64_t>(), 0, 20);
  auto image = image_of(settled);
  std::size_t most = 0;
  for (std::size_t length = 0; length <= image.wal.size(); length += 1'511) {
    INFO("cut to " << length << " of " << image.wal.size());
    const auto numbers = read_image({image.main, image.wal.substr(0, length)});
    REQUIRE(numbers);
    CHECK(is_prefix(*numbers));
    CHECK(numbers->size() >= static_cast<std::size_t>(settled));
    CHECK(numbers->size() >= most);
    most = numbers->size();
  }
  CHECK(read_image(image) == up_to(rows));
}

TEST_CASE("a file that is cut between two pages is refused, or leaves what was committed before",
          "[scenario-59]") {
  const auto settled = GENERATE(as<std::int64_t>(), 0, 20, rows);
  const auto image = image_of(settled);
  for (std::size_t length = 0; length < image.main.size(); length += 4096) {
    INFO(settled << " settled, cut to " << length << " of " << image.main.size());
    const auto numbers = read_image({image.main.substr(0, length), image.wal});
    if (numbers) CHECK(is_prefix(*numbers));
  }
}

// SQLite cannot detect that a part of a page is missing, so values can be wrong.
TEST_CASE("a file that is cut anywhere is refused, or at most a value is wrong", "[scenario-59]") {
  const auto settled = GENERATE(as<std::int64_t>(), 0, 20, rows);
  const auto image = image_of(settled);
  for (std::size_t length = 0; length < image.main.size(); length += length < 150 ? 1 : 509) {
    INFO(settled << " settled, cut to " << length << " of " << image.main.size());
    read_image({image.main.substr(0, length), image.wal});
  }
  SUCCEED("survived");
}

TEST_CASE("a flipped byte in the log loses the commits from there on", "[scenario-59]") {
  const auto image = image_of(20);
  std::mt19937 random(59);
  for (int times = 0; times < 200; ++times) {
    auto damaged = image;
    const auto place = random() % damaged.wal.size();
    damaged.wal[place] = static_cast<char>(damaged.wal[place] ^ (1U << random() % 8));
    INFO("flipped byte " << place);
    const auto numbers = read_image(damaged);
    if (!numbers) continue;
    CHECK(is_prefix(*numbers));
    CHECK(numbers->size() >= 20);
  }
}

TEST_CASE("a flipped byte in the file is reported, or at most changes a value", "[scenario-59]") {
  const auto image = image_of(rows);
  std::mt19937 random(60);
  for (int times = 0; times < 400; ++times) {
    auto damaged = image;
    // Half of the flips are in the header and the schema, where they do most damage.
    const auto place = random() % (times % 2 == 0 ? 600 : damaged.main.size());
    damaged.main[place] = static_cast<char>(random());
    INFO("byte " << place);
    read_image(damaged);
  }
  SUCCEED("survived");
}

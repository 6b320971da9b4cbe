// Files of strangers on their way into a sandbox.
#include "host/staging.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/temporary_directory.h"

using namespace containerizer;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << content;
}

std::string read(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("what was staged joins what is there, and follows no link", "[staging]") {
  const TemporaryDirectory place;
  const fs::path sandbox = fs::path(place.path()) / "sandbox";
  const fs::path outside = fs::path(place.path()) / "outside";
  fs::create_directories(sandbox / "both");
  fs::create_directory(outside);
  write(sandbox / "both/old", "old");
  write(sandbox / "both/same", "old");
  fs::create_directory_symlink(outside, sandbox / "link-to-directory");
  write(outside / "file", "untouched");
  fs::create_symlink(outside / "file", sandbox / "link-to-file");
  {
    auto staging = StagingDirectory::make(sandbox);
    REQUIRE(staging.ok());
    const fs::path staged = staging.value().path();
    CHECK(fs::is_empty(staged));
    write(staged / "both/new", "new");
    write(staged / "both/same", "new");
    write(staged / "both/deep/er", "new");
    write(staged / "link-to-directory/file", "new");
    write(staged / "link-to-file", "new");
    fs::create_symlink("anywhere", staged / "a-link");
    REQUIRE(staging.value().move_to_sandbox().ok());
  }
  CHECK(read(sandbox / "both/old") == "old");
  CHECK(read(sandbox / "both/same") == "new");
  CHECK(read(sandbox / "both/deep/er") == "new");
  CHECK(read(sandbox / "link-to-directory/file") == "new");
  CHECK(!fs::is_symlink(sandbox / "link-to-directory"));
  CHECK(read(sandbox / "link-to-file") == "new");
  CHECK(fs::is_symlink(sandbox / "a-link"));
  CHECK(read(outside / "file") == "untouched");
  CHECK(!fs::exists(sandbox / ".containerizer-fetch"));
}

TEST_CASE("a file does not take the place of a directory", "[staging]") {
  const TemporaryDirectory place;
  fs::create_directory(fs::path(place.path()) / "name");
  auto staging = StagingDirectory::make(place.path());
  REQUIRE(staging.ok());
  write(staging.value().path() + "/name", "file");
  const auto moved = staging.value().move_to_sandbox();
  REQUIRE(moved.failed_with(Fault::refused));
  CHECK_THAT(moved.failure().text, Catch::Contains("/name"));
}

TEST_CASE("what an earlier process left is not used, nor a link in its place", "[staging]") {
  const TemporaryDirectory place;
  const fs::path sandbox = fs::path(place.path()) / "sandbox";
  const fs::path outside = fs::path(place.path()) / "outside";
  fs::create_directory(sandbox);
  write(outside / "file", "untouched");
  if (GENERATE(false, true)) {
    fs::create_directory_symlink(outside, sandbox / ".containerizer-fetch");
  } else {
    fs::create_directory(sandbox / ".containerizer-fetch");
    fs::create_directory_symlink(outside, sandbox / ".containerizer-fetch/link");
  }
  const auto staging = StagingDirectory::make(sandbox);
  REQUIRE(staging.ok());
  CHECK(fs::is_empty(staging.value().path()));
  CHECK(read(outside / "file") == "untouched");
}

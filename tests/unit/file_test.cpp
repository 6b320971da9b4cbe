#include "host/file.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "temporary_directory.h"

using namespace containerizer;
namespace fs = std::filesystem;

TEST_CASE("a file is replaced as a whole") {
  const TemporaryDirectory directory;
  const auto path = directory / "file";
  REQUIRE(replace_file(path, "one").ok());
  std::ifstream reader(path);
  REQUIRE(replace_file(path, "two").ok());
  std::string seen;
  reader >> seen;
  CHECK(seen == "one");
  CHECK(content_of(path) == "two");
  CHECK(std::distance(fs::directory_iterator(directory.path()), {}) == 1);
  const mode_t before = ::umask(0027);
  REQUIRE(replace_file(path, "three").ok());
  ::umask(before);
  CHECK((fs::status(path).permissions() & fs::perms::mask) == fs::perms(0640));
}

TEST_CASE("a file is replaced through a link, and nothing but a file is replaced") {
  const TemporaryDirectory directory;
  const auto path = directory / "file";
  fs::create_symlink(path, directory / "link");
  REQUIRE(replace_file(path, "one").ok());
  REQUIRE(replace_file(directory / "link", "two").ok());
  CHECK(fs::is_symlink(directory / "link"));
  CHECK(content_of(path) == "two");
  fs::create_directory(directory / "directory");
  for (const auto& bad :
       {directory / "directory", std::string("/dev/full"), directory / "none" + "/file"}) {
    CAPTURE(bad);
    const auto done = replace_file(bad, "x");
    REQUIRE_FALSE(done.ok());
    CHECK(done.failure().text.find("cannot write " + bad + ": ") == 0);
  }
}

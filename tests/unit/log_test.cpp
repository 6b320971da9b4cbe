#include "host/log.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/unit/temporary_directory.h"

namespace containerizer {
namespace {

namespace fs = std::filesystem;

// Writes to a file while it exists.
struct Logging {
  explicit Logging(const std::string& path) {
    CHECK(log::start("test", log::Level::info, path).ok());
  }
  ~Logging() { log::start_on_stderr("test"); }
};

}  // namespace

TEST_CASE("a log that is renamed or removed is made again") {
  const TemporaryDirectory there;
  const Logging logging(there / "log");
  log::note("before the rotation");
  fs::rename(there / "log", there / "log.1");
  log::note("after the rotation");
  CHECK_THAT(content_of(there / "log.1"), Catch::Contains("before the rotation"));
  CHECK_THAT(content_of(there / "log"),
             Catch::Contains("after the rotation") && !Catch::Contains("before"));
  fs::remove(there / "log");
  log::note("after the removal");
  CHECK_THAT(content_of(there / "log"), Catch::Contains("after the removal"));
  // copytruncate of logrotate
  fs::resize_file(there / "log", 0);
  log::note("after the truncation");
  CHECK(content_of(there / "log").find("after the truncation") < 50);
}

TEST_CASE("no directory is made for a log at a misspelt path") {
  const TemporaryDirectory there;
  CHECK_FALSE(log::start("test", log::Level::info, there / "lgo/file").ok());
  CHECK_FALSE(fs::exists(there / "lgo"));
  log::start_on_stderr("test");
}

}  // namespace containerizer

#include "engine/config/state_directory.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "temporary_directory.h"

using namespace containerizer;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0;
}

}  // namespace

TEST_CASE("the state directory is created for its owner alone, whatever the umask") {
  const TemporaryDirectory there;
  const auto before = ::umask(0);
  const auto made = prepare_state_directory(there / "work/state");
  ::umask(before);
  REQUIRE(made.ok());
  CHECK(mode_of(there / "work/state") == 0700);
  CHECK(mode_of(there / "work/state/run") == 0700);
}

TEST_CASE("an existing state directory stays as it is") {
  const TemporaryDirectory there;
  REQUIRE(prepare_state_directory(there / "state").ok());
  write_file(there / "state/run/file", "kept");
  REQUIRE(prepare_state_directory(there / "state").ok());
  CHECK(content_of(there / "state/run/file") == "kept");
}

TEST_CASE("a state directory that others can read is refused") {
  const auto mode = GENERATE(as<unsigned>(), 0701, 0710, 0750, 0755, 0777);
  const auto place = GENERATE(as<std::string>(), "state", "state/run");
  const TemporaryDirectory there;
  REQUIRE(prepare_state_directory(there / "state").ok());
  REQUIRE(::chmod((there / place).c_str(), mode) == 0);
  const auto refused = prepare_state_directory(there / "state");
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK(refused.failure().text.find(there / place) != std::string::npos);
  CHECK(mode_of(there / place) == mode);
}

TEST_CASE("a link in place of the state directory is not followed") {
  const TemporaryDirectory there;
  const auto place = GENERATE(as<std::string>(), "link", "file");
  std::filesystem::create_directory(there / "elsewhere");
  REQUIRE(::chmod((there / "elsewhere").c_str(), 0700) == 0);
  std::filesystem::create_directory_symlink(there / "elsewhere", there / "link");
  write_file(there / "file", "");
  REQUIRE(prepare_state_directory(there / place).failed_with(Fault::refused));
  CHECK(std::filesystem::is_empty(there / "elsewhere"));
}

TEST_CASE("a state directory of another user is refused") {
  if (::geteuid() != 0) return;
  const TemporaryDirectory there;
  std::filesystem::create_directory(there / "state");
  REQUIRE(::chmod((there / "state").c_str(), 0700) == 0);
  REQUIRE(::chown((there / "state").c_str(), 12345, 12345) == 0);
  CHECK(prepare_state_directory(there / "state").failed_with(Fault::refused));
}

TEST_CASE("a state directory that cannot be created is reported with the reason") {
  const TemporaryDirectory there;
  write_file(there / "file", "");
  const auto refused = prepare_state_directory(there / "file/state");
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK(refused.failure().text.find("Not a directory") != std::string::npos);
}

TEST_CASE("a path in which others can replace a directory is refused") {
  if (::geteuid() != 0) return;
  const TemporaryDirectory there;
  std::filesystem::create_directories(there / "work");
  std::filesystem::create_directories(there / "theirs/work");
  const auto open_to_all = GENERATE(as<mode_t>(), 0777, 0775);
  std::string work = there / "work";
  std::string culprit = work;
  SECTION("others may write in the work directory") {
    REQUIRE(::chmod(work.c_str(), open_to_all) == 0);
  }
  SECTION("others may write above it") {
    culprit = there / "theirs";
    work = culprit + "/work";
    REQUIRE(::chmod(culprit.c_str(), open_to_all) == 0);
  }
  SECTION("it is another user's") { REQUIRE(::chown(work.c_str(), 12345, 12345) == 0); }
  SECTION("another user's link leads to it") {
    std::filesystem::create_directory_symlink(work, there / "link");
    culprit = work = there / "link";
    REQUIRE(::lchown(work.c_str(), 12345, 12345) == 0);
  }
  SECTION("a link leads through another user's directory") {
    culprit = there / "theirs";
    REQUIRE(::chown(culprit.c_str(), 12345, 12345) == 0);
    work = there / "link";
    std::filesystem::create_directory_symlink(culprit + "/work", work);
  }
  const auto refused = prepare_state_directory(work + "/state");
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK(refused.failure().text.starts_with(culprit + " is a parent of"));
  CHECK_FALSE(std::filesystem::exists(work + "/state"));
  CHECK(check_state_directory(work + "/state").failed_with(Fault::refused));
}

TEST_CASE("a path through a directory like /tmp, or through our own links, is accepted") {
  const TemporaryDirectory there;
  std::filesystem::create_directory(there / "tmp");
  REQUIRE(::chmod((there / "tmp").c_str(), 01777) == 0);
  std::filesystem::create_directory_symlink(there / "tmp", there / "link");
  CHECK(check_state_directory(there / "link/work/state").ok());
  CHECK_FALSE(std::filesystem::exists(there / "tmp/work"));
  CHECK(prepare_state_directory(there / "link/work/state").ok());
  CHECK(check_state_directory(there / "link/work/state").ok());
}

TEST_CASE("a backup by hard links changes nothing") {
  const TemporaryDirectory there;
  REQUIRE(prepare_state_directory(there / "state").ok());
  const auto path = there / "state/state.db";
  write_file(path, "");
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
  std::filesystem::create_hard_link(path, there / "backup");
  CHECK(prepare_state_directory(there / "state").ok());
}

TEST_CASE("a database or a lock that others share is refused") {
  const TemporaryDirectory there;
  REQUIRE(prepare_state_directory(there / "state").ok());
  const auto file = GENERATE(as<std::string>(), "state.db", "state.db-wal", "state.db-shm",
                             "state.db.lock", "pull.lock", "pulls", "late.lock");
  const auto path = there / ("state/" + file);
  write_file(there / "elsewhere", "");
  REQUIRE(::chmod((there / "elsewhere").c_str(), 0600) == 0);
  SECTION("a link") { std::filesystem::create_symlink(there / "elsewhere", path); }
  SECTION("readable by others") {
    std::filesystem::rename(there / "elsewhere", path);
    REQUIRE(::chmod(path.c_str(), 0640) == 0);
  }
  SECTION("another user's") {
    if (::geteuid() != 0) return;
    std::filesystem::rename(there / "elsewhere", path);
    REQUIRE(::chown(path.c_str(), 12345, 12345) == 0);
  }
  const auto refused = prepare_state_directory(there / "state");
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK(refused.failure().text.starts_with(path));
}

#include "host/sandbox.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <catch2/catch.hpp>

#include "host/file.h"
#include "temporary_directory.h"

using namespace containerizer;

namespace {

constexpr uid_t task_user = 12345;

struct stat lstat_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::lstat(path.c_str(), &found) == 0);
  return found;
}

void append(const std::string& sandbox, const std::string& text) {
  const auto file = open_sandbox_file(sandbox, "stdout");
  REQUIRE(file.ok());
  REQUIRE(write_all(file.value().get(), text));
}

}  // namespace

TEST_CASE("a sandbox file is created, appended to, and can be read") {
  const TemporaryDirectory sandbox;
  append(sandbox.path(), "one\n");
  append(sandbox.path(), "two\n");
  CHECK(content_of(sandbox / "stdout") == "one\ntwo\n");
  CHECK((lstat_of(sandbox / "stdout").st_mode & 0777U & ~0644U) == 0);
  const auto file = open_sandbox_file(sandbox.path(), "stdout");
  char bytes[8];
  CHECK(::pread(file.value().get(), bytes, sizeof bytes, 0) == 8);
  CHECK((::fcntl(file.value().get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("a planted link is replaced, and its target stays unchanged") {
  const TemporaryDirectory sandbox;
  const TemporaryDirectory elsewhere;
  write_file(elsewhere / "victim", "secret");
  const auto target = GENERATE(as<std::string>(), "victim", "absent", "");
  std::filesystem::create_symlink(elsewhere / target, sandbox / "stdout");
  append(sandbox.path(), "ours");
  CHECK(S_ISREG(lstat_of(sandbox / "stdout").st_mode));
  CHECK(content_of(sandbox / "stdout") == "ours");
  CHECK(content_of(elsewhere / "victim") == "secret");
  CHECK_FALSE(std::filesystem::exists(elsewhere / "absent"));
}

TEST_CASE("a link to itself is replaced") {
  const TemporaryDirectory sandbox;
  std::filesystem::create_symlink("stdout", sandbox / "stdout");
  append(sandbox.path(), "ours");
  CHECK(content_of(sandbox / "stdout") == "ours");
}

TEST_CASE("a planted pipe is replaced, without waiting for its other end") {
  const TemporaryDirectory sandbox;
  REQUIRE(::mkfifo((sandbox / "stdout").c_str(), 0666) == 0);
  append(sandbox.path(), "ours");
  CHECK(content_of(sandbox / "stdout") == "ours");
}

// An archive can contain one, and root in a container can create one. Opening some devices has
// effects on the host.
TEST_CASE("a planted device or pipe is never opened") {
  const TemporaryDirectory sandbox;
  const auto kind = GENERATE(as<mode_t>(), S_IFCHR, S_IFBLK, S_IFIFO);
  const Fd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  const auto is_opened = [&] {
    char events[4096];
    const auto length = ::read(watch.get(), events, sizeof events);
    for (ssize_t at = 0; at < length;) {
      const auto* event = reinterpret_cast<const inotify_event*>(events + at);
      if ((event->mask & IN_OPEN) != 0 && (event->mask & IN_ISDIR) == 0) return true;
      at += static_cast<ssize_t>(sizeof *event + event->len);
    }
    return false;
  };
  constexpr dev_t null_device = 0x103;
  if (::mknod((sandbox / "stdout").c_str(), kind | 0666U, null_device) != 0) return;
  const int planted = ::inotify_add_watch(watch.get(), (sandbox / "stdout").c_str(), IN_OPEN);
  REQUIRE(planted >= 0);
  CHECK_FALSE(read_sandbox_file(sandbox.path(), "stdout"));
  CHECK_FALSE(read_sandbox_file(sandbox.path(), "stdout/below"));
  append(sandbox.path(), "ours");
  CHECK_FALSE(is_opened());
  CHECK(content_of(sandbox / "stdout") == "ours");
}

TEST_CASE("no link leads out of the sandbox, at any step of a path") {
  const TemporaryDirectory sandbox;
  const TemporaryDirectory elsewhere;
  write_file(elsewhere / "secret", "secret");
  std::filesystem::create_symlink(elsewhere / "secret", sandbox / "file");
  std::filesystem::create_directory_symlink(elsewhere.path(), sandbox / "directory");
  write_file(sandbox / "huge", "beginning");
  std::filesystem::resize_file(sandbox / "huge", 1ULL << 40U);
  CHECK_FALSE(read_sandbox_file(sandbox.path(), "file"));
  CHECK_FALSE(read_sandbox_file(sandbox.path(), "directory/secret"));
  CHECK(read_sandbox_file(sandbox.path(), "huge")->size() == small_file);
}

TEST_CASE("a planted socket is replaced") {
  const TemporaryDirectory sandbox;
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = sandbox / "stdout";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  append(sandbox.path(), "ours");
  CHECK(content_of(sandbox / "stdout") == "ours");
}

TEST_CASE("a planted directory is refused, and stays") {
  const TemporaryDirectory sandbox;
  std::filesystem::create_directory(sandbox / "stdout");
  const auto refused = open_sandbox_file(sandbox.path(), "stdout");
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK(refused.failure().text.find(sandbox / "stdout") != std::string::npos);
  CHECK(std::filesystem::is_directory(sandbox / "stdout"));
}

TEST_CASE("a missing sandbox is refused, and not created") {
  const TemporaryDirectory there;
  CHECK(open_sandbox_file(there / "sandbox", "stdout").failed_with(Fault::refused));
  CHECK_FALSE(std::filesystem::exists(there / "sandbox"));
  CHECK(owner_of(there / "sandbox").empty());
}

TEST_CASE("sandbox files belong to the sandbox's owner") {
  if (::geteuid() != 0) return;
  const TemporaryDirectory sandbox;
  REQUIRE(::chown(sandbox.path().c_str(), task_user, task_user + 1) == 0);
  write_file(sandbox / "stdout", "the slave's output\n");  // created by us, as the slave does
  append(sandbox.path(), "ours");
  CHECK(lstat_of(sandbox / "stdout").st_uid == task_user);
  CHECK(lstat_of(sandbox / "stdout").st_gid == task_user + 1);
  CHECK(owner_of(sandbox.path()) == "12345:12346");
}

TEST_CASE("a hard link to another user's file is replaced, and the file keeps its owner") {
  if (::geteuid() != 0) return;
  const TemporaryDirectory there;
  const auto sandbox = there / "sandbox";
  std::filesystem::create_directory(sandbox);
  REQUIRE(::chown(sandbox.c_str(), task_user, task_user) == 0);
  write_file(there / "victim", "secret");
  std::filesystem::create_hard_link(there / "victim", sandbox + "/stdout");
  append(sandbox, "ours");
  CHECK(content_of(there / "victim") == "secret");
  CHECK(lstat_of(there / "victim").st_uid == 0);
  CHECK(content_of(sandbox + "/stdout") == "ours");
}

TEST_CASE("directories are created within the sandbox, and belong to its owner") {
  const TemporaryDirectory sandbox;
  if (::geteuid() == 0) REQUIRE(::chown(sandbox.path().c_str(), task_user, task_user) == 0);
  const auto owner = lstat_of(sandbox.path()).st_uid;
  REQUIRE(find_or_make({sandbox / "a/b/c", sandbox / "a//./d", sandbox / "a/b/c"}, sandbox.path())
              .ok());
  for (const char* made : {"a", "a/b", "a/b/c", "a/d"}) {
    INFO(made);
    CHECK(std::filesystem::is_directory(sandbox / made));
    CHECK(lstat_of(sandbox / made).st_uid == owner);
  }
  CHECK(find_or_make(std::vector<std::string>{}, sandbox.path()).ok());
}

TEST_CASE("an existing directory keeps its owner") {
  if (::geteuid() != 0) return;
  const TemporaryDirectory sandbox;
  std::filesystem::create_directory(sandbox / "there");
  REQUIRE(::chown(sandbox.path().c_str(), task_user, task_user) == 0);
  REQUIRE(find_or_make({sandbox / "there/new"}, sandbox.path()).ok());
  CHECK(lstat_of(sandbox / "there").st_uid == 0);
  CHECK(lstat_of(sandbox / "there/new").st_uid == task_user);
}

TEST_CASE("no directory is created outside the sandbox") {
  const TemporaryDirectory there;
  const auto sandbox = there / "sandbox";
  std::filesystem::create_directory(sandbox);
  std::filesystem::create_directory(there / "outside");
  std::filesystem::create_directory_symlink(there / "outside", sandbox + "/link");
  std::filesystem::create_directory_symlink("../outside", sandbox + "/relative");
  std::filesystem::create_directory_symlink("nowhere", sandbox + "/dangling");
  write_file(sandbox + "/file", "");
  const std::vector<std::string> places{sandbox + "/link/new",
                                        sandbox + "/link",
                                        sandbox + "/relative/new",
                                        sandbox + "/dangling/new",
                                        sandbox + "/file/new",
                                        sandbox + "/../outside/new",
                                        sandbox + "/a/../../outside/new",
                                        there / "outside/new",
                                        sandbox + "ed/new",
                                        "relative/new",
                                        sandbox,
                                        ""};
  for (const auto& place : places) {
    INFO(place);
    const auto refused = find_or_make({place}, sandbox);
    CHECK(refused.failed_with(Fault::refused));
    CHECK(std::filesystem::is_empty(there / "outside"));
  }
  CHECK_FALSE(std::filesystem::exists(sandbox + "/nowhere"));
  CHECK_FALSE(std::filesystem::exists(sandbox + "ed"));
}

TEST_CASE("what a task has fetched is found where its links lead, within the sandbox") {
  const TemporaryDirectory there;
  const auto sandbox = there / "sandbox";
  std::filesystem::create_directories(sandbox + "/pack/bin");
  write_file(sandbox + "/pack/bin/tool", "x");
  std::filesystem::create_symlink("pack/bin/tool", sandbox + "/tool");
  std::filesystem::create_directory_symlink("pack", sandbox + "/current");
  REQUIRE(::mkfifo((sandbox + "/pipe").c_str(), 0600) == 0);
  const auto real = std::filesystem::canonical(sandbox).string();
  const auto place_of = [&](const std::string& path) {
    const auto found = find_or_make({sandbox + path}, sandbox);
    return found.ok() ? found.value().at(sandbox + path) : found.failure().text;
  };
  CHECK(place_of("/pack/bin/tool") == real + "/pack/bin/tool");
  CHECK(place_of("/tool") == real + "/pack/bin/tool");
  CHECK(place_of("/current/bin") == real + "/pack/bin");
  CHECK(place_of("/pipe") == real + "/pipe");
  CHECK(place_of("/new/one") == real + "/new/one");
  CHECK(std::filesystem::is_directory(sandbox + "/new/one"));
  CHECK(std::filesystem::is_fifo(sandbox + "/pipe"));
  if (::geteuid() != 0) return;
  REQUIRE(::mknod((sandbox + "/device").c_str(), S_IFCHR | 0600, makedev(1, 3)) == 0);
  CHECK_THAT(place_of("/device"), Catch::Contains("device"));
}

TEST_CASE("a sandbox that is gone is reported, and not created again") {
  const TemporaryDirectory there;
  const auto refused = find_or_make({there / "sandbox/a"}, there / "sandbox");
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK(refused.failure().text.find(there / "sandbox/a") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(there / "sandbox"));
}

TEST_CASE("directories for volumes are made on kernels without openat2, too") {
  const TemporaryDirectory there;
  const auto sandbox = there / "sandbox";
  std::filesystem::create_directories(sandbox);
  std::filesystem::create_directory_symlink("/etc", sandbox + "/link");
  const int status = run_in_child([&] {
    fail_every_call(SYS_openat2, ENOSYS);
    const auto made = find_or_make({sandbox + "/a/b"}, sandbox);
    REQUIRE(made.ok());
    REQUIRE(made.value().at(sandbox + "/a/b") == sandbox + "/a/b");
    REQUIRE_FALSE(find_or_make({sandbox + "/link"}, sandbox).ok());
  });
  CHECK(status == 0);
  CHECK(std::filesystem::is_directory(sandbox + "/a/b"));
}

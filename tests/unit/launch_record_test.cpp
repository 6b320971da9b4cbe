#include "engine/launch_record.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "engine/host/process.h"
#include "recorded.h"
#include "temporary_directory.h"

using namespace containerizer;

namespace {

constexpr uid_t task_user = 12345;

struct stat lstat_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::lstat(path.c_str(), &found) == 0);
  return found;
}

}  // namespace

TEST_CASE("an environment is packed and unpacked without loss") {
  const EnvironmentMap environment{{"A", "1"},          {"EMPTY", ""},
                                   {"EQUALS", "a=b=c"}, {"LINES", "one\ntwo\n"},
                                   {"UTF8", "ü"},       {"AA", "prefix of a name"}};
  const auto packed = pack_environment(environment);
  CHECK(packed.find(std::string("A=1\0", 4)) != std::string::npos);
  CHECK(packed.back() == '\0');
  CHECK(unpack_environment(packed) == environment);
  CHECK(pack_environment({}).empty());
  CHECK(unpack_environment("").empty());
}

TEST_CASE("an environment that was cut is read as far as it goes") {
  const auto packed = pack_environment({{"A", "1"}, {"B", "22"}});
  for (std::size_t length = 0; length <= packed.size(); ++length) {
    INFO(length);
    const auto part = unpack_environment(packed.substr(0, length));
    CHECK(part.size() <= 2);
    if (length >= 4) CHECK(part.at("A") == "1");
  }
  CHECK(unpack_environment(std::string("\0\0no equals\0=x\0", 16)).count("no equals") == 0);
}

TEST_CASE("a recorded launch becomes a row in its first state") {
  const auto name = GENERATE(as<std::string>(), "mesos-0.19.1/launch-1", "mesos-0.19.1/launch-5",
                             "mesos-1.0.4/launch-1", "mesos-1.0.4/launch-2");
  const auto launch = recorded(name).launch;
  const auto made = new_container(launch);
  INFO(name);
  REQUIRE(made.ok());
  const auto& c = made.value();
  CHECK(c.container_id == launch.container_id().value());
  CHECK(c.state == "Accepted");
  CHECK(c.version == 1);
  CHECK(c.kind == (launch.has_task_info() ? "command" : "custom"));
  CHECK(c.slave_id == launch.slave_id().value());
  CHECK(c.framework_id == launch.executor_info().framework_id().value());
  CHECK(c.executor_id == launch.executor_info().executor_id().value());
  CHECK(c.task_id.has_value() == launch.has_task_info());
  CHECK(c.directory == launch.directory());
  CHECK(c.user.has_value() == launch.has_user());
  CHECK(c.nonce.size() == 32);
  CHECK(c.boot_id == boot_id());
  CHECK(!c.docker_id);
  CHECK(c.nonce != new_container(launch).value().nonce);
}

TEST_CASE("a launch that lacks what every slave sends is refused") {
  auto launch = recorded("mesos-1.0.4/launch-1").launch;
  std::string says;
  SECTION("no container id") {
    launch.clear_container_id();
    says = "container id";
  }
  SECTION("a container id that leads elsewhere") {
    launch.mutable_container_id()->set_value("../../etc/passwd");
    says = "container id";
  }
  SECTION("a container id of several lines") {
    launch.mutable_container_id()->set_value("a\nb");
    says = "container id";
  }
  SECTION("no executor") {
    launch.clear_executor_info();
    says = "executor_info";
  }
  SECTION("no sandbox") {
    launch.clear_directory();
    says = "sandbox";
  }
  SECTION("a sandbox that depends on where we are") {
    launch.set_directory("relative/path");
    says = "sandbox";
  }
  const auto refused = new_container(launch);
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK(refused.failure().text.find(says) != std::string::npos);
  CHECK(refused.failure().text.find('\n') == std::string::npos);
}

TEST_CASE("the first limits are the executor's resources") {
  auto launch = recorded("mesos-1.0.4/launch-1").launch;
  const auto wanted = sum_resources(launch.executor_info().resources());
  const auto limits = initial_limits(launch);
  CHECK(limits.ticket == 0);
  CHECK(limits.cpus == wanted.cpus);
  CHECK(limits.memory == limits.hard_memory);

  launch.mutable_executor_info()->clear_resources();
  const auto none = initial_limits(launch);
  CHECK(!none.cpus);
  CHECK(!none.memory);
  CHECK(!none.hard_memory);
}

TEST_CASE("the slave's programs are where the slave says") {
  CHECK(launcher_directory({}) == "/usr/libexec/mesos");
  CHECK(launcher_directory({{"MESOS_LIBEXEC_DIRECTORY", "/opt/m"}}) == "/opt/m");
}

TEST_CASE("a wait status in words", "[scenario-23]") {
  CHECK(describe_wait_status(0) == "exit code 0");
  CHECK(describe_wait_status(3 << 8) == "exit code 3");
  CHECK(describe_wait_status(6) == "signal 6");
  CHECK(describe_wait_status(11 | 0x80) == "signal 11");  // with a core
  CHECK(describe_wait_status({}).find("unknown") != std::string::npos);
}

TEST_CASE("directories are made within the sandbox, and belong to its owner") {
  const TemporaryDirectory sandbox;
  if (::geteuid() == 0) REQUIRE(::chown(sandbox.path().c_str(), task_user, task_user) == 0);
  const auto owner = lstat_of(sandbox.path()).st_uid;
  REQUIRE(
      make_directories({sandbox / "a/b/c", sandbox / "a//./d", sandbox / "a/b/c"}, sandbox.path())
          .ok());
  for (const char* made : {"a", "a/b", "a/b/c", "a/d"}) {
    INFO(made);
    CHECK(std::filesystem::is_directory(sandbox / made));
    CHECK(lstat_of(sandbox / made).st_uid == owner);
  }
  CHECK(make_directories({}, sandbox.path()).ok());
}

TEST_CASE("a directory that is there keeps its owner") {
  if (::geteuid() != 0) return;
  const TemporaryDirectory sandbox;
  std::filesystem::create_directory(sandbox / "there");
  REQUIRE(::chown(sandbox.path().c_str(), task_user, task_user) == 0);
  REQUIRE(make_directories({sandbox / "there/new"}, sandbox.path()).ok());
  CHECK(lstat_of(sandbox / "there").st_uid == 0);
  CHECK(lstat_of(sandbox / "there/new").st_uid == task_user);
}

TEST_CASE("no directory is made outside the sandbox") {
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
    const auto refused = make_directories({place}, sandbox);
    CHECK(refused.failed_with(Fault::refused));
    CHECK(std::filesystem::is_empty(there / "outside"));
  }
  CHECK_FALSE(std::filesystem::exists(sandbox + "/nowhere"));
  CHECK_FALSE(std::filesystem::exists(sandbox + "ed"));
}

TEST_CASE("a sandbox that is gone is told, and not made anew") {
  const TemporaryDirectory there;
  const auto refused = make_directories({there / "sandbox/a"}, there / "sandbox");
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK(refused.failure().text.find(there / "sandbox/a") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(there / "sandbox"));
}

#include "host/scope.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/unit/temporary_directory.h"

namespace containerizer {
namespace {

bool is_in_service_with(const std::string& cgroups, bool systemd = true) {
  const TemporaryDirectory root;
  const std::filesystem::path path = root.path();
  std::filesystem::create_directories(path / "proc/self");
  std::filesystem::create_directories(path / "run");
  if (systemd) std::filesystem::create_directories(path / "run/systemd/system");
  std::ofstream(path / "proc/self/cgroup") << cgroups;
  return is_in_service(path);
}

}  // namespace

TEST_CASE("a systemd service is detected in every version of cgroups") {
  CHECK(is_in_service_with("0::/system.slice/mesos-slave.service\n"));
  CHECK(is_in_service_with("0::/system.slice/mesos-slave.service/of-its-own\n"));
  CHECK(is_in_service_with("4:memory:/mesos\n1:name=systemd:/system.slice/mesos-slave.service\n"));
  CHECK(is_in_service_with("1:name=systemd:/system.slice/mesos-slave.service\n0::/mesos\n"));

  CHECK_FALSE(is_in_service_with("0::/system.slice/run-r1.scope\n"));
  CHECK_FALSE(is_in_service_with("0::/user.slice/user-0.slice/session-1.scope\n"));
  CHECK_FALSE(is_in_service_with(
      "4:memory:/system.slice/mesos-slave.service\n1:name=systemd:/system.slice/run-r1.scope\n"));
  CHECK_FALSE(is_in_service_with("0::/a.services/b\n"));
  CHECK_FALSE(is_in_service_with(""));
  CHECK_FALSE(is_in_service_with("0::/system.slice/mesos-slave.service\n", false));
}

TEST_CASE("a scope stops before the daemon that knows its exit codes") {
  Program program;
  program.arguments = {"/program"};
  const auto arguments = in_scope({program, "a supervisor"}).arguments;
  CHECK(std::count(arguments.begin(), arguments.end(),
                   "--property=After=docker.service docker.socket containerd.service") == 1);
}

}  // namespace containerizer

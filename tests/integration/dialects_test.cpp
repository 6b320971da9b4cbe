// What tasks of the older dialect, of the native containerizer and of its frameworks rely on.
#include <catch2/catch.hpp>

#include "tests/integration/direct_launch.h"
#include "tests/integration/gate.h"
#include "tests/integration/slave.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;
using mesos::containerizer::Launch;

namespace {

// An image that declares ports.
class ExposingImage {
 public:
  explicit ExposingImage(const std::string& ports) {
    const auto base = docker({"create", "busybox:test"});
    docker({"commit", "--change", "EXPOSE " + ports, "--change", "WORKDIR /etc", base, name()});
    docker({"rm", base});
  }
  ~ExposingImage() { docker({"rmi", "-f", name()}); }
  ExposingImage(const ExposingImage&) = delete;
  ExposingImage& operator=(const ExposingImage&) = delete;

  static std::string name() { return "exposing:test"; }
};

void add_ports(Launch& launch, std::uint64_t first, std::uint64_t last) {
  auto& resource = *launch.mutable_executor_info()->add_resources();
  resource.set_name("ports");
  resource.set_type(mesos::Value::RANGES);
  auto& range = *resource.mutable_ranges()->add_range();
  range.set_begin(first);
  range.set_end(last);
}

std::string inspected(const WorkDirectory& place, const std::string& format) {
  return docker({"inspect", "-f", format, place.docker_containers().at(0)});
}

std::string output_of_task(const Launch& launch, const char* name = "stdout") {
  return read_file(launch.directory() + "/" + name);
}

Launch with_options(const WorkDirectory& place, const std::vector<std::string>& options,
                    const std::string& script) {
  auto launch = custom_launch(place, "c1", script);
  for (const auto& word : options) command_of(launch).mutable_container()->add_options(word);
  return launch;
}

void add_volume(Launch& launch, const std::string& host, const std::string& inside) {
  auto& volume = *with_container(launch).add_volumes();
  volume.set_host_path(host);
  volume.set_container_path(inside);
  volume.set_mode(mesos::Volume::RW);
}

}  // namespace

TEST_CASE("a task of the older dialect starts in its sandbox, and a newer one in the image's place",
          "[dockerd]") {
  const WorkDirectory place;
  const ExposingImage image("80");
  auto older = custom_launch(place, "c1", "cd pack* && ./tool; pwd");
  command_of(older).mutable_container()->set_image(image.name());
  fs::create_directories(older.directory() + "/pack-1.2");
  write_file(older.directory() + "/pack-1.2/tool", "#!/bin/sh\necho a tool\n");
  fs::permissions(older.directory() + "/pack-1.2/tool", fs::perms(0755));
  launch_directly(place, older);
  CHECK(end_of(place, "c1").status() == 0);
  CHECK(output_of_task(older) == "a tool\n/mnt/mesos/sandbox/pack-1.2\n");

  auto newer = custom_launch(place, "c2", "pwd");
  newer.set_directory(place.path() / "sandbox-2");
  fs::create_directories(newer.directory());
  with_container(newer).mutable_docker()->set_image(image.name());
  launch_directly(place, newer);
  CHECK(end_of(place, "c2").status() == 0);
  CHECK(output_of_task(newer) == "/etc\n");
}

TEST_CASE("the ports of an image are paired with those of the task", "[dockerd]") {
  const WorkDirectory place;
  const ExposingImage image("3000 4000/udp");
  auto launch = with_options(place, {"--net=bridge"}, "sleep 1000");
  command_of(launch).mutable_container()->set_image(image.name());
  std::string expected = "3000/tcp=31014 ";
  SECTION("fewer than the image declares, which is told") { add_ports(launch, 31014, 31014); }
  SECTION("as many") {
    add_ports(launch, 31014, 31015);
    expected = "3000/tcp=31014 4000/udp=31015 ";
  }
  SECTION("more") {
    add_ports(launch, 31014, 31016);
    expected = "3000/tcp=31014 31016/tcp=31016 4000/udp=31015 ";
  }
  launch_directly(place, launch);
  place.await_state("c1", "Running");
  CHECK(inspected(place,
                  "{{range $p, $b := .HostConfig.PortBindings}}{{$p}}={{(index $b 0).HostPort}} "
                  "{{end}}") == expected);
  const bool are_fewer = expected == "3000/tcp=31014 ";
  CHECK((output_of_task(launch, "stderr").find("1 ports of the image are not published") !=
         std::string::npos) == are_fewer);
}

TEST_CASE("what a URI has brought is mounted as it is") {
  WorkDirectory place;
  auto launch = custom_launch(place, "c1", "cat /inside; ls -ld /inside");
  const fs::path sandbox = launch.directory();
  std::string expected = "fetched\n";
  SECTION("a file") {
    place.set("MESOS_LIBEXEC_DIRECTORY", place.launcher("1.0.4"));
    write_file(place.scratch() / "note", "fetched\n");
    command_of(launch).add_uris()->set_value((place.scratch() / "note").string());
    add_volume(launch, "./note", "/inside");
  }
  SECTION("a link of an archive") {
    fs::create_directories(sandbox / "pack");
    write_file(sandbox / "pack/real", "fetched\n");
    fs::create_symlink("pack/real", sandbox / "current");
    add_volume(launch, "current", "/inside");
  }
  SECTION("a link of an archive, where the operator restricts volumes") {
    place.set("CONTAINERIZER_ALLOWED_VOLUMES", "none");
    fs::create_directories(sandbox / "pack");
    write_file(sandbox / "pack/real", "fetched\n");
    fs::create_symlink("pack/real", sandbox / "current");
    add_volume(launch, "current", "/inside");
  }
  launch_directly(place, launch);
  const auto end = end_of(place, "c1");
  INFO(end.message());
  CHECK(end.status() == 0);
  CHECK_THAT(output_of_task(launch), Catch::StartsWith(expected));
}

TEST_CASE("a link that leads out of the sandbox is mounted nowhere") {
  WorkDirectory place;
  if (GENERATE(false, true)) place.set("CONTAINERIZER_ALLOWED_VOLUMES", "none");
  auto launch = custom_launch(place, "c1", "cat /inside/hostname");
  fs::create_directory_symlink("/etc", launch.directory() + "/out");
  add_volume(launch, GENERATE("out", "out/hostname"), "/inside");
  launch_directly(place, launch);
  CHECK_THAT(end_of(place, "c1").message(), Contains("leads out of the sandbox"));
}

TEST_CASE("flags at their default value, which frameworks generate, are accepted") {
  const WorkDirectory place;
  auto launch = custom_launch(place, "c1", "echo $A; exit 4");
  auto& docker = *with_container(launch).mutable_docker();
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"tty", "false"},
                                                        {"rm", "true"},
                                                        {"detach", "true"},
                                                        {"interactive", "false"},
                                                        {"sig-proxy", "true"},
                                                        {"disable-content-trust", "true"},
                                                        {"-e", "A=b"}}) {
    auto& parameter = *docker.add_parameters();
    parameter.set_key(key);
    parameter.set_value(value);
  }
  launch_directly(place, launch);
  CHECK(end_of(place, "c1").status() == 4 << 8);
  CHECK(output_of_task(launch) == "b\n");
}

TEST_CASE("a shell command replaces an entrypoint, or is run by it") {
  const WorkDirectory place;
  auto launch = custom_launch(place, "c1", "echo shell");
  std::string expected = "shell\n";
  SECTION("a parameter") {
    auto& parameter = *with_container(launch).mutable_docker()->add_parameters();
    parameter.set_key("entrypoint");
    parameter.set_value("echo");
  }
  SECTION("an option of the older dialect") {
    command_of(launch).mutable_container()->add_options("--entrypoint=echo");
    expected = "/bin/sh -c echo shell\n";
  }
  launch_directly(place, launch);
  CHECK(end_of(place, "c1").status() == 0);
  CHECK(output_of_task(launch) == expected);
}

TEST_CASE("what the daemon discards is told in the sandbox", "[dockerd]") {
  const WorkDirectory place;
  auto launch = with_options(place, {"-p", "31000:80"}, "exit 3");
  launch_directly(place, launch);
  CHECK(end_of(place, "c1").status() == 3 << 8);
  CHECK_THAT(output_of_task(launch, "stderr"),
             Contains("--publish has no effect") && Contains("the daemon warns: "));
}

TEST_CASE("a refusal with status 500 fails a launch at once", "[dockerd]") {
  WorkDirectory place;
  Gate gate(place);
  gate.answer("POST /v1.41/containers/create", "500 Internal Server Error",
              R"({"message": "--storage-opt is supported only for overlay over xfs"})");
  launch_directly(place, custom_launch(place, "c1", "true"));
  CHECK_THAT(end_of(place, "c1").message(),
             Catch::StartsWith("create: ") && Contains("--storage-opt is supported"));
  CHECK_THAT(read_file(place.path() / "sandbox/stderr"), !Contains("retrying"));
}

TEST_CASE("a mount that makes a task root is a privilege") {
  WorkDirectory place;
  place.set("CONTAINERIZER_PRIVILEGED", "refuse");
  fs::create_directory_symlink("/", place.scratch() / "link");
  fs::create_directory(place.scratch() / "data");
  std::string refused = "forbidden by CONTAINERIZER_PRIVILEGED";
  std::vector<std::string> options;
  SECTION("the root") { options = {"-v", "/:/x"}; }
  SECTION("the daemon's socket") { options = {"-v", "/var/run/docker.sock:/x"}; }
  SECTION("read-only") { options = {"--mount", "type=bind,source=/etc,target=/x,readonly"}; }
  SECTION("the work directory") { options = {"-v", place.path().string() + ":/x"}; }
  SECTION("a volume whose driver binds") {
    options = {"--mount",
               "type=volume,target=/x,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/"};
  }
  SECTION("a link to it") {
    options = {"-v", (place.scratch() / "link").string() + ":/x"};
    refused = "it leads to a path through which a task could become root";
  }
  SECTION("a link on the way to it") {
    options = {"-v", (place.scratch() / "link/etc").string() + ":/x"};
    refused = "it leads to a path through which a task could become root";
  }
  SECTION("not other directories, and files that many images need") {
    options = {"-v", (place.scratch() / "data").string() + ":/x", "-v", "/etc/hosts:/hosts:ro"};
    refused = "";
  }
  auto launch = with_options(place, options, "touch /x/made && cat /hosts");
  launch_directly(place, launch);
  const auto end = end_of(place, "c1");
  if (!refused.empty()) {
    CHECK_THAT(end.message(), Contains(refused));
    return;
  }
  INFO(end.message());
  CHECK(end.status() == 0);
  CHECK(fs::exists(place.scratch() / "data/made"));
}

TEST_CASE("a kill by a destroy is not taken for one for memory", "[dockerd]") {
  const WorkDirectory place;
  auto launch = with_options(
      place, {"--memory=32m", "--memory-swap=32m"},
      "tail /dev/zero; touch $MESOS_SANDBOX/killed; trap '' TERM; while :; do sleep 0.05; done");
  launch_directly(place, launch);
  eventually("the child is killed", [&] { return fs::exists(launch.directory() + "/killed"); });
  REQUIRE(place.call_for("destroy", "c1").status == 0);
  const auto message = std::string(place.termination_of("c1").at("message").as_string());
  CHECK_THAT(message, Contains("destroyed: the container was killed by signal 9") &&
                          Contains("before that, a process in it was killed"));
}

TEST_CASE("a container whose first process exceeds the memory is reported with its limit") {
  const WorkDirectory place;
  auto launch = with_options(place, {"--memory=32m", "--memory-swap=32m"}, "exec tail /dev/zero");
  launch_directly(place, launch);
  const auto end = end_of(place, "c1");
  CHECK(end.killed());
  CHECK(end.message() == "the container was killed because it exceeded its memory limit");
  CHECK_THAT(output_of_task(launch, "stderr"), Contains("exceeded its memory limit"));
}

TEST_CASE("limits of a container are raised, whatever the daemon can do") {
  const WorkDirectory place;
  auto launch = custom_launch(place, "c1", "sleep 1000");
  auto& memory = *launch.mutable_executor_info()->add_resources();
  memory.set_name("mem");
  memory.set_type(mesos::Value::SCALAR);
  memory.mutable_scalar()->set_value(64);
  launch_directly(place, launch);
  place.await_state("c1", "Running");
  for (const double megabytes : {128.0, 96.0}) {
    REQUIRE(place.call("update", frame_of(update_of("c1", megabytes))).status == 0);
    const auto usage = message_in<mesos::ResourceStatistics>(place.call_for("usage", "c1").out);
    CHECK(usage.mem_limit_bytes() == 128U << 20);
  }
  CHECK_THAT(output_of_task(launch, "stderr"), !Contains("could not apply"));
}

// Attempts of many kinds, none of which may reach anything. Whether each is refused or runs does
// not matter here.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/foreigner.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;
using mesos::containerizer::Launch;
using Words = std::vector<std::string>;

namespace {

const std::string marker = "only-for-root";

// Under rules, with a secret that no task may see or change.
class Target : public WorkDirectory {
 public:
  Target() {
    fs::create_directories(ok());
    fs::create_directories(secret());
    write_file(secret() / "marker", marker);
    set("CONTAINERIZER_PRIVILEGED", "refuse");
    set("CONTAINERIZER_ALLOWED_VOLUMES", ok());
    set("CONTAINERIZER_IMAGELESS", "refuse");
    set("CONTAINERIZER_LOG", scratch() / "log");
  }
  fs::path ok() const { return scratch() / "ok"; }
  fs::path secret() const { return scratch() / "secret"; }
  bool is_untouched() const {
    return read_file(secret() / "marker") == marker &&
           std::distance(fs::directory_iterator(secret()), {}) == 1;
  }
};

mesos::CommandInfo& command_of(Launch& launch) {
  return *launch.mutable_executor_info()->mutable_command();
}

void add_options(Launch& launch, const Words& words) {
  for (const auto& word : words) command_of(launch).mutable_container()->add_options(word);
}

void add_variable(Launch& launch, const std::string& name, const std::string& value) {
  auto& variable = *command_of(launch).mutable_environment()->add_variables();
  variable.set_name(name);
  variable.set_value(value);
}

mesos::ContainerInfo& with_container(Launch& launch) {
  command_of(launch).clear_container();
  auto& container = *launch.mutable_executor_info()->mutable_container();
  container.set_type(mesos::ContainerInfo::DOCKER);
  container.mutable_docker()->set_image("busybox:test");
  return container;
}

void add_volume(Launch& launch, const std::string& source, const std::string& target) {
  auto& volume = *with_container(launch).add_volumes();
  volume.set_host_path(source);
  volume.set_container_path(target);
  volume.set_mode(mesos::Volume::RW);
}

const std::string snoop =
    "ls -R /x; cat /x/* /x; echo owned > /x/marker; echo owned > /x/planted; env; cat /etc/hosts "
    "/etc/resolv.conf; ls /dev; mount | grep /x; true";

using Change = std::function<void(Launch&, const Target&)>;

Change options(const Words& words) {
  return [words](Launch& launch, const Target&) { add_options(launch, words); };
}

struct Attempt {
  const char* name;
  Change change;
};

std::string path_to(const Target& target) { return target.secret().string(); }

const std::vector<Attempt>& attempts() {
  static const std::vector<Attempt> all{
      // Volumes
      {"an empty source", options({"-v", ":/x"})},
      {"a source of blanks", options({"-v", " /etc:/x"})},
      {"a source with a NUL",
       [](Launch& launch, const Target& target) {
         add_options(launch,
                     {"-v", target.ok().string() + std::string("\0/../secret", 11) + ":/x"});
       }},
      {"a volume's name that is a path",
       options({"--mount", "type=volume,source=../../x,target=/x"})},
      {"a volume's name with a slash", options({"-v", "a/../../../etc:/x"})},
      {"a volume's name that begins with ~", options({"-v", "~root:/x"})},
      {"a file URL as a source",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"-v", "file://" + path_to(target) + ":/x"});
       }},
      {"another spelling of bind",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"--mount", "type=bInD,SRC=" + path_to(target) + ",DST=/x"});
       }},
      {"a source that is set twice",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"--mount", "type=bind,source=" + target.ok().string() +
                                             ",target=/x,src=" + path_to(target)});
       }},
      {"a source after a fixed type",
       [](Launch& launch, const Target& target) {
         add_options(launch,
                     {"--mount", "source=" + path_to(target) + ",target=/x,type=volume,type=bind"});
       }},
      {"a prefix of an allowed name",
       [](Launch& launch, const Target& target) {
         fs::create_directory_symlink(target.secret(), target.ok().string() + "ay");
         add_options(launch, {"-v", target.ok().string() + "ay:/x"});
       }},
      {"a link to a link",
       [](Launch& launch, const Target& target) {
         fs::create_directory_symlink("b", target.ok() / "a");
         fs::create_directory_symlink(target.secret(), target.ok() / "b");
         add_options(launch, {"-v", (target.ok() / "a").string() + ":/x"});
       }},
      {"a link to the kernel's links",
       [](Launch& launch, const Target& target) {
         fs::create_directory_symlink("/proc/self/root", target.ok() / "root");
         add_options(launch, {"-v", (target.ok() / "root" / path_to(target)).string() + ":/x"});
       }},
      {"a link to the secret's file",
       [](Launch& launch, const Target& target) {
         fs::create_symlink(target.secret() / "marker", target.ok() / "file");
         add_options(launch, {"-v", (target.ok() / "file").string() + ":/x"});
       }},
      {"a missing directory behind a link",
       [](Launch& launch, const Target& target) {
         fs::create_directory_symlink(target.secret(), target.ok() / "out");
         add_options(launch, {"-v", (target.ok() / "out/planted").string() + ":/x"});
       }},
      {"a message's volume out of the sandbox",
       [](Launch& launch, const Target&) { add_volume(launch, "../../secret", "/x"); }},
      {"a message's volume through a link in the sandbox",
       [](Launch& launch, const Target& target) {
         fs::create_directory_symlink(target.secret(), launch.directory() + "/link");
         add_volume(launch, "link", "/x");
       }},
      {"a message's volume below a link in the sandbox",
       [](Launch& launch, const Target& target) {
         fs::create_directory_symlink(target.secret(), launch.directory() + "/link");
         add_volume(launch, "link/planted", "/x");
       }},
      {"a message's volume by an absolute path",
       [](Launch& launch, const Target& target) { add_volume(launch, path_to(target), "/x"); }},
      {"a container path with options",
       [](Launch& launch, const Target& target) {
         add_volume(launch, target.ok(), "/x:O,upperdir=" + path_to(target));
       }},
      {"a container path that is another mount's",
       [](Launch& launch, const Target& target) { add_volume(launch, target.ok(), "/proc"); }},
      {"the sandbox's place",
       [](Launch& launch, const Target& target) {
         add_volume(launch, target.ok(), "/mnt/mesos/sandbox");
       }},
      {"the sandbox's place by a detour",
       [](Launch& launch, const Target& target) {
         add_volume(launch, target.ok(), "/mnt/../mnt/mesos//sandbox/");
       }},
      {"a persistent volume with a path for an id",
       [](Launch& launch, const Target&) {
         auto& disk = *launch.mutable_executor_info()->add_resources();
         disk.set_name("disk");
         disk.set_role("..");
         disk.mutable_disk()->mutable_persistence()->set_id("../../secret");
         disk.mutable_disk()->mutable_volume()->set_container_path("/x");
       }},
      {"tmpfs options with a source",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"--tmpfs", "/x:bind,source=" + path_to(target)});
       }},
      {"an overlay volume",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"--mount",
                              "type=volume,target=/x,volume-opt=type=overlay,volume-opt=device="
                              "overlay,\"volume-opt=o=lowerdir=" +
                                  path_to(target) + ":/\""});
       }},
      {"a tmpfs volume that is a bind",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"--mount",
                              "type=volume,target=/x,volume-opt=type=tmpfs,\"volume-opt=o=size=1m,"
                              "bind\",volume-opt=device=" +
                                  path_to(target)});
       }},
      {"a driver that is set last",
       [](Launch& launch, const Target&) {
         add_options(launch, {"--mount", "type=volume,source=n,target=/x,volume-driver=convoy"});
       }},
      // Names, namespaces, hosts
      {"a network's name with a comma", options({"--network", "name=bridge,driver-opt=a=b"})},
      {"a network that is a path", options({"--network=../../proc/1/ns/net"})},
      {"a network's name in other case", options({"--network=CONTAINER:x"})},
      {"a network alias of two lines", options({"--network=bridge", "--network-alias=a\nb"})},
      {"a host name of two lines", options({"--hostname=a\n127.0.0.1 evil"})},
      {"a host of two lines", options({"--add-host=a:1.2.3.4\n5.6.7.8 evil"})},
      {"a DNS option of two lines", options({"--dns-option=ndots:1\nnameserver 6.6.6.6"})},
      {"a search domain of two lines", options({"--dns-search=a\nb"})},
      {"a user of two lines", options({"--user=0:0\nroot"})},
      {"a user who is not there", options({"--user=no-such-user"})},
      {"a working directory in the host", options({"--workdir=/../../../etc"})},
      {"a working directory that is the kernel's", options({"--workdir=/proc/self/fd/8"})},
      {"a domain name with escapes", options({"--domainname=\x1b[2J"})},
      // Labels, variables, signals
      {"a label with a line end", options({"--label=a\ndocker-containerizer.nonce=x"})},
      {"a label in other case", options({"--label=Docker-Containerizer.nonce=x"})},
      {"a label with a blank before it", options({"--label= docker-containerizer.nonce=x"})},
      {"a variable that steers the daemon", options({"-e", "DOCKER_HOST=tcp://6.6.6.6:1"})},
      {"a variable of two lines", options({"-e", "A=b\nLD_PRELOAD=/x.so"})},
      {"a variable with a glob", options({"-e", "MESOS_*=x"})},
      {"a variable by the name of the sandbox",
       [](Launch& launch, const Target&) { add_variable(launch, "MESOS_SANDBOX", "/etc"); }},
      {"a variable that names another container",
       [](Launch& launch, const Target&) {
         add_variable(launch, "MESOS_CONTAINER_NAME", "other");
       }},
      {"a signal that is a command", options({"--stop-signal=SIGTERM; touch /x"})},
      {"a signal that does not end", options({"--stop-signal=SIGCONT"})},
      {"a grace of years", options({"--stop-timeout=2000000000"})},
      // Files and programs of the host
      {"a file of variables", options({"--env-file=/etc/shadow"})},
      {"a file of labels", options({"--label-file=/etc/shadow"})},
      {"a file for the id", options({"--cidfile=/etc/planted"})},
      {"a seccomp profile of the host", options({"--security-opt=seccomp=/etc/shadow"})},
      {"an apparmor profile", options({"--security-opt=apparmor=unconfined"})},
      {"a capability with a blank", options({"--cap-add= SYS_ADMIN"})},
      {"a capability in Unicode", options({"--cap-add=SYS_ADM\xc4\xb0N"})},
      {"devices by a request", options({"--gpus=all"})},
      {"a device of a driver", options({"--device=vendor.com/class=name"})},
      {"a health check on the host", options({"--health-cmd=cat /proc/1/root/etc/shadow"})},
      {"the daemon's socket", options({"-v", "/var/run/docker.sock:/x"})},
      {"the daemon's socket by its own flag", options({"--use-api-socket"})},
      {"a runtime by path", options({"--runtime=/tmp/evil"})},
      {"an isolation of Windows", options({"--isolation=process"})},
      {"a platform", options({"--platform=windows"})},
      // Images
      {"an image by the daemon's id",
       [](Launch& launch, const Target&) {
         command_of(launch).mutable_container()->set_image("sha256:" + std::string(64, '0'));
       }},
      {"an image with a query",
       [](Launch& launch, const Target&) {
         command_of(launch).mutable_container()->set_image("busybox:test?fromSrc=-");
       }},
      {"an image with a path",
       [](Launch& launch, const Target&) {
         command_of(launch).mutable_container()->set_image("../../containers/json");
       }},
      {"an image with a line end",
       [](Launch& launch, const Target&) {
         command_of(launch).mutable_container()->set_image("busybox:test\r\nX-Evil: yes");
       }},
      // Ids
      {"an executor's id with a path",
       [](Launch& launch, const Target&) {
         launch.mutable_executor_info()->mutable_executor_id()->set_value("../../../etc");
       }},
      {"ids of SQL",
       [](Launch& launch, const Target&) {
         const std::string evil = "'; DROP TABLE containers; --";
         launch.mutable_executor_info()->mutable_executor_id()->set_value(evil);
         launch.mutable_executor_info()->mutable_framework_id()->set_value(evil);
         launch.mutable_slave_id()->set_value(evil);
       }},
      {"ids with NULs and bytes that are not text",
       [](Launch& launch, const Target&) {
         const std::string evil("\0\xff\x9b", 3);
         launch.mutable_executor_info()->mutable_executor_id()->set_value(evil);
         launch.mutable_slave_id()->set_value(evil);
       }},
      // Resources
      {"no number for resources",
       [](Launch& launch, const Target&) {
         for (const double amount :
              {std::nan(""), std::numeric_limits<double>::infinity(), -1e300}) {
           for (const auto* name : {"cpus", "mem"}) {
             auto& resource = *launch.mutable_executor_info()->add_resources();
             resource.set_name(name);
             resource.mutable_scalar()->set_value(amount);
           }
         }
       }},
      {"all ports of all hosts",
       [](Launch& launch, const Target&) {
         auto& resource = *launch.mutable_executor_info()->add_resources();
         resource.set_name("ports");
         auto& range = *resource.mutable_ranges()->add_range();
         range.set_begin(0);
         range.set_end(std::numeric_limits<std::uint64_t>::max());
       }},
      // Fetching
      {"a URI that is an option",
       [](Launch& launch, const Target&) { command_of(launch).add_uris()->set_value("--help"); }},
      {"a URI with a line end",
       [](Launch& launch, const Target&) { command_of(launch).add_uris()->set_value("/x\n/y"); }},
      {"a URI that is the staging directory",
       [](Launch& launch, const Target&) {
         auto& uri = *command_of(launch).add_uris();
         uri.set_value("/etc/hostname");
         uri.set_output_file(".containerizer-fetch/x");
       }},
      // The command
      {"a command without a program",
       [](Launch& launch, const Target&) {
         command_of(launch).set_shell(false);
         command_of(launch).set_value("");
       }},
      {"a command of the host",
       [](Launch& launch, const Target& target) {
         command_of(launch).set_shell(false);
         command_of(launch).set_value("/proc/1/root" + path_to(target) + "/marker");
       }},
      {"another end of the options", options({"//", "cat", "/proc/1/root/etc/shadow"})},
      {"no container at all",
       [](Launch& launch, const Target&) { command_of(launch).clear_container(); }},
  };
  return all;
}

}  // namespace

TEST_CASE("further attempts reach nothing") {
  Target target;
  target.set("MESOS_LIBEXEC_DIRECTORY", target.launcher("1.0.4"));
  const Foreigner victim({"--name", "other", "-e", "PASSWORD=" + marker});
  int number = 0;
  for (const auto& attempt : attempts()) {
    CAPTURE(attempt.name);
    const auto id = "c" + std::to_string(++number);
    auto launch = custom_launch(target, id, snoop);
    launch.set_directory((target.path() / ("sandbox-" + id)).string());
    fs::create_directories(launch.directory());
    attempt.change(launch, target);
    launch_directly(target, launch);
    const auto message = end_of(target, id).message();
    INFO(message);
    const auto said = read_file(launch.directory() + "/stdout");
    CHECK_THAT(said, !Contains(marker));
    CHECK_THAT(said, !Contains("root:x:0") && !Contains("root:*:"));
    CHECK(target.is_untouched());
    CHECK(target.call_for("destroy", id).status == exit_ok);
    for (const auto* name : {"a", "b", "root", "file", "out"}) fs::remove(target.ok() / name);
    fs::remove(target.ok().string() + "ay");
    fs::remove(target.ok() / "planted");
    fs::remove(target.ok() / "marker");
  }
  CHECK(number > 75);
  CHECK(victim.lives());
  // The record is sound, and nobody has been added to it.
  CHECK(target.sql("PRAGMA integrity_check") == "ok");
  CHECK(target.sql("SELECT count(*) FROM containers") == std::to_string(number));
}

TEST_CASE("words that nobody should pass to a verb") {
  const Target target;
  const auto sandbox = start_directly(target, "c1", until_go);
  const Words ids{"../../etc",    "c1/../c1", "'; DELETE FROM containers; --", "%s%n", "-",
                  "--json=x",     "c1\n",     std::string(100'000, 'x'),       "",     "*",
                  "c1; touch /x", "\x1b[2J"};
  for (const auto& id : ids) {
    CAPTURE(id.substr(0, 20));
    for (const auto* verb : {"show", "history", "supervise", "task-proxy", "pull", "ps"}) {
      CAPTURE(verb);
      const auto ran = run({program(), verb, id}, target.variables());
      // Never killed by a signal, and never much to say.
      CHECK(ran.status >= 0);
      CHECK(ran.status < 128);
      CHECK(ran.err.size() < 16'384);
      CHECK(ran.err.find('\x1b') == std::string::npos);
    }
    for (const auto* verb : {"destroy", "update", "usage", "wait"}) {
      CAPTURE(verb);
      const auto ran = target.call(verb, frame_for(id));
      CHECK(ran.status >= 0);
      CHECK(ran.status < 128);
      CHECK(ran.err.size() < 16'384);
    }
  }
  CHECK(target.state_of("c1") == "Running");
  CHECK(target.listed() == Words{"c1"});
  CHECK(target.call_for("destroy", "c1").status == exit_ok);
}

TEST_CASE("the same id, launched again by somebody else") {
  const Target target;
  const auto sandbox = start_directly(target, "c1", until_go);
  auto other = custom_launch(target, "c1", "echo owned > $MESOS_SANDBOX/owned");
  other.mutable_executor_info()->mutable_framework_id()->set_value("another");
  CHECK(target.call("launch", frame_of(other)).status == exit_failed);
  CHECK(target.state_of("c1") == "Running");
  CHECK(target.show("c1").at("framework_id") == "framework");
  CHECK(target.call_for("destroy", "c1").status == exit_ok);
}

// Attempts of many kinds, none of which may reach anything. Whether each is refused or runs does
// not matter here.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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
    fs::create_directories(allowed());
    fs::create_directories(secret());
    write_file(secret() / "marker", marker);
    set("CONTAINERIZER_PRIVILEGED", "refuse");
    set("CONTAINERIZER_ALLOWED_VOLUMES", allowed());
    set("CONTAINERIZER_IMAGELESS", "refuse");
    set("CONTAINERIZER_LOG", scratch() / "log");
  }
  fs::path allowed() const { return scratch() / "ok"; }
  // A directory below the allowed one, for one attempt alone.
  fs::path ok() const { return allowed() / attempt_; }
  void begin_attempt(const std::string& name) {
    attempt_ = name;
    fs::create_directories(ok());
  }
  fs::path secret() const { return scratch() / "secret"; }
  bool is_untouched() const {
    return read_file(secret() / "marker") == marker &&
           std::distance(fs::directory_iterator(secret()), {}) == 1;
  }

 private:
  std::string attempt_;
};

void add_options(Launch& launch, const Words& words) {
  for (const auto& word : words) command_of(launch).mutable_container()->add_options(word);
}

void add_variable(Launch& launch, const std::string& name, const std::string& value) {
  auto& variable = *command_of(launch).mutable_environment()->add_variables();
  variable.set_name(name);
  variable.set_value(value);
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

// Nothing of the host, and nothing of another container, may have reached the task.
void check_harmless(const Target& target, const fs::path& sandbox) {
  const auto said = read_file(sandbox / "stdout");
  CHECK_THAT(said, !Contains(marker));
  CHECK_THAT(said, !Contains("root:x:0") && !Contains("root:*:"));
  CHECK_THAT(said, !Contains("\nmem\n") && !Contains("\nvda\n") && !Contains("\nsda\n"));
  CHECK(target.is_untouched());
  CHECK_FALSE(fs::exists("/etc/planted"));
}

// Some at a time, because a launch waits for the daemon more than for a processor.
void try_all(const std::vector<Attempt>& attempts) {
  constexpr std::size_t at_once = 6;
  Target target;
  target.set("MESOS_LIBEXEC_DIRECTORY", target.launcher("1.0.4"));
  const Foreigner victim({"--name", "other", "-e", "PASSWORD=" + marker});
  const auto sandbox = [&](std::size_t number) {
    return target.path() / ("sandbox-" + std::to_string(number));
  };
  const auto id = [](std::size_t number) { return "c" + std::to_string(number); };
  for (std::size_t first = 0; first < attempts.size(); first += at_once) {
    const auto last = std::min(first + at_once, attempts.size());
    for (auto number = first; number < last; ++number) {
      CAPTURE(attempts[number].name);
      auto launch = custom_launch(target, id(number), snoop);
      launch.set_directory(sandbox(number).string());
      fs::create_directories(launch.directory());
      target.begin_attempt(id(number));
      attempts[number].change(launch, target);
      launch_directly(target, launch);
    }
    for (auto number = first; number < last; ++number) {
      CAPTURE(attempts[number].name);
      INFO(end_of(target, id(number)).message());
      check_harmless(target, sandbox(number));
    }
  }
  CHECK(victim.lives());
  // The record is sound, and nobody has been added to it.
  CHECK(target.sql("PRAGMA integrity_check") == "ok");
  CHECK(target.sql("SELECT count(*) FROM containers") == std::to_string(attempts.size()));
}

}  // namespace

TEST_CASE("further attempts to mount something of the host") {
  try_all({
      {"an empty source", options({"-v", ":/x"})},
      {"a source of blanks", options({"-v", " /etc:/x"})},
      {"a source with a NUL",
       [](Launch& launch, const Target& target) {
         add_options(launch,
                     {"-v", target.ok().string() + std::string("\0/../../secret", 14) + ":/x"});
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
         fs::create_directory_symlink(target.secret(), target.allowed().string() + "ay");
         add_options(launch, {"-v", target.allowed().string() + "ay:/x"});
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
  });
}

TEST_CASE("further attempts to mount something of the host, by other ways") {
  try_all({

      {"a driver that is set last",
       [](Launch& launch, const Target&) {
         add_options(launch, {"--mount", "type=volume,source=n,target=/x,volume-driver=convoy"});
       }},

      {"a part of a volume outside of it",
       options({"--mount", "type=volume,source=v,target=/x,volume-subpath=../../../../etc"})},
      {"files by a pattern",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"--mount", "type=glob,source=" + path_to(target) + "/*,target=/x"});
       }},
      {"a pipe of Windows", options({"--mount", "type=npipe,source=//./pipe/docker,target=/x"})},
      {"a volume of a cluster", options({"--mount", "type=cluster,source=v,target=/x"})},
      {"a mount of terminals", options({"--mount", "type=devpts,target=/x"})},
      {"a mount that spreads to the host",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"--mount", "type=bind,source=" + target.ok().string() +
                                             ",target=/x,bind-propagation=rshared"});
       }},
      {"a bind that changes owners",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"-v", target.ok().string() + ":/x:ro,U"});
       }},
      {"a bind in place of everything",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"-v", target.ok().string() + ":/"});
       }},
      {"a target that is the kernel's link",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"-v", target.ok().string() + ":/proc/self/fd/7"});
       }},
      {"a relative source of a mount",
       options({"--mount", "type=bind,source=../secret,target=/x"})},
      {"a relative source of a bind", options({"-v", "../secret:/x"})},
      {"a dot as a source", options({"-v", ".:/x"})},
      {"a path of Windows", options({"-v", "C:\\:/x"})},
      {"a source with a percent sign",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"-v", target.ok().string() + "/%2e%2e/%2e%2e/secret:/x"});
       }},
      {"a source that ends with a line end",
       [](Launch& launch, const Target& target) {
         add_options(launch, {"-v", target.ok().string() + "\n/../../secret:/x"});
       }},
      {"a volume over the network",
       options({"--mount",
                "type=volume,source=n,target=/x,volume-opt=type=nfs,volume-opt=device=:/,"
                "volume-opt=o=addr=127.0.0.1"})},
      {"a volume that is a disk",
       options({"--mount",
                "type=volume,source=d,target=/x,volume-opt=type=ext4,volume-opt=device=/dev/vda"})},
      {"a volume that is the kernel's",
       options({"--mount",
                "type=volume,source=p,target=/x,volume-opt=type=proc,volume-opt=device=proc"})},
      {"another driver for binds", options({"--volume-driver=nfs", "-v", "n:/x"})},
      {"a message's volume with a driver's options",
       [](Launch& launch, const Target& target) {
         auto& volume = *with_container(launch).add_volumes();
         volume.set_container_path("/x");
         volume.set_mode(mesos::Volume::RW);
         volume.mutable_source()->set_type(mesos::Volume::Source::DOCKER_VOLUME);
         auto& source = *volume.mutable_source()->mutable_docker_volume();
         source.set_name("v");
         for (const auto& [key, value] : {std::pair<std::string, std::string>("type", "none"),
                                          {"o", "bind"},
                                          {"device", path_to(target)}}) {
           auto& option = *source.mutable_driver_options()->add_parameter();
           option.set_key(key);
           option.set_value(value);
         }
       }},
      {"a message's volume with a path for a name",
       [](Launch& launch, const Target& target) {
         auto& volume = *with_container(launch).add_volumes();
         volume.set_container_path("/x");
         volume.set_mode(mesos::Volume::RW);
         volume.mutable_source()->set_type(mesos::Volume::Source::DOCKER_VOLUME);
         volume.mutable_source()->mutable_docker_volume()->set_name(path_to(target));
       }},
      {"a message's volume with a driver, by a path",
       [](Launch& launch, const Target& target) {
         add_volume(launch, path_to(target).substr(1), "/x");
         launch.mutable_executor_info()->mutable_container()->mutable_docker()->set_volume_driver(
             "local");
       }},
      {"a parameter in place of a message's volume",
       [](Launch& launch, const Target& target) {
         auto& parameter = *with_container(launch).mutable_docker()->add_parameters();
         parameter.set_key("volume");
         parameter.set_value(path_to(target) + ":/x");
       }},
      {"a parameter by its letter",
       [](Launch& launch, const Target& target) {
         auto& parameter = *with_container(launch).mutable_docker()->add_parameters();
         parameter.set_key("v");
         parameter.set_value(path_to(target) + ":/x");
       }},
      {"a parameter with its value in the key",
       [](Launch& launch, const Target& target) {
         auto& parameter = *with_container(launch).mutable_docker()->add_parameters();
         parameter.set_key("volume=" + path_to(target) + ":/x");
       }},
      {"a parameter with another flag in its value",
       [](Launch& launch, const Target&) {
         auto& parameter = *with_container(launch).mutable_docker()->add_parameters();
         parameter.set_key("env");
         parameter.set_value("A=b --privileged");
       }},
  });
}

TEST_CASE("further attempts to join something of others") {
  try_all({
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

      {"the host's address by name", options({"--network=bridge", "--add-host=a:host-gateway"})},
      {"a host with two addresses", options({"--add-host=evil:1.2.3.4,b:5.6.7.8"})},
      {"a host that is a path", options({"--add-host=../../etc:1.2.3.4"})},
      {"options of a user network", options({"--network=slirp4netns:allow_host_loopback=true"})},
      {"arguments of a network's helper", options({"--network=pasta:--map-gw,-T,all"})},
      {"a network that is private to Podman", options({"--network=private"})},
      {"two networks", options({"--network=bridge", "--network=container:other"})},
      {"a fixed address of another", options({"--network=bridge", "--ip=172.17.0.2"})},
      {"another's hardware address",
       options({"--network=bridge", "--mac-address=02:42:ac:11:00:02"})},
      {"a port of the host's own", options({"--network=bridge", "-p", "0.0.0.0:22:22"})},
      {"a port that is a path", options({"--network=bridge", "-p", "/etc:80"})},
      {"all ports", options({"--network=bridge", "-p", "1-65535:1-65535"})},
      {"all exposed ports", options({"--network=bridge", "--expose=1-65535", "-P"})},
      {"a server for names that is a path", options({"--dns=../../etc/shadow"})},
      {"the host's processes", options({"--pid=host"})},
      {"another's processes in another case", options({"--pid=Container:other"})},
      {"another's name", options({"--uts=container:other"})},
      {"another's memory", options({"--ipc=container:other"})},
      {"the user's own ids", options({"--userns=keep-id"})},
      {"a user namespace by its path", options({"--userns=ns:/proc/1/ns/user"})},
      {"a message's network that is a container",
       [](Launch& launch, const Target&) {
         auto& container = with_container(launch);
         container.mutable_docker()->set_network(mesos::ContainerInfo::DockerInfo::USER);
         container.add_network_infos()->set_name("container:other");
       }},
      {"a message's network that is a file",
       [](Launch& launch, const Target&) {
         auto& container = with_container(launch);
         container.mutable_docker()->set_network(mesos::ContainerInfo::DockerInfo::USER);
         container.add_network_infos()->set_name("ns:/proc/1/ns/net");
       }},
  });
}

TEST_CASE("further attempts with labels, variables and signals") {
  try_all({
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

      {"a name of another", options({"--name=other"})},
      {"an annotation of a runtime", options({"--annotation=run.oci.handler=krun"})},
      {"all variables of the host", options({"--env-host"})},
      {"a variable without a value", options({"-e", "PATH", "-e", "CONTAINERIZER_DOCKER_ARGS"})},
      {"a variable without a name", options({"-e", "=x"})},
      {"a restart", options({"--restart=always"})},
      {"a restart of Podman", options({"--restart-policy=always"})},
      {"the removal by the daemon", options({"--rm"})},
      {"a terminal", options({"--tty", "--interactive"})},
      {"a health check that never rests",
       options({"--health-cmd=true", "--health-interval=1us", "--health-timeout=1us"})},
      {"a health check with less than no retries",
       options({"--health-cmd=true", "--health-retries=-1"})},
      {"a newer interval", options({"--health-cmd=true", "--health-start-interval=1ns"})},
  });
}

TEST_CASE("further attempts to use programs and files of the host") {
  try_all({
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

      {"an unconfined label", options({"--security-opt=label=disable"})},
      {"nothing masked, as Podman has it", options({"--security-opt=unmask=ALL"})},
      {"new privileges after all", options({"--security-opt=no-new-privileges=false"})},
      {"all capabilities in lower case", options({"--cap-add=all"})},
      {"a capability with its prefix", options({"--cap-add=cap_sys_admin"})},
      {"a rule for all devices", options({"--device-cgroup-rule=a *:* rwm"})},
      {"a program for core files", options({"--sysctl=kernel.core_pattern=|/x"})},
      {"a limit without an end", options({"--ulimit=nproc=-1", "--ulimit=memlock=-1:-1"})},
      {"a first process of the host's", options({"--init-path=/bin/sh", "--init"})},
      {"a program of the host's", options({"--entrypoint=/proc/1/root/bin/cat"})},
  });
}

TEST_CASE("further attempts to gain privileges") {
  try_all({

      {"a root directory of the host's", options({"--rootfs"})},
      {"a secret of the daemon", options({"--secret=any"})},
      {"no cgroup", options({"--cgroups=disabled"})},
      {"settings of a cgroup", options({"--cgroup-conf=memory.max=max"})},
      {"a cgroup of systemd's", options({"--cgroup-parent=system.slice"})},
      {"descriptors of the daemon", options({"--preserve-fds=20"})},
      {"a file for the process id", options({"--pidfile=/etc/planted"})},
      {"a file for the monitor", options({"--conmon-pidfile=/etc/planted"})},
      {"hooks of the runtime", options({"--hooks-dir=/x"})},
      {"a user of the host's", options({"--hostuser=root"})},
      {"a map of ids", options({"--uidmap=0:0:1"})},
      {"an entry in a file", options({"--passwd-entry=root::0:0::/:/bin/sh"})},
      {"a time zone that is a path", options({"--tz=../../../../etc/shadow"})},
      {"a pod", options({"--pod=other"})},
      {"another container that is needed", options({"--requires=other"})},
      {"a key of the host's", options({"--decryption-key=/etc/shadow"})},
      {"logins of the host's", options({"--authfile=/etc/shadow"})},
      {"a registry without TLS", options({"--tls-verify=false"})},
      {"a log that is the daemon's own output", options({"--log-driver=passthrough"})},
      {"a log in the journal", options({"--log-driver=journald"})},
      {"a log's tag with a template", options({"--log-opt=tag={{.DaemonName}}{{.ImageFullID}}"})},
      {"a log without an end", options({"--log-opt=max-size=-1", "--log-opt=max-file=1000000"})},
      {"memory of which there is none", options({"--shm-size=9000000000000000000"})},
      {"CPUs of which there are none", options({"--cpuset-cpus=0-9999"})},
      {"the weight of a file", options({"--blkio-weight-device=/etc/shadow:10"})},
  });
}

TEST_CASE("further attempts with images, ids and URIs") {
  try_all({
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

      {"an image of another registry, by a digest",
       [](Launch& launch, const Target&) {
         command_of(launch).mutable_container()->set_image("127.0.0.1:1/x@sha256:" +
                                                           std::string(64, '0'));
       }},
      {"an image with a login",
       [](Launch& launch, const Target&) {
         command_of(launch).mutable_container()->set_image("me:secret@127.0.0.1:1/x");
       }},
      {"a sandbox with a login",
       [](Launch& launch, const Target&) {
         fs::create_directory(launch.directory() + "/.docker");
         write_file(
             launch.directory() + "/.docker/config.json",
             R"({"credsStore": "../../bin/sh", "credHelpers": {"127.0.0.1:1": "x;touch /x"}})");
         command_of(launch).mutable_container()->set_image("127.0.0.1:1/x");
       }},
      {"a URI below the links of the kernel",
       [](Launch& launch, const Target&) {
         auto& uri = *command_of(launch).add_uris();
         uri.set_value("/etc/hostname");
         uri.set_output_file("../../../../proc/self/root/etc/planted");
       }},
      {"a URI whose file is the task's output",
       [](Launch& launch, const Target&) {
         auto& uri = *command_of(launch).add_uris();
         uri.set_value("/etc/hostname");
         uri.set_output_file("stdout");
       }},
      {"a user of the host's with a path",
       [](Launch& launch, const Target&) { launch.set_user("../root"); }},
      {"a user with a NUL",
       [](Launch& launch, const Target&) { launch.set_user(std::string("root\0x", 6)); }},
  });
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

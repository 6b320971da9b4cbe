// What the author of a task, root in a container, or another user of the host tries against an
// operator who has rules: docs/security.md.
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>

#include "cli/exit_status.h"
#include "tests/integration/daemon.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/foreigner.h"
#include "tests/integration/gate.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;
using mesos::containerizer::Launch;
using Words = std::vector<std::string>;

namespace {

constexpr uid_t nobody = 65534;
const std::string marker = "only-for-root";

// A slave whose tasks may mount `ok` and below, and nothing that makes them root. `secret` has a
// file with the marker, which no task must ever see or change.
class RuledDirectory : public WorkDirectory {
 public:
  RuledDirectory() {
    fs::create_directories(ok() / "d");
    fs::create_directories(secret());
    write_file(secret() / "marker", marker);
    set("CONTAINERIZER_PRIVILEGED", "refuse");
    set("CONTAINERIZER_ALLOWED_VOLUMES", ok());
    set("CONTAINERIZER_ALLOWED_REGISTRIES", "docker.io");
  }
  fs::path ok() const { return scratch() / "ok"; }
  fs::path secret() const { return scratch() / "secret"; }
};

Launch with_options(const WorkDirectory& place, const Words& options, const std::string& script) {
  auto launch = custom_launch(place, "c1", script);
  for (const auto& word : options) command_of(launch).mutable_container()->add_options(word);
  return launch;
}

// Tries to read and to write what it finds at /x.
const std::string snoop = "ls -R /x; cat /x/* /x; echo owned > /x/marker; echo owned > /x/planted";

std::string end_message(const WorkDirectory& place, const Launch& launch) {
  launch_directly(place, launch);
  return end_of(place, launch.container_id().value()).message();
}

void check_untouched(const RuledDirectory& place, const Launch& launch) {
  const auto said = read_file(launch.directory() + "/stdout");
  INFO(said << read_file(launch.directory() + "/stderr"));
  CHECK_THAT(said, !Contains(marker));
  CHECK(read_file(place.secret() / "marker") == marker);
  CHECK_FALSE(fs::exists(place.secret() / "planted"));
}

std::string refusal_of(const WorkDirectory& place, const Launch& launch) {
  auto message = end_message(place, launch);
  CHECK(place.termination_of(launch.container_id().value()).at("kind") == "failed");
  return message;
}

fs::path script(const fs::path& path, const std::string& text) {
  write_file(path, "#!/bin/sh\n" + text + "\n");
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  return path;
}

}  // namespace

// --- Mounts

TEST_CASE("a comma in a field of a mount is a part of that field") {
  const RuledDirectory place;
  const auto ok = (place.ok() / "d").string();
  const auto secret = place.secret().string();
  const std::vector<Words> attacks{
      {"--mount",
       "type=bind,source=" + ok + ",target=/x,\"consistency=cached,source=" + secret + "\""},
      {"--mount", "type=bind,\"source=" + ok + ",src=" + secret + "\",target=/x"},
      {"--mount", "type=bind,source=" + ok + ",\"target=/x,source=" + secret + "\""},
      {"--mount", "type=volume,\"target=/x,type=bind,source=" + secret + "\""},
      {"--mount", "type=volume,\"source=v,type=bind,src=" + secret + "\",target=/x"},
      {"--mount", "type=tmpfs,\"target=/x,type=bind,source=" + secret + "\""},
      {"--mount",
       "type=bind,source=" + ok + ",target=/x,\"bind-propagation=slave,source=" + secret + "\""},
      {"--mount", "type=volume,target=/x,\"volume-label=a=b,type=bind,source=" + secret + "\""},
      {"--mount", "type=volume,target=/x,\"volume-opt=o=size=1m,type=bind,source=" + secret + "\""},
  };
  for (const auto& attack : attacks) {
    CAPTURE(attack[1]);
    auto launch = with_options(place, attack, snoop);
    launch.mutable_container_id()->set_value("c" + std::to_string(&attack - attacks.data()));
    end_message(place, launch);
    check_untouched(place, launch);
  }
}

TEST_CASE("a comma in a path of a message is a part of that path") {
  const RuledDirectory place;
  const auto secret = place.secret().string();
  const auto ok = (place.ok() / "d").string();
  auto launch = custom_launch(place, "c1", snoop);
  SECTION("container path of a volume") {
    auto& volume = *with_container(launch).add_volumes();
    volume.set_container_path("/x,source=" + secret);
    volume.set_mode(mesos::Volume::RW);
    if (GENERATE(false, true)) volume.set_host_path(ok);
  }
  SECTION("host path of a volume") {
    auto& volume = *with_container(launch).add_volumes();
    volume.set_container_path("/x");
    volume.set_host_path(ok + ",source=" + secret);
    volume.set_mode(mesos::Volume::RW);
  }
  SECTION("relative host path of a volume") {
    auto& volume = *with_container(launch).add_volumes();
    volume.set_container_path("/x");
    volume.set_host_path("a,source=" + secret.substr(1));
    volume.set_mode(mesos::Volume::RW);
  }
  SECTION("sandbox, of which the executor's id is a part") {
    launch.set_directory((place.path() / ("sandbox,source=" + secret + ",target=/x")).string());
    fs::create_directories(launch.directory());
  }
  end_message(place, launch);
  check_untouched(place, launch);
}

TEST_CASE("a sandbox whose path has a comma is mounted") {
  const WorkDirectory place;
  auto launch = custom_launch(place, "c1", "echo here > $MESOS_SANDBOX/file");
  launch.set_directory((place.path() / "sandbox,with,commas").string());
  fs::create_directories(launch.directory());
  end_message(place, launch);
  CHECK(read_file(launch.directory() + "/file") == "here\n");
}

TEST_CASE("options of a bind that name more than a mode are refused") {
  const RuledDirectory place;
  const auto ok = (place.ok() / "d").string();
  const auto secret = place.secret().string();
  const auto mode = GENERATE_COPY(as<std::string>(), "O,upperdir=" + secret + ",workdir=" + secret,
                                  "U", "rshared", "idmap", "ro,exec,dev,suid");
  const auto launch = with_options(place, {"-v", ok + ":/x:" + mode}, snoop);
  CHECK_THAT(refusal_of(place, launch), Contains("forbidden by CONTAINERIZER_PRIVILEGED"));
  check_untouched(place, launch);
}

TEST_CASE("a path that goes up behind a link is refused") {
  const RuledDirectory place;
  fs::create_directory_symlink(place.secret() / "..", place.ok() / "d/link");
  const auto path = (place.ok() / "d/link/../secret").string();
  const std::vector<Words> attacks{
      {"-v", path + ":/x"},
      {"--mount", "type=bind,source=" + path + ",target=/x"},
      {"--mount",
       "type=volume,source=hostile,target=/x,volume-opt=type=none,volume-opt=o=bind,"
       "volume-opt=device=" +
           path}};
  const auto attack = GENERATE_COPY(from_range(attacks));
  const auto launch = with_options(place, attack, snoop);
  CHECK_THAT(refusal_of(place, launch), Contains("not allowed by CONTAINERIZER_ALLOWED_VOLUMES"));
  check_untouched(place, launch);
}

TEST_CASE("a link in an allowed directory does not lead out of it") {
  const RuledDirectory place;
  const auto how = GENERATE(as<std::string>(), "absolute", "relative", "in the middle");
  if (how == "absolute") fs::create_directory_symlink(place.secret(), place.ok() / "link");
  if (how == "relative") fs::create_directory_symlink("../secret", place.ok() / "link");
  if (how == "in the middle") fs::create_directory_symlink("..", place.ok() / "up");
  const auto path = place.ok() / (how == "in the middle" ? "up/secret" : "link");
  const auto launch = with_options(place, {"-v", path.string() + ":/x"}, snoop);
  CHECK_THAT(refusal_of(place, launch), Contains("leads out of"));
  check_untouched(place, launch);
}

TEST_CASE("a link in an allowed directory may lead within it") {
  const RuledDirectory place;
  fs::create_directory_symlink("d", place.ok() / "link");
  write_file(place.ok() / "d/file", "here\n");
  const auto source = GENERATE(as<std::string>(), "link", "d", "d/file", "new/one");
  const auto launch = with_options(
      place, {"-v", (place.ok() / source).string() + ":/x"},
      "[ -f /x ] && cat /x || { [ -e /x/file ] && cat /x/file || echo here > /x/made; }");
  end_message(place, launch);
  if (source == "new/one") {
    CHECK(read_file(place.ok() / source / "made") == "here\n");
  } else {
    CHECK(read_file(launch.directory() + "/stdout") == "here\n");
  }
}

namespace {

// Another process of the task's user, at the worst moment: everything has been checked, and the
// container is not created yet. A launch hook plays it.
void swap_before_create(RuledDirectory& place, const fs::path& directory) {
  place.set("CONTAINERIZER_LAUNCH_HOOK",
            script(place.scratch() / "swap",
                   "mv '" + directory.string() + "' '" + directory.string() + "-old' && ln -s '" +
                       place.secret().string() + "' '" + directory.string() + "'"));
}

// A file system of the host whose mounts and unmounts spread.
class SharedMount {
 public:
  explicit SharedMount(const fs::path& path) : path_(path) {
    REQUIRE(::mount("test", path.c_str(), "tmpfs", 0, "size=64k") == 0);
    REQUIRE(::mount(nullptr, path.c_str(), nullptr, MS_SHARED, nullptr) == 0);
  }
  ~SharedMount() { ::umount2(path_.c_str(), MNT_DETACH); }
  SharedMount(const SharedMount&) = delete;
  SharedMount& operator=(const SharedMount&) = delete;

 private:
  fs::path path_;
};

Launch with_relative_volume(const WorkDirectory& place, const std::string& script_text) {
  auto launch = custom_launch(place, "c1", script_text);
  auto& volume = *with_container(launch).add_volumes();
  volume.set_host_path("data");
  volume.set_container_path("/x");
  volume.set_mode(mesos::Volume::RW);
  return launch;
}

}  // namespace

TEST_CASE("a directory that is replaced before the container starts", "[dockerd]") {
  RuledDirectory place;
  auto launch = with_relative_volume(place, snoop);
  fs::path replaced = fs::path(launch.directory()) / "data";
  SECTION("in the sandbox") {}
  SECTION("in an allowed directory") {
    replaced = place.ok() / "d";
    launch = with_options(place, {"-v", replaced.string() + ":/x"}, snoop);
  }
  SECTION("in an allowed directory, as a mount") {
    replaced = place.ok() / "d";
    launch = with_options(
        place, {"--mount", "type=bind,source=" + replaced.string() + ",target=/x"}, snoop);
  }
  swap_before_create(place, replaced);
  end_message(place, launch);
  CHECK(fs::is_symlink(replaced));
  check_untouched(place, launch);
  // It had the directory that was checked.
  CHECK(read_file(replaced.string() + "-old/planted") == "owned\n");
  CHECK(!fs::exists(place.state() / "pins/c1"));
}

TEST_CASE("mounts of the host within an allowed directory stay, and the task sees them",
          "[dockerd]") {
  const RuledDirectory place;
  // As systemd mounts everything: what happens to a bind of it happens to the directory, too.
  const SharedMount outer(place.ok() / "d");
  fs::create_directory(place.ok() / "d/inner");
  const SharedMount inner(place.ok() / "d/inner");
  write_file(place.ok() / "d/inner/file", "here\n");
  const auto launch =
      with_options(place, {"-v", (place.ok() / "d").string() + ":/x"}, "cat /x/inner/file");
  end_message(place, launch);
  place.await_state("c1", "Gone");
  CHECK(read_file(launch.directory() + "/stdout") == "here\n");
  CHECK(read_file(place.ok() / "d/inner/file") == "here\n");
}

TEST_CASE("a supervisor that dies between create and start guards the mounts again", "[dockerd]") {
  RuledDirectory place;
  const auto launch = with_relative_volume(place, snoop);
  const auto data = fs::path(launch.directory()) / "data";
  const bool is_replaced = GENERATE(false, true);
  if (is_replaced) swap_before_create(place, data);
  Gate gate(place);
  gate.hold("/start ", Hold::request);
  launch_directly(place, launch);
  gate.await_held();
  place.kill_supervisor("c1");
  gate.open();
  CHECK(place.call("recover").status == exit_ok);
  end_of(place, "c1");
  check_untouched(place, launch);
  CHECK(fs::exists(data / "planted") == !is_replaced);
}

TEST_CASE("a container that somebody restarts does not get another directory", "[dockerd]") {
  RuledDirectory place;
  const auto launch = with_relative_volume(place, snoop + "; sleep 1000000");
  launch_directly(place, launch);
  place.await_state("c1", "Running");
  const auto data = fs::path(launch.directory()) / "data";
  fs::rename(data, data.string() + "-old");
  fs::create_directory_symlink(place.secret(), data);
  const auto restarted = run(
      {"docker", "-H", std::getenv("TEST_DOCKER_HOST"), "restart", "-t", "0", "containerizer-c1"},
      place.variables());
  CHECK(restarted.status != 0);
  CHECK(place.call_for("destroy", "c1").status == exit_ok);
  check_untouched(place, launch);
}

// --- Everything else that a request can ask for

TEST_CASE("whatever reaches beyond the container is refused") {
  const RuledDirectory place;
  const Foreigner other({"--name", "containerizer-victim", "-e", "PASSWORD=" + marker});
  const auto socket = (place.secret() / "socket").string();
  const std::vector<Words> attacks{
      {"--network=bridge", "--link=containerizer-victim:x"},
      {"--network=bridge", "--link=0:x"},
      {"--network=bridge", "--link=f:x"},
      {"--log-driver=syslog", "--log-opt=syslog-address=unix://" + socket},
      {"--log-driver=splunk", "--log-opt=splunk-url=https://127.0.0.1:1",
       "--log-opt=splunk-capath=/etc/shadow"},
      {"--log-driver=fluentd"},
      {"--log-opt=path=" + (place.secret() / "planted").string()},
      {"--log-opt=syslog-address=tcp://127.0.0.1:1"},
      {"--network=ns:/proc/1/ns/net"},
      {"--network=container:containerizer-victim"},
      {"--network=slirp4netns:allow_host_loopback=true"},
      {"--cgroupns=container:containerizer-victim"},
      {"--cgroupns=host"},
      {"--cgroupns=ns:/proc/1/ns/cgroup"},
      {"--ipc=container:containerizer-victim"},
      {"--ipc=ns:/proc/1/ns/ipc"},
      {"--pid=container:containerizer-victim"},
      {"--volumes-from=containerizer-victim"},
      {"--cgroup-parent=/../.."},
      {"--cgroup-parent=/docker"},
      {"--oom-kill-disable"},
      {"--oom-score-adj=-999"},
      {"--pids-limit=-1"},
      {"--cpu-rt-runtime=950000"},
      {"--blkio-weight=1000"},
      {"--device-read-bps=/etc/shadow:1mb"},
      {"--device-read-bps=/dev/../etc/shadow:1mb"},
      {"--ulimit=rtprio=99"},
      {"--group-add=keep-groups"},
      {"--storage-opt=dm.override_udev_sync_check=true"},
      {"--sysctl=net.ipv4.ip_forward=0"},
      {"--health-cmd=true", "--health-interval=1ms"},
      {"--publish=5051:80", "--network=bridge"},
      {"--publish=80", "--network=bridge"},
      {"--expose=1-65535", "--publish-all", "--network=bridge"},
      {"--mount=type=image,source=evil.example.com/x,target=/x"},
  };
  int number = 0;
  for (const auto& attack : attacks) {
    CAPTURE(attack);
    auto launch = with_options(place, attack, "env");
    launch.mutable_container_id()->set_value("c" + std::to_string(number++));
    CHECK_THAT(refusal_of(place, launch), Contains("forbidden by CONTAINERIZER_PRIVILEGED") ||
                                              Contains("type=image") || Contains("unknown field"));
    check_untouched(place, launch);
  }
  CHECK(other.lives());
}

TEST_CASE("a task gets no more than the slave has allotted") {
  const RuledDirectory place;
  auto launch = custom_launch(place, "c1", "true");
  auto& resources = *launch.mutable_executor_info();
  for (const auto& [name, amount] : {std::pair("cpus", 0.5), std::pair("mem", 64.0)}) {
    auto& resource = *resources.add_resources();
    resource.set_name(name);
    resource.set_type(mesos::Value::SCALAR);
    resource.mutable_scalar()->set_value(amount);
  }
  const auto option = GENERATE(as<std::string>(), "--memory=0", "--memory=65m", "--memory-swap=-1",
                               "--memory-swap=1g", "--cpu-shares=1024");
  CAPTURE(option);
  command_of(launch).mutable_container()->add_options(option);
  CHECK_THAT(refusal_of(place, launch),
             Contains("exceeds the task's resources") || Contains("removes the limit"));
}

TEST_CASE("a task with modest options is launched under all rules") {
  const RuledDirectory place;
  const auto launch =
      with_options(place,
                   {"-v", (place.ok() / "d").string() + ":/x:rw", "--tmpfs", "/t:size=1m", "-e",
                    "A=b", "--memory=64m", "--log-opt", "max-size=1m", "--cap-drop=ALL",
                    "--security-opt=no-new-privileges", "--group-add=100"},
                   "echo here > /x/file");
  INFO(end_message(place, launch));
  CHECK(place.termination_of("c1").at("kind") == "exited");
  CHECK(read_file(place.ok() / "d/file") == "here\n");
}

// --- Fetching

namespace {

void add_uri(Launch& launch, const fs::path& source, const std::string& output_file = "") {
  auto& uri = *command_of(launch).add_uris();
  uri.set_value(source);
  if (!output_file.empty()) uri.set_output_file(output_file);
}

// An archive of what `make` leaves in an empty directory.
fs::path archive(const WorkDirectory& place, const std::string& name, const std::string& make) {
  const auto directory = place.scratch() / ("content-of-" + name);
  fs::create_directories(directory);
  output_of({"sh", "-c", "cd '" + directory.string() + "' && " + make});
  const auto path = place.scratch() / (name + ".tgz");
  output_of({"tar", "-C", directory, "-czf", path, "."});
  return path;
}

}  // namespace

TEST_CASE("nothing that one URI brings redirects the next") {
  WorkDirectory place;
  const auto release = GENERATE(as<std::string>(), "0.20.1", "0.22.1", "1.0.4");
  CAPTURE(release);
  place.set("MESOS_LIBEXEC_DIRECTORY", place.launcher(release));
  const auto outside = place.scratch() / "outside";
  fs::create_directory(outside);
  write_file(outside / "note", "untouched");
  const auto note = place.scratch() / "note";
  write_file(note, "stolen");
  auto launch = custom_launch(place, "c1", "cat $MESOS_SANDBOX/note $MESOS_SANDBOX/d/note; true");
  launch.clear_user();
  SECTION("a link by the name of the next file") {
    add_uri(launch, archive(place, "evil", "ln -s " + outside.string() + "/note note"));
    add_uri(launch, note);
  }
  SECTION("a link by the name of a directory in the next archive") {
    add_uri(launch, archive(place, "evil", "ln -s " + outside.string() + " d"));
    add_uri(launch, archive(place, "next", "mkdir d && cp " + note.string() + " d/note"));
  }
  SECTION("a link by the name of a directory of the output file") {
    if (release != "1.0.4") return;
    add_uri(launch, archive(place, "evil", "ln -s " + outside.string() + " d"));
    add_uri(launch, note, "d/note");
  }
  SECTION("a link, and a file through it, in one archive") {
    const auto first = archive(place, "both", "ln -s " + outside.string() + " d");
    fs::create_directories(place.scratch() / "more/d");
    fs::copy_file(note, place.scratch() / "more/d/note");
    const auto tar = place.scratch() / "both.tar";
    output_of({"tar", "-C", place.scratch() / "content-of-both", "-cf", tar, "d"});
    output_of({"tar", "-C", place.scratch() / "more", "-rf", tar, "d/note"});
    output_of({"sh", "-c", "gzip -c '" + tar.string() + "' > '" + first.string() + "'"});
    add_uri(launch, first);
  }
  launch_directly(place, launch);
  end_of(place, "c1");
  INFO(read_file(launch.directory() + "/stderr"));
  CHECK(read_file(outside / "note") == "untouched");
  CHECK(std::distance(fs::directory_iterator(outside), {}) == 1);
  CHECK(!fs::exists(launch.directory() + "/.containerizer-fetch"));
}

TEST_CASE("files of several URIs come together in the sandbox") {
  WorkDirectory place;
  place.set("MESOS_LIBEXEC_DIRECTORY", place.launcher("1.0.4"));
  auto launch = custom_launch(place, "c1", "cd $MESOS_SANDBOX; cat d/one d/two d/e/three plain");
  launch.clear_user();
  const auto plain = place.scratch() / "plain";
  write_file(plain, "plain\n");
  add_uri(launch, archive(place, "one", "mkdir -p d/e; echo one > d/one; echo old > plain"));
  add_uri(launch, archive(place, "two", "mkdir -p d/e; echo two > d/two; echo three > d/e/three"));
  add_uri(launch, plain);
  launch_directly(place, launch);
  end_of(place, "c1");
  CHECK(read_file(launch.directory() + "/stdout") == "one\ntwo\nthree\nplain\n");
}

TEST_CASE("an archive brings neither devices nor set-user-id files") {
  WorkDirectory place;
  place.set("MESOS_LIBEXEC_DIRECTORY", place.launcher("0.20.1"));
  auto launch = custom_launch(place, "c1", "true");
  launch.clear_user();
  SECTION("a device") {
    add_uri(launch, archive(place, "evil", "mknod disk b 8 0"));
    CHECK_THAT(end_message(place, launch), Contains("device file"));
    CHECK(!fs::exists(launch.directory() + "/disk"));
  }
  SECTION("a set-user-id file") {
    add_uri(launch, archive(place, "evil", "cp /bin/true su && chmod 6755 su"));
    end_message(place, launch);
    struct stat found {};
    REQUIRE(::stat((launch.directory() + "/su").c_str(), &found) == 0);
    CHECK((found.st_mode & 07777) == 0755);
  }
}

TEST_CASE("a password in a URI is told to nobody") {
  WorkDirectory place;
  place.set("CONTAINERIZER_LOG", place.scratch() / "log");
  place.set("MESOS_LIBEXEC_DIRECTORY", place.launcher("0.20.1"));
  auto launch = custom_launch(place, "c1", "true");
  auto& uri = *command_of(launch).add_uris();
  const std::string login = "http://someone:" + marker + "@127.0.0.1/";
  SECTION("a URI that is refused") { uri.set_value(login + "it's"); }
  SECTION("an output file that is refused") {
    uri.set_value(login + "file");
    uri.set_output_file("../file");
  }
  SECTION("a URI that cannot be fetched") { uri.set_value(login + "a file"); }
  const auto message = end_message(place, launch);
  CHECK_THAT(message, Contains("fetch: ") && !Contains(marker));
  CHECK_THAT(read_file(place.scratch() / "log"), !Contains(marker));
  CHECK_THAT(place.ask({"history", "c1"}), !Contains(marker));
}

// --- Tasks on the host

TEST_CASE("a task on the host gains nothing from a set-user-id file") {
  RuledDirectory place;
  place.set("CONTAINERIZER_IMAGELESS", "host");
  fs::permissions(place.scratch(), fs::perms(0755));
  auto launch = custom_launch(place, "c1", "$MESOS_SANDBOX/su -u; sh -c '$MESOS_SANDBOX/su -u'");
  command_of(launch).clear_container();
  launch.set_user("nobody");
  const auto& sandbox = launch.directory();
  REQUIRE(::chown(sandbox.c_str(), nobody, nobody) == 0);
  // What a container's root can leave there.
  fs::copy_file("/usr/bin/id", sandbox + "/su");
  REQUIRE(::chmod((sandbox + "/su").c_str(), 04755) == 0);
  launch_directly(place, launch);
  end_of(place, "c1");
  CHECK(read_file(sandbox + "/stdout") == "65534\n65534\n");
}

// --- Containers that others have labelled

namespace {

std::string label_of(const std::string& container, const std::string& name) {
  return docker({"inspect", "-f", "{{index .Config.Labels \"docker-containerizer." + name + "\"}}",
                 container});
}

Words labels(const std::vector<std::pair<std::string, std::string>>& values) {
  Words words;
  for (const auto& [name, value] : values) {
    words.insert(words.end(), {"--label", "docker-containerizer." + name + "=" + value});
  }
  return words;
}

}  // namespace

TEST_CASE("a recovery goes on after a container with the labels of another") {
  const WorkDirectory place;
  start_directly(place, "mine", until_go);
  auto options = labels({{"instance", place.path()},
                         {"container", "copy"},
                         {"nonce", label_of("containerizer-mine", "nonce")},
                         {"kind", "custom"},
                         {"directory", place.path() / "sandbox-mine"}});
  options.insert(options.end(), {"--name", "containerizer-copy"});
  {
    const Foreigner copy(options);
    place.kill_supervisor("mine");
    CHECK(place.call("recover").status == exit_ok);
    CHECK(place.listed() == Words{"mine"});
    place.supervisor("mine");
    CHECK(copy.lives());
    CHECK(place.call_for("destroy", "mine").status == exit_ok);
    CHECK(copy.lives());
  }
}

TEST_CASE("a recovery writes to no directory that a label makes up") {
  const WorkDirectory place;
  const auto victim = place.scratch() / "victim";
  fs::create_directory(victim);
  fs::create_directory_symlink(victim, place.path() / "link");
  const fs::path directories[] = {victim, place.path() / "link", place.path() / ".." / "victim",
                                  place.path() / "link/x", place.path()};
  const std::string directory = directories[GENERATE(range(0, 5))];
  CAPTURE(directory);
  auto options = labels({{"instance", place.path()},
                         {"container", "forged"},
                         {"nonce", std::string(32, '0')},
                         {"kind", "custom"},
                         {"directory", directory}});
  options.insert(options.end(), {"--name", "containerizer-forged"});
  const Foreigner forged(options);
  CHECK(place.call("recover").status == exit_ok);
  CHECK(place.processes({"supervise"}).empty());
  CHECK(fs::is_empty(victim));
  CHECK(forged.lives());
}

// --- Sizes, characters, files

TEST_CASE("no text of a task is kept or told at full length") {
  WorkDirectory place;
  place.set("CONTAINERIZER_LOG", place.scratch() / "log");
  const std::string huge(4'000'000, 'x');
  auto launch = custom_launch(place, "c1", "true");
  auto& container = *command_of(launch).mutable_container();
  SECTION("an image") { container.set_image(huge); }
  SECTION("an image of control bytes") { container.set_image(std::string(4'000'000, '\x01')); }
  SECTION("a flag") { container.add_options("--" + huge); }
  SECTION("a flag's value") {
    container.add_options("--memory");
    container.add_options(std::string(900'000, '\x1b'));
  }
  SECTION("a variable's name") {
    auto& variable = *command_of(launch).mutable_environment()->add_variables();
    variable.set_name(huge + "=");
    variable.set_value("y");
  }
  SECTION("a URI") { command_of(launch).add_uris()->set_value(huge + "'"); }
  SECTION("a task's name") {
    launch.mutable_executor_info()->set_name(huge);
    container.set_image("no/such:image:at:all");
  }
  CHECK(end_message(place, launch).size() < 4096);
  place.await_state("c1", "Gone");
  CHECK(fs::file_size(place.scratch() / "log") < 32'768);
  for (const Words& words : {Words{"show", "c1"}, Words{"history"}, Words{"ps", "--all"}}) {
    CHECK(place.ask(words).size() < 16'384);
  }
  CHECK(place.sql("SELECT max (length (request)) < 1100000 FROM launches") == "1");
  CHECK(place.sql("SELECT max (length (detail)) < 4096 FROM history") == "1");
}

TEST_CASE("an id that no directory could have is refused at once") {
  const WorkDirectory place;
  auto launch = custom_launch(place, "c1", "true");
  const std::string huge(2'000, 'x');
  SECTION("executor") { launch.mutable_executor_info()->mutable_executor_id()->set_value(huge); }
  SECTION("framework") { launch.mutable_executor_info()->mutable_framework_id()->set_value(huge); }
  SECTION("slave") { launch.mutable_slave_id()->set_value(huge); }
  SECTION("user") { launch.set_user(huge); }
  const auto ran = place.call("launch", frame_of(launch));
  CHECK(ran.status == exit_bad_request);
  CHECK_THAT(ran.err, Contains("longer than 1 KiB"));
}

TEST_CASE("no character that steers a terminal reaches one") {
  WorkDirectory place;
  place.set("CONTAINERIZER_LOG", place.scratch() / "log");
  // CSI as one character and as one byte, a line end, and one that reverses the text behind it.
  const std::string evil =
      "a\u009b2Jb\u0085c\u202ed\x9b"
      "e\x1b[2Jf";
  auto launch = custom_launch(place, "c1", "true");
  auto& executor = *launch.mutable_executor_info();
  executor.mutable_executor_id()->set_value(evil);
  executor.mutable_framework_id()->set_value(evil);
  SECTION("image") { command_of(launch).mutable_container()->set_image(evil); }
  SECTION("flag") { command_of(launch).mutable_container()->add_options("--" + evil); }
  SECTION("value") { command_of(launch).mutable_container()->add_options("--memory=" + evil); }
  SECTION("URI") { command_of(launch).add_uris()->set_value(evil + "'"); }
  std::string all = end_message(place, launch);
  place.await_state("c1", "Gone");
  for (const Words& words :
       {Words{"ps", "--all"}, Words{"ps", "--all", "--json"}, Words{"show", "c1"},
        Words{"show", "c1", "--json"}, Words{"history"}, Words{"history", "c1", "--json"},
        Words{"why", "c1"}, Words{"why", "c1", "--json"}, Words{"events"}}) {
    all += place.ask(words);
  }
  all += place.call("launch", frame_of(launch)).err + read_file(place.scratch() / "log");
  all += run({program(), "show", evil}, place.variables()).err;
  all += run({program(), evil}, place.variables()).err;
  for (const auto* sign : {"\u009b", "\u0085", "\u202e", "\x1b"}) {
    CHECK(all.find(sign) == std::string::npos);
  }
  // As a byte of its own.
  for (std::size_t at = all.find('\x9b'); at != std::string::npos; at = all.find('\x9b', at + 1)) {
    CHECK((at > 0 && (static_cast<unsigned char>(all[at - 1]) & 0x80) != 0));
  }
}

TEST_CASE("a task whose output cannot be written ends without delay", "[dockerd]") {
  const WorkDirectory place;
  const auto plant = GENERATE(as<std::string>(), "rm stdout; mkdir stdout",
                              "truncate -s $((16 * 1024 * 1024 * 1024 * 1024 - 4096)) stdout");
  const auto sandbox = start_directly(
      place, "c1",
      "cd $MESOS_SANDBOX; until [ -e go ]; do sleep 0.05; done; " + plant + "; echo words; exit 7");
  write_file(sandbox / "go", "");
  const auto start = std::chrono::steady_clock::now();
  CHECK(end_of(place, "c1").status() == 7 << 8);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("a log that another user has prepared is not written") {
  WorkDirectory place;
  const auto victim = place.scratch() / "victim";
  write_file(victim, "untouched");
  const auto directory = place.scratch() / "tmp";
  fs::create_directory(directory);
  fs::permissions(directory, fs::perms(01777));
  const auto log = directory / "log";
  SECTION("a link") {
    fs::create_symlink(victim, log);
    REQUIRE(::lchown(log.c_str(), nobody, nobody) == 0);
  }
  SECTION("a link to a file that is not there") {
    fs::remove(victim);
    fs::create_symlink(victim, log);
    REQUIRE(::lchown(log.c_str(), nobody, nobody) == 0);
  }
  SECTION("a file") {
    write_file(log, "untouched");
    REQUIRE(::chown(log.c_str(), nobody, nobody) == 0);
  }
  SECTION("a second name") { fs::create_hard_link(victim, log); }
  place.set("CONTAINERIZER_LOG", log);
  const auto ran = place.call("containers");
  CHECK(ran.status == exit_ok);
  CHECK_THAT(ran.err, Contains("cannot log to " + log.string()));
  if (fs::exists(victim)) CHECK(read_file(victim) == "untouched");
  if (fs::is_regular_file(fs::symlink_status(log))) CHECK(read_file(log) == "untouched");
}

TEST_CASE("a log is made for its owner alone, and a link of root's is followed") {
  WorkDirectory place;
  const auto file = place.scratch() / "log";
  place.set("CONTAINERIZER_LOG", file);
  CHECK(place.call("recover").status == exit_ok);
  CHECK((fs::status(file).permissions() & fs::perms(0777)) == fs::perms(0600));
  const auto size = fs::file_size(file);
  fs::create_symlink(file, place.scratch() / "link");
  place.set("CONTAINERIZER_LOG", place.scratch() / "link");
  CHECK(place.call("recover").status == exit_ok);
  CHECK(fs::file_size(file) > size);
}

TEST_CASE("an enormous launch is refused in a moment") {
  const WorkDirectory place;
  // HOSTILE_MEGABYTES=60 comes close to the largest message that a slave accepts.
  const auto* const megabytes = std::getenv("HOSTILE_MEGABYTES");
  const std::size_t size = (megabytes != nullptr ? std::stoul(megabytes) : 6) << 20;
  auto launch = custom_launch(place, "c1", "true");
  SECTION("options") {
    auto& container = *command_of(launch).mutable_container();
    for (std::size_t i = 0; i < size / 20; ++i) {
      container.add_options("-e" + std::to_string(i) + "=123456");
    }
  }
  SECTION("one option") {
    command_of(launch).mutable_container()->add_options("-eX=" + std::string(size, 'x'));
  }
  SECTION("volumes") {
    auto& container = with_container(launch);
    for (std::size_t i = 0; i < size / 20; ++i) {
      auto& volume = *container.add_volumes();
      volume.set_host_path("a" + std::to_string(i));
      volume.set_container_path("/x");
      volume.set_mode(mesos::Volume::RW);
    }
  }
  SECTION("URIs") {
    for (std::size_t i = 0; i < size / 10; ++i) command_of(launch).add_uris()->set_value("/x");
  }
  const auto start = std::chrono::steady_clock::now();
  CHECK_THAT(refusal_of(place, launch), Contains("at most"));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  CHECK(place.sql("SELECT max (length (request)) < 2000000 FROM launches") == "1");
  if (megabytes != nullptr) WARN("the launch and its refusal took " << taken.count() << " s");
  // Work that grows with the square of the size takes hours.
  CHECK(taken.count() < 60);
}

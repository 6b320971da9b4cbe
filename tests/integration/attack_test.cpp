// Attacks by a task, an image or another user of the host, as docs/security.md lists them.
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "cli/exit_status.h"
#include "tests/integration/daemon.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/foreigner.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;
using mesos::containerizer::Launch;

namespace {

constexpr uid_t nobody = 65534;

// A shell that evaluates this creates a file.
const std::string bait = "$(touch bitten)`touch bitten`;touch bitten #";

bool has_bitten(const WorkDirectory& place) {
  const auto is_bite = [](const fs::path& path) { return path.filename() == "bitten"; };
  const bool is_near = fs::exists("/bitten") || fs::exists("bitten");
  const fs::recursive_directory_iterator all(place.scratch());
  return is_near || std::any_of(begin(all), end(all), is_bite);
}

fs::path script(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  write_file(path, "#!/bin/sh\n" + text + "\n");
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  return path;
}

void add_variable(Launch& launch, const std::string& name, const std::string& value) {
  auto& variable = *command_of(launch).mutable_environment()->add_variables();
  variable.set_name(name);
  variable.set_value(value);
}

void add_options(Launch& launch, const std::vector<std::string>& words) {
  for (const auto& word : words) command_of(launch).mutable_container()->add_options(word);
}

void add_uri(Launch& launch, const fs::path& source, const std::string& output_file = "") {
  auto& uri = *command_of(launch).add_uris();
  uri.set_value(source);
  uri.set_extract(false);
  if (!output_file.empty()) uri.set_output_file(output_file);
}

// Changes the launch into one of a command task, as slaves send it.
void make_command_task(Launch& launch, const std::string& executor) {
  auto& task = *launch.mutable_task_info();
  task.mutable_task_id()->set_value("task");
  *task.mutable_command() = command_of(launch);
  command_of(launch).set_value(executor);
}

// The message of a launch that fails.
std::string failure_of(const WorkDirectory& place, const Launch& launch) {
  launch_directly(place, launch);
  const auto termination = end_of(place, launch.container_id().value());
  CHECK(termination.status() == 1 << 8);
  return termination.message();
}

}  // namespace

TEST_CASE("special characters of the shell have no effect in any part of a launch") {
  WorkDirectory place;
  place.set("MESOS_LIBEXEC_DIRECTORY", place.launcher("1.0.4"));
  const auto hook_environment = place.scratch() / "hook_environment";
  const auto hook = script(place.scratch() / "hook", "env > " + hook_environment.string());
  place.set("CONTAINERIZER_LAUNCH_HOOK", hook);
  auto launch = custom_launch(place, "c1", "env; pwd; ls \"$MESOS_SANDBOX\"; exit 7");
  launch.mutable_executor_info()->mutable_executor_id()->set_value(bait);
  launch.mutable_executor_info()->mutable_framework_id()->set_value(bait);
  launch.mutable_slave_id()->set_value(bait);
  add_variable(launch, "A", bait);
  add_variable(launch, bait, "a name that no shell passes on");
  add_options(launch, {"--label", bait + "=" + bait, "-e", "C=" + bait, "-w", "/" + bait});
  const bool is_quoted = GENERATE(false, true);
  // mesos-fetcher cannot handle a single quote in the sandbox's path, so nothing is fetched then.
  const auto sandbox =
      place.scratch() / ("sandbox " + bait + (is_quoted ? "';touch bitten;'" : ""));
  launch.set_directory(sandbox);
  fs::create_directory(sandbox);
  const auto source = place.scratch() / ("note " + bait);
  write_file(source, "a note\n");
  if (!is_quoted) {
    launch.clear_user();
    add_uri(launch, source);
    add_uri(launch, source, "other " + bait);
  } else {
    launch.set_user(bait);
    command_of(launch).set_user(bait);
  }
  launch_directly(place, launch);
  CHECK(end_of(place, "c1").status() == 7 << 8);
  const auto said = "\n" + read_file(sandbox / "stdout");
  for (const auto& line : {"A=" + bait, "C=" + bait, "/" + bait}) {
    CHECK_THAT(said, Contains("\n" + line + "\n"));
  }
  CHECK_THAT(read_file(hook_environment), Contains("CONTAINER_EXECUTOR_ID=" + bait + "\n"));
  if (!is_quoted) CHECK_THAT(said, Contains("note " + bait) && Contains("other " + bait));
  CHECK_FALSE(has_bitten(place));
}

TEST_CASE("framework's own program with the name mesos-executor") {
  WorkDirectory place;
  const auto programs = place.scratch() / "libexec";
  place.set("MESOS_LIBEXEC_DIRECTORY", programs);
  script(programs / "mesos-executor", "touch ours; shift 2; exec \"$@\"");
  auto launch = custom_launch(place, "c1", "exit 7");
  const fs::path sandbox(launch.directory());
  const auto named = "/" + (programs / "mesos-executor").string();
  script(sandbox.string() + named, "touch bitten");
  // Both contain the path that the slave looks for.
  make_command_task(launch, GENERATE(as<std::string>(), ".", "sandbox") == "."
                                ? "." + named
                                : sandbox.string() + named);
  launch_directly(place, launch);
  place.termination_of("c1");
  CHECK(fs::exists(sandbox / "ours"));
  CHECK_FALSE(has_bitten(place));
}

TEST_CASE("URI whose output file is outside the sandbox") {
  WorkDirectory place;
  place.set("MESOS_LIBEXEC_DIRECTORY", place.launcher("1.0.4"));
  auto launch = custom_launch(place, "c1", "true");
  const auto source = place.scratch() / "note";
  write_file(source, "a note\n");
  add_uri(launch, source,
          GENERATE(as<std::string>(), "../bitten", "a/../../bitten", "x'$(touch bitten)'"));
  CHECK_THAT(failure_of(place, launch), Contains("output file"));
  CHECK_FALSE(has_bitten(place));
}

namespace {

const std::string secret = "correct-horse-battery";

std::string command_lines() {
  std::string all;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    all += read_file(entry.path() / "cmdline");
  }
  return all;
}

// Only the owner can read those of our files that contain the secret. The operator's commands never
// print it.
void check_kept(const WorkDirectory& place, const std::string& id) {
  for (const auto& entry : fs::recursive_directory_iterator(place.scratch())) {
    if (!entry.is_regular_file() || read_file(entry.path()).find(secret) == std::string::npos) {
      continue;
    }
    INFO(entry.path());
    CHECK(entry.path().string().starts_with(place.state().string()));
    CHECK((fs::status(entry.path()).permissions() & fs::perms(077)) == fs::perms::none);
  }
  for (const auto* json : {"", "--json"}) {
    for (const auto* verb : {"show", "history", "why"}) {
      std::vector<std::string> words{verb, id};
      if (*json != '\0') words.emplace_back(json);
      CHECK_THAT(place.ask(words), !Contains(secret));
    }
  }
}

}  // namespace

TEST_CASE("values of a task's variables are visible to the task alone") {
  WorkDirectory place;
  place.set("CONTAINERIZER_LOG", place.scratch() / "log");
  place.set("CONTAINERIZER_LOG_LEVEL", "debug");
  place.set("CONTAINERIZER_IMAGELESS", "host");
  const auto programs = place.scratch() / "libexec";
  place.set("MESOS_LIBEXEC_DIRECTORY", programs);
  // The command lines that any user can read at that time.
  const auto look =
      "cat /proc/[0-9]*/cmdline >> " + (place.scratch() / "seen").string() + " 2> /dev/null";
  script(programs / "mesos-fetcher", look + "; true");
  script(programs / "mesos-executor", look + "; shift 2; exec \"$@\"");
  const auto hook = script(place.scratch() / "hook", look);
  place.set("CONTAINERIZER_LAUNCH_HOOK", hook);
  place.set("CONTAINERIZER_END_HOOK", hook);
  auto launch =
      custom_launch(place, "c1", std::string("test ${#PASSWORD} = 21 || exit 1; ") + until_go);
  add_variable(launch, "PASSWORD", secret);
  add_uri(launch, "/etc/hostname");
  auto& command = command_of(launch);
  bool runs = true;
  SECTION("container") { add_options(launch, {"-e", "SECOND=" + secret}); }
  SECTION("host task") { command.clear_container(); }
  SECTION("program that is not there") {
    runs = false;
    command.set_shell(false);
    command.set_value("/no/such/program");
  }
  SECTION("no name for a variable") {
    runs = false;
    add_variable(launch, "A=B", secret);
  }
  SECTION("option without a name") {
    runs = false;
    add_options(launch, {"-e", secret});
  }
  SECTION("value that no process can have") {
    runs = false;
    add_variable(launch, "NUL", secret + std::string("\0", 1) + secret);
  }
  make_command_task(launch, "mesos-executor");
  launch_directly(place, launch);
  if (runs) {
    place.await_state("c1", "Running");
    CHECK_THAT(command_lines(), Contains("task-proxy") && !Contains(secret));
    check_kept(place, "c1");
    write_file(launch.directory() + "/go", "");
  }
  const auto termination = end_of(place, "c1");
  INFO(termination.message());
  CHECK_THAT(termination.message(), !Contains(secret));
  CHECK(place.termination_of("c1").at("kind") == (runs ? "exited" : "failed"));
  place.await_state("c1", "Gone");
  check_kept(place, "c1");
  if (runs) CHECK_THAT(read_file(place.scratch() / "seen"), Contains("supervise"));
}

TEST_CASE("container's root replaces the files of its output") {
  const WorkDirectory place;
  const auto precious = place.scratch() / "precious";
  write_file(precious, "untouched");
  fs::permissions(precious, fs::perms(0600));
  const auto plant = GENERATE(as<std::string>(), "ln -s PRECIOUS stdout", "mkfifo stdout",
                              "mknod stdout c 1 3", "mknod stdout b 7 0", "ln -s / stdout");
  auto planted = plant;
  if (const auto at = planted.find("PRECIOUS"); at != std::string::npos) {
    planted.replace(at, 8, precious);
  }
  const auto sandbox =
      start_directly(place, "c1",
                     "cd $MESOS_SANDBOX; until [ -e go ]; do sleep 0.05; done; rm -f stdout; " +
                         planted + " && echo words; exit 7");
  write_file(sandbox / "go", "");
  CHECK(end_of(place, "c1").status() == 7 << 8);
  CHECK(read_file(precious) == "untouched");
  CHECK(fs::is_regular_file(fs::symlink_status(sandbox / "stdout")));
  CHECK(read_file(sandbox / "stdout") == "words\n");
}

TEST_CASE("malicious registry login in a task's sandbox") {
  WorkDirectory place;
  const auto bin = place.scratch() / "bin";
  script(bin / "docker-credential-evil", "touch " + (place.scratch() / "bitten").string());
  place.set("PATH", bin.string() + ":" + std::getenv("PATH"));
  auto launch = custom_launch(place, "c1", "true");
  const auto address = "127.0.0.1:" + std::to_string(free_port());
  command_of(launch).mutable_container()->set_image(address + "/image");
  const auto folder = fs::path(launch.directory()) / ".docker";
  const auto file = folder / "config.json";
  const auto elsewhere = place.scratch() / "elsewhere";
  fs::create_directory(elsewhere);
  write_file(elsewhere / "config.json", secret);
  SECTION("a link to a file") {
    fs::create_directory(folder);
    fs::create_symlink(elsewhere / "config.json", file);
  }
  SECTION("a link to a directory") { fs::create_directory_symlink(elsewhere, folder); }
  SECTION("a pipe without a writer") {
    fs::create_directory(folder);
    REQUIRE(::mkfifo(file.c_str(), 0666) == 0);
  }
  SECTION("a device without an end") {
    fs::create_directory(folder);
    REQUIRE(::mknod(file.c_str(), S_IFCHR | 0666, makedev(1, 5)) == 0);
  }
  SECTION("an enormous file") {
    fs::create_directory(folder);
    write_file(file, secret);
    fs::resize_file(file, 1ULL << 40U);
  }
  SECTION("a helper") {
    fs::create_directory(folder);
    const auto helper = GENERATE_COPY(as<std::string>(), "evil",
                                      "../../.." + (bin / "docker-credential-evil").string());
    write_file(file, "{\"credsStore\": \"" + helper + "\", \"credHelpers\": {\"" + address +
                         "\": \"" + helper + "\"}}");
  }
  const auto words = failure_of(place, launch);
  CHECK_THAT(words, Catch::StartsWith("pull: ") && !Contains(secret));
  CHECK_THAT(read_file(launch.directory() + "/stderr"), !Contains(secret));
  CHECK_FALSE(has_bitten(place));
}

TEST_CASE("task that asks for labels of ours") {
  const WorkDirectory place;
  const std::string label = "docker-containerizer.nonce=x";
  auto launch = custom_launch(place, "c1", "true");
  SECTION("as options") {
    const auto words =
        GENERATE_COPY(values<std::vector<std::string>>({{"--label", label},
                                                        {"--label=" + label},
                                                        {"-l", label},
                                                        {"-l" + label},
                                                        {"-l=" + label},
                                                        {"--label-file", "/x"},
                                                        {"--name", "x"},
                                                        {"-e", "A=b", "--label=" + label}}));
    add_options(launch, words);
  }
  SECTION("as parameters") {
    command_of(launch).clear_container();
    auto& container = *launch.mutable_executor_info()->mutable_container();
    container.set_type(mesos::ContainerInfo::DOCKER);
    container.mutable_docker()->set_image("busybox:test");
    auto& parameter = *container.mutable_docker()->add_parameters();
    parameter.set_key(GENERATE(as<std::string>(), "label", "l", "name", "label-file", "-label"));
    parameter.set_value(label);
  }
  CHECK_THAT(failure_of(place, launch), Catch::StartsWith("plan: "));
}

namespace {

// An image with labels.
class LabelledImage {
 public:
  explicit LabelledImage(const std::map<std::string, std::string>& labels) {
    std::vector<std::string> words{"commit"};
    for (const auto& [name, value] : labels) {
      words.insert(words.end(), {"--change", "LABEL \"" + name + "\"=\"" + value + "\""});
    }
    const auto base = docker({"create", "busybox:test"});
    words.insert(words.end(), {base, name()});
    docker(words);
    docker({"rm", base});
  }
  ~LabelledImage() { docker({"rmi", "-f", name()}); }
  LabelledImage(const LabelledImage&) = delete;
  LabelledImage& operator=(const LabelledImage&) = delete;

  static std::string name() { return "labelled:test"; }
};

}  // namespace

TEST_CASE("image with labels of ours", "[dockerd]") {
  const WorkDirectory place;
  const auto victim = place.scratch() / "victim";
  fs::create_directory(victim);
  const auto sandbox = start_directly(place, "ours", until_go);
  const auto claimed = GENERATE(as<std::string>(), "ours", "of-nobody");
  const std::string label = "docker-containerizer.";
  const LabelledImage image({{label + "instance", place.path()},
                             {label + "container", claimed},
                             {label + "nonce", std::string(32, '0')},
                             {label + "kind", "custom"},
                             {label + "directory", victim}});
  {
    const Foreigner foreign({}, LabelledImage::name());
    CHECK(place.call("recover").status == exit_ok);
    CHECK(place.listed() == std::vector<std::string>{"ours"});
    CHECK(place.call_for("destroy", "of-nobody").status == exit_ok);
    CHECK(foreign.lives());
    CHECK(fs::is_empty(victim));
    CHECK(place.state_of("ours") == "Running");

    // A container of ours from such an image is recognized by its own labels.
    auto launch = custom_launch(place, "other", until_go);
    command_of(launch).mutable_container()->set_image(LabelledImage::name());
    launch_directly(place, launch);
    place.await_state("other", "Running");
    place.lose_record();
    CHECK(place.call("recover").status == exit_ok);
    CHECK(place.listed() == std::vector<std::string>{"other", "ours"});
    CHECK(place.show("other").at("directory").as_string() == launch.directory().c_str());
    CHECK(foreign.lives());
  }
  for (const auto* id : {"ours", "other"}) {
    CHECK(place.call_for("destroy", id).status == exit_ok);
  }
}

namespace {

// Each verb fails with one line, which names the problem and its solution.
// Except `task-proxy`, which goes on.
void check_each_verb_refuses(const WorkDirectory& place, const fs::path& culprit) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> calls{
      {{"launch"}, frame_of(custom_launch(place, "c1", "true"))},
      {{"update"}, frame_of(update_of("c1", 64))},
      {{"usage"}, frame_for("c1")},
      {{"wait"}, frame_for("c1")},
      {{"destroy"}, frame_for("c1")},
      {{"containers"}, ""},
      {{"recover"}, ""},
      {{"supervise", "c1"}, ""},
      {{"ps"}, ""},
      {{"show", "c1"}, ""},
      {{"history"}, ""}};
  for (auto [words, input] : calls) {
    const auto verb = words[0];
    words.insert(words.begin(), program());
    const auto ran = run(words, place.variables(), input);
    INFO(verb << ": " << ran.err);
    // A slave destroys a container that it cannot update.
    CHECK(ran.status == (verb == "update" ? exit_ok : exit_failed));
    CHECK(ran.out.empty());
    CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 1);
    CHECK_THAT(ran.err, Contains(culprit.string() + " ") || Contains(culprit.string() + ","));
    CHECK_THAT(ran.err, Contains("chown") && Contains("chmod"));
  }
  fs::remove_all(place.path());
}

}  // namespace

TEST_CASE("state directory of another user, or writable for others") {
  const WorkDirectory place;
  const auto state = place.state();
  SECTION("made by another user") {
    fs::create_directory(state);
    fs::permissions(state, fs::perms(0700));
    REQUIRE(::chown(state.c_str(), nobody, nobody) == 0);
    check_each_verb_refuses(place, state);
  }
  SECTION("the whole work directory made by another user") {
    REQUIRE(::chown(place.path().c_str(), nobody, nobody) == 0);
    check_each_verb_refuses(place, place.path());
  }
  SECTION("a work directory for all") {
    fs::permissions(place.path(), fs::perms(0777));
    check_each_verb_refuses(place, place.path());
  }
  SECTION("a link to a directory of our own") {
    const auto ours = place.scratch() / "ours";
    fs::create_directory(ours);
    fs::permissions(ours, fs::perms(0700));
    fs::create_directory_symlink(ours, state);
    check_each_verb_refuses(place, state);
    CHECK(fs::is_empty(ours));
  }
  SECTION("opened") {
    REQUIRE(place.call("containers").status == exit_ok);
    const bool is_inner = GENERATE(false, true);
    const auto directory = is_inner ? state / "run" : state;
    fs::permissions(directory, fs::perms(GENERATE(0777, 0770, 0701)));
    check_each_verb_refuses(place, directory);
  }
}

TEST_CASE("database or lock that is a link, or accessible to others") {
  const WorkDirectory place;
  REQUIRE(place.call("containers").status == exit_ok);
  const auto file = place.state() / GENERATE(as<std::string>(), "state.db", "state.db.lock");
  const auto elsewhere = place.scratch() / "elsewhere";
  const bool is_lock = file.extension() == ".lock";
  SECTION("a link") {
    if (is_lock) return;  // open() itself fails, so the message is the kernel's
    fs::rename(file, elsewhere);
    fs::create_symlink(elsewhere, file);
  }
  SECTION("open to others") { fs::permissions(file, fs::perms(0660)); }
  SECTION("another user's") { REQUIRE(::chown(file.c_str(), nobody, nobody) == 0); }
  if (is_lock) {
    // Only these verbs: the others retry until the database works.
    for (const auto* verb : {"containers", "recover"}) {
      const auto ran = place.call(verb);
      CHECK(ran.status == exit_failed);
      CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 1);
      CHECK_THAT(ran.err, Contains(file.string()) && Contains("chmod 600"));
    }
    fs::remove_all(place.path());
  } else {
    check_each_verb_refuses(place, file);
  }
}

TEST_CASE("host task has access to nothing of ours except its sandbox") {
  WorkDirectory place;
  place.set("CONTAINERIZER_IMAGELESS", "host");
  fs::permissions(place.scratch(), fs::perms(0755));
  const auto state = place.state().string();
  auto launch = custom_launch(place, "c1",
                              "grep -E '^(Uid|Gid|Groups|Cap(Eff|Prm|Amb)):' /proc/self/status; "
                              "for fd in /proc/self/fd/*; do [ -e $fd ] && readlink $fd; done; "
                              "echo terminal $(cut -d ' ' -f 7 /proc/$$/stat); "
                              "kill -0 $PPID && echo shim; ls " +
                                  state + " && echo state; touch " + state +
                                  "/host-tasks/x && echo written; cat /proc/$PPID/" +
                                  "environ > /dev/null && echo environment; exit 7");
  command_of(launch).clear_container();
  launch.set_user("nobody");
  const auto& sandbox = launch.directory();
  REQUIRE(::chown(sandbox.c_str(), nobody, nobody) == 0);
  // The slave's own groups, and a descriptor that it forgot to close.
  const auto launched =
      run({"sh", "-c", "exec 7< /etc/shadow; exec setpriv --groups 4,24 \"$0\" launch", program()},
          place.variables(), frame_of(launch));
  INFO(launched.err);
  REQUIRE(launched.status == 0);
  CHECK(end_of(place, "c1").status() == 7 << 8);
  const auto said = read_file(sandbox + "/stdout");
  INFO(said);
  const auto id = std::to_string(nobody);
  for (const auto& line :
       {"Uid:\t" + id + "\t" + id + "\t" + id + "\t" + id, "Gid:\t" + id + "\t" + id,
        "Groups:\t" + id, std::string("CapPrm:\t0000000000000000"),
        std::string("CapEff:\t0000000000000000"), std::string("CapAmb:\t0000000000000000"),
        std::string("terminal 0")}) {
    CHECK_THAT(said, Contains(line));
  }
  for (const auto* trace : {"shadow", "shim", "state", "written", "environment", "4 24"}) {
    CHECK_THAT(said, !Contains(trace));
  }
}

// The operator's rules: what they allow in every spelling, and what they add.
#include "engine/translation/policy.h"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>

#include "engine/config/settings.h"
#include "engine/translation/launch_plan.h"

using namespace containerizer;
namespace json = boost::json;
using Catch::Contains;
using mesos::ContainerInfo;
using mesos::Volume;
using mesos::containerizer::Launch;
using Words = std::vector<std::string>;

namespace {

// Settings without the prefix CONTAINERIZER_.
using Rules = std::vector<std::pair<std::string, std::string>>;

Settings config_of(const Rules& rules) {
  Environment environment;
  for (const auto& [name, value] : rules) environment["CONTAINERIZER_" + name] = value;
  std::vector<std::string> problems;
  auto settings = read_settings(environment, problems);
  CHECK(problems == std::vector<std::string>{});
  return settings;
}

std::string problem_of(const std::string& name, const std::string& value) {
  std::vector<std::string> problems;
  read_settings({{"CONTAINERIZER_" + name, value}}, problems);
  REQUIRE(problems.size() == 1);
  CHECK_THAT(problems[0], Contains("CONTAINERIZER_" + name));
  return problems[0];
}

Launch task(const std::string& image = "busybox:test") {
  Launch launch;
  launch.mutable_container_id()->set_value("c1");
  launch.set_directory("/work/runs/c1");
  auto& container = *launch.mutable_task_info()->mutable_container();
  container.set_type(ContainerInfo::DOCKER);
  container.mutable_docker()->set_image(image);
  launch.mutable_task_info()->mutable_command()->set_value("run it");
  launch.mutable_executor_info()->mutable_command()->set_value("/libexec/mesos-executor");
  return launch;
}

ContainerInfo& container_of(Launch& launch) {
  return *launch.mutable_task_info()->mutable_container();
}

// A launch with options in the dialect of 0.19, where the image is in the same message.
Launch task_with_options(const Words& words) {
  auto launch = task();
  launch.mutable_task_info()->clear_container();
  auto& legacy = *launch.mutable_task_info()->mutable_command()->mutable_container();
  legacy.set_image("busybox:test");
  for (const auto& word : words) legacy.add_options(word);
  return launch;
}

Launch task_with_parameters(const Rules& parameters) {
  auto launch = task();
  for (const auto& [key, value] : parameters) {
    auto& parameter = *container_of(launch).mutable_docker()->add_parameters();
    parameter.set_key(key);
    parameter.set_value(value);
  }
  return launch;
}

Volume& add_volume(Launch& launch, const std::string& source, const std::string& target) {
  Volume& volume = *container_of(launch).add_volumes();
  if (!source.empty()) volume.set_host_path(source);
  volume.set_container_path(target);
  volume.set_mode(Volume::RW);
  return volume;
}

Launch task_with_volume(const std::string& source) {
  auto launch = task();
  add_volume(launch, source, "/inside");
  return launch;
}

void add_option(mesos::Parameters& options, const std::string& key, const std::string& value) {
  auto& option = *options.add_parameter();
  option.set_key(key);
  option.set_value(value);
}

// A Docker volume in the form of Mesos 1.0.
Launch task_with_docker_volume(const std::string& driver, const Rules& options) {
  auto launch = task();
  auto& source = *add_volume(launch, "", "/inside").mutable_source();
  source.set_type(Volume::Source::DOCKER_VOLUME);
  auto& volume = *source.mutable_docker_volume();
  volume.set_name("name");
  if (!driver.empty()) volume.set_driver(driver);
  for (const auto& [key, value] : options) {
    add_option(*volume.mutable_driver_options(), key, value);
  }
  return launch;
}

Result<LaunchPlan> planned(const Launch& launch, const Rules& rules,
                           const Environment& environment = {}) {
  return make_launch_plan(launch, environment, config_of(rules).tasks, "");
}

// "" if the launch is allowed, otherwise the refusal.
std::string refusal(const Launch& launch, const Rules& rules) {
  const auto plan = planned(launch, rules);
  if (plan.ok()) return "";
  CHECK(plan.failure().fault == Fault::refused);
  CHECK(plan.failure().text.find('\n') == std::string::npos);
  return plan.failure().text;
}

LaunchPlan plan_of(const Launch& launch, const Rules& rules, const Environment& environment = {}) {
  const auto plan = planned(launch, rules, environment);
  INFO((plan.ok() ? "" : plan.failure().text));
  REQUIRE(plan.ok());
  return plan.value();
}

json::value host_field(const LaunchPlan& plan, const std::string& name) {
  const auto& host = plan.create.at("HostConfig").as_object();
  return host.contains(name) ? host.at(name) : json::value();
}

std::string variables_of(const LaunchPlan& plan) { return json::serialize(plan.create.at("Env")); }

const Rules volumes{{"ALLOWED_VOLUMES", "/data:/mnt/disks/"}};
const Rules unprivileged{{"PRIVILEGED", "refuse"}};

}  // namespace

TEST_CASE("without a policy there is no rule") {
  CHECK(refusal(task_with_options({"--privileged", "-v", "/:/host", "--volumes-from=other"}), {}) ==
        "");
  CHECK(refusal(task("registry.example.com/app"), {}) == "");
}

// --- Options

TEST_CASE("default options apply to tasks without options") {
  const Rules rules{{"DEFAULT_OPTIONS", "--init -e 'GREETING=hello world'"}};
  CHECK(host_field(plan_of(task(), rules), "Init") == true);
  CHECK_THAT(variables_of(plan_of(task(), rules)), Contains("GREETING=hello world"));
  CHECK(host_field(plan_of(task_with_options({"--read-only"}), rules), "Init").is_null());
  CHECK(host_field(plan_of(task_with_options({"//"}), rules), "Init").is_null());
  CHECK(host_field(plan_of(task_with_parameters({{"cap-drop", "ALL"}}), rules), "Init").is_null());
}

TEST_CASE("appended options follow those of the task") {
  const Rules rules{{"APPEND_OPTIONS", "--memory=1g --label site=north"}};
  for (const auto& launch : {task(), task_with_options({"-m", "2g"}),
                             task_with_parameters({{"memory", "2g"}, {"label", "site=south"}})}) {
    const auto plan = plan_of(launch, rules);
    CHECK(host_field(plan, "Memory") == 1 << 30);
    CHECK(plan.create.at("Labels").at("site") == "north");
  }
}

TEST_CASE("the operator's network overrides the task's") {
  const Rules rules{{"APPEND_OPTIONS", "--network=walled"}};
  auto launch = task_with_parameters({{"network", "open"}, {"network-alias", "me"}});
  const auto plan = plan_of(launch, rules);
  CHECK(host_field(plan, "NetworkMode") == "walled");
  const auto& endpoints = plan.create.at("NetworkingConfig").at("EndpointsConfig").as_object();
  CHECK(endpoints.size() == 1);
  CHECK(endpoints.contains("walled"));
}

TEST_CASE("options of tasks can be ignored") {
  const Rules rules{{"IGNORE", "options"}, {"DEFAULT_OPTIONS", "--init"}};
  for (const auto& launch :
       {task_with_options({"--no-such-flag", "-v", "/:/host", "//", "evil"}),
        task_with_parameters({{"privileged", "true"}, {"volume", "/:/host"}})}) {
    const auto plan = plan_of(launch, rules);
    CHECK(host_field(plan, "Init") == true);
    CHECK(host_field(plan, "Binds").is_null());
    CHECK(host_field(plan, "Privileged").is_null());
    CHECK_THAT(json::serialize(plan.create.at("Cmd")), Contains("run it"));
  }
}

TEST_CASE("images of tasks can be ignored") {
  const Rules rules{{"IGNORE", "image, options"}, {"DEFAULT_IMAGE", "ours:1"}};
  CHECK(plan_of(task("theirs:1"), rules).image == "ours:1");
  CHECK(plan_of(task("No Image!"), rules).image == "ours:1");
  CHECK(plan_of(task("theirs:1"), rules, {{"MESOS_DEFAULT_CONTAINER_IMAGE", "slaves:1"}}).image ==
        "slaves:1");
  // It does not become a host task, because it asked for an image.
  for (const auto& imageless : {"default", "host", "refuse"}) {
    CHECK_THAT(refusal(task("theirs:1"), {{"IGNORE", "image"}, {"IMAGELESS", imageless}}),
               Contains("CONTAINERIZER_IGNORE") && Contains("CONTAINERIZER_DEFAULT_IMAGE"));
  }
}

TEST_CASE("invalid options of the operator are refused when settings are read") {
  const auto setting = GENERATE(as<std::string>(), "DEFAULT_OPTIONS", "APPEND_OPTIONS");
  CHECK_THAT(problem_of(setting, "--frobnicate"), Contains("--frobnicate"));
  CHECK_THAT(problem_of(setting, "--gpus=all"), Contains("--gpus"));
  CHECK_THAT(problem_of(setting, "--memory=much"), Contains("--memory"));
  CHECK_THAT(problem_of(setting, "-v"), Contains("value is missing"));
  CHECK_THAT(problem_of(setting, "--init // true"), Contains("command"));
  CHECK_THAT(problem_of(setting, "--network=a --network=b"), Contains("--network"));
  CHECK_THAT(problem_of(setting, "--label docker-containerizer.id=x"), Contains("label"));
  CHECK_THAT(problem_of(setting, "-e SECRET=hunter2 -e 'PASS=hunter2"),
             !Contains("hunter2") && Contains("not closed"));
  CHECK_THAT(problem_of(setting, "-e SECRET=hunter2 --gpus=all"), !Contains("hunter2"));
}

// --- Flags

TEST_CASE("forbidden flags are forbidden however they are spelled") {
  const auto setting = GENERATE(as<std::string>(), "volume, --net,privileged", "-v,-privileged,net",
                                "v,--privileged,network");
  const Rules rules{{"FORBIDDEN_FLAGS", setting}};
  auto privileged = task();
  container_of(privileged).mutable_docker()->set_privileged(true);
  struct Case {
    Launch launch;
    std::string flag;
  };
  const std::vector<Case> cases{
      {task_with_options({"-v", "/a:/b"}), "--volume"},
      {task_with_options({"-v/a:/b"}), "--volume"},
      {task_with_options({"-Pv/a:/b"}), "--volume"},
      {task_with_options({"--init -v /a:/b"}), "--volume"},
      {task_with_options({"--volume=/a:/b"}), "--volume"},
      {task_with_parameters({{"volume", "/a:/b"}}), "--volume"},
      {task_with_options({"--net", "x"}), "--network"},
      {task_with_parameters({{"network", "x"}}), "--network"},
      {task_with_options({"--privileged"}), "--privileged"},
      {privileged, "--privileged"},
  };
  for (const auto& example : cases) {
    CHECK_THAT(refusal(example.launch, rules), Contains("docker run " + example.flag + ": ") &&
                                                   Contains("CONTAINERIZER_FORBIDDEN_FLAGS") &&
                                                   Contains("ask the operator"));
  }
  CHECK(refusal(task_with_options({"-e", "X=--privileged", "--label=-v"}), rules) == "");
}

TEST_CASE("flags that are not allowed are refused") {
  const Rules rules{{"ALLOWED_FLAGS", "env,-l"}};
  CHECK(refusal(task_with_options({"-e", "X=Y", "--label=a=b"}), rules) == "");
  CHECK_THAT(
      refusal(task_with_options({"-e", "X=Y", "--init"}), rules),
      Contains("docker run --init: not allowed by CONTAINERIZER_ALLOWED_FLAGS (env, label)"));
  CHECK(refusal(task(), {{"ALLOWED_FLAGS", "none"}}) == "");
  CHECK_THAT(refusal(task_with_options({"-e", "X=Y"}), {{"ALLOWED_FLAGS", "none"}}),
             Contains("(none)"));
  CHECK_THAT(refusal(task_with_options({"--init"}),
                     {{"ALLOWED_FLAGS", "init,env"}, {"FORBIDDEN_FLAGS", "init"}}),
             Contains("CONTAINERIZER_FORBIDDEN_FLAGS"));
}

TEST_CASE("rules apply to tasks, not to the operator's own options") {
  const auto plan = plan_of(task(), {{"ALLOWED_FLAGS", "none"},
                                     {"ALLOWED_VOLUMES", "none"},
                                     {"PRIVILEGED", "refuse"},
                                     {"DEFAULT_OPTIONS", "--cap-add=SYS_ADMIN"},
                                     {"APPEND_OPTIONS", "-v /etc/pki:/etc/pki:ro"}});
  CHECK(host_field(plan, "Binds") == json::array{"/etc/pki:/etc/pki:ro"});
  CHECK(host_field(plan, "CapAdd") == json::array{"CAP_SYS_ADMIN"});
}

TEST_CASE("names in a list of flags must be flags") {
  const auto setting = GENERATE(as<std::string>(), "ALLOWED_FLAGS", "FORBIDDEN_FLAGS");
  const auto value =
      GENERATE(as<std::string>(), "privilege", "env,,label", "-Z", "--", "env label");
  CHECK_THAT(problem_of(setting, value), Contains("`docker run` flag"));
}

// --- Volumes

TEST_CASE("volumes within the allowed directories") {
  for (const auto* path :
       {"/data", "/data/", "/data/x", "//data//x/", "/data/./x", "/mnt/disks", "/mnt/disks/1"}) {
    CAPTURE(path);
    const std::string source(path);
    CHECK(refusal(task_with_volume(source), volumes) == "");
    CHECK(refusal(task_with_options({"-v", source + ":/inside:ro"}), volumes) == "");
    CHECK(refusal(task_with_options({"--mount=type=bind,src=" + source + ",dst=/inside"}),
                  volumes) == "");
  }
}

TEST_CASE("volumes outside the allowed directories, however they are spelled") {
  const auto source =
      GENERATE(as<std::string>(), "/", "/etc", "/database", "/data.old", "/dat", "/mnt",
               "/mnt/disk", "/data/..", "/data/../etc", "/data/x/../../etc", "//etc", "/./etc",
               "/data/../data/../etc", "/data/../data/x", "/data/x/..");
  CAPTURE(source);
  const std::string mount = "type=bind,source=" + source + ",target=/inside";
  const std::string driver =
      "type=volume,source=n,target=/i,volume-opt=device=" + source + ",volume-opt=";
  const std::vector<Launch> launches{
      task_with_volume(source),
      task_with_volume(source + "/a:b"),
      task_with_options({"-v", source + ":/inside"}),
      task_with_options({"-v" + source + ":/inside:ro"}),
      task_with_options({"--init -v " + source + ":/inside"}),
      task_with_options({"--volume=/data:/a", "--volume=" + source + ":/inside"}),
      task_with_options({"--mount", mount}),
      task_with_options({"--mount=SRC=" + source + ",type=volume,Type=BIND,dst=/inside"}),
      task_with_options({"--mount", driver + "type=none,volume-opt=o=bind"}),
      task_with_options({"--mount", driver + "o=ro"}),
      task_with_options({"--mount", driver + "type=tmpfs,\"volume-opt=o=ro,rbind\""}),
      task_with_options({"--mount", driver + "type=ext4,volume-driver=local"}),
      task_with_parameters({{"volume", source + ":/inside"}}),
      task_with_parameters({{"mount", mount}}),
      task_with_docker_volume("local", {{"type", "none"}, {"o", "bind"}, {"device", source}}),
      task_with_docker_volume("", {{"type", "tmpfs"}, {"o", "ro,rbind"}, {"device", source}}),
      task_with_docker_volume("", {{"o", "unbindable"}, {"device", source}}),
      task_with_docker_volume(
          "", {{"type", "overlay"}, {"device", "/data"}, {"o", "unbindable,lowerdir=" + source}}),
  };
  for (std::size_t i = 0; i < launches.size(); ++i) {
    CAPTURE(i);
    CHECK_THAT(refusal(launches[i], volumes),
               Contains("not allowed by CONTAINERIZER_ALLOWED_VOLUMES (/data, /mnt/disks)"));
  }
}

TEST_CASE("a refusal of a volume names it") {
  CHECK(
      refusal(task_with_volume("/etc"), volumes) ==
      "volume \"/etc\": not allowed by CONTAINERIZER_ALLOWED_VOLUMES (/data, /mnt/disks); ask the "
      "operator");
  CHECK_THAT(refusal(task_with_volume("/etc\n/data"), volumes), Contains("/etc\\n/data"));
}

TEST_CASE("volumes whose content is unknown are refused") {
  auto driven = task_with_volume("share");
  container_of(driven).mutable_docker()->set_volume_driver("nfs");
  const std::vector<Launch> launches{
      task_with_options({"--volumes-from", "other"}),
      task_with_options({"--volumes-from=other:ro"}),
      task_with_parameters({{"volumes-from", "other"}}),
      task_with_options({"--volume-driver=convoy", "-v", "name:/inside"}),
      task_with_options({"--mount", "type=volume,src=n,dst=/i,volume-driver=convoy"}),
      task_with_options({"--mount", "type=npipe,src=n,dst=/i"}),
      task_with_options({"--mount", "type=,src=/etc,dst=/i"}),
      task_with_docker_volume("rexray", {}),
      task_with_docker_volume("", {{"type", "nfs"}, {"o", "addr=a"}, {"device", ":/share"}}),
      task_with_docker_volume("", {{"type", "overlay"}, {"o", "lowerdir=/etc"}, {"device", "o"}}),
      task_with_docker_volume("", {{"type", "proc"}, {"device", "proc"}}),
      driven,
  };
  for (std::size_t i = 0; i < launches.size(); ++i) {
    CAPTURE(i);
    CHECK_THAT(refusal(launches[i], volumes), Contains("CONTAINERIZER_ALLOWED_VOLUMES"));
  }
}

TEST_CASE("volumes without content of the host are always allowed") {
  auto in_sandbox = task_with_volume("results/today/");
  const std::vector<Launch> launches{
      task(),
      in_sandbox,
      task_with_volume(""),
      task_with_options({"-v", "/inside", "-v", "name:/named", "--tmpfs=/run"}),
      task_with_options({"--mount", "type=tmpfs,dst=/scratch"}),
      task_with_options({"--mount", "src=name,dst=/inside"}),
      task_with_docker_volume("", {}),
      task_with_docker_volume("local", {{"size", "10m"}}),
      task_with_docker_volume("", {{"type", "tmpfs"}, {"o", "size=1m"}, {"device", "tmpfs"}}),
  };
  for (const auto& rules : {volumes, Rules{{"ALLOWED_VOLUMES", "none"}}}) {
    for (std::size_t i = 0; i < launches.size(); ++i) {
      CAPTURE(i);
      CHECK(refusal(launches[i], rules) == "");
    }
  }
  CHECK_THAT(refusal(task_with_volume("/data"), {{"ALLOWED_VOLUMES", "none"}}), Contains("(none)"));
  CHECK(refusal(task_with_volume("/etc"), {{"ALLOWED_VOLUMES", "/"}}) == "");
}

TEST_CASE("allowed volumes must be absolute paths") {
  const auto value =
      GENERATE(as<std::string>(), "data", "/data:", ":/data", "/data:etc", "none:/x");
  CHECK_THAT(problem_of("ALLOWED_VOLUMES", value), Contains("absolute paths"));
}

// --- Registries

TEST_CASE("images of registries that are not allowed") {
  const Rules rules{{"ALLOWED_REGISTRIES", "registry.example.com, inner:5000"}};
  for (const auto* image : {"registry.example.com/app", "docker://inner:5000/team/app:1",
                            "docker:///registry.example.com/app"}) {
    CHECK(refusal(task(image), rules) == "");
  }
  struct Case {
    std::string image, registry;
  };
  const auto example = GENERATE(values<Case>({
      {"busybox", "docker.io"},
      {"docker:///ubuntu:13.04", "docker.io"},
      {"team/app", "docker.io"},
      {"index.docker.io/team/app", "docker.io"},
      {"registry.example.com:5000/app", "registry.example.com:5000"},
      {"registry.example.com.evil.org/app", "registry.example.com.evil.org"},
      {"inner/app", "docker.io"},
      {"localhost/app", "localhost"},
      {"EVIL/app", "EVIL"},
  }));
  const auto text = refusal(task(example.image), rules);
  CHECK_THAT(text,
             Contains("registry " + example.registry + ": not allowed by ") &&
                 Contains("CONTAINERIZER_ALLOWED_REGISTRIES (registry.example.com, inner:5000"));
  auto legacy = task_with_options({});
  legacy.mutable_task_info()->mutable_command()->mutable_container()->set_image(example.image);
  CHECK(refusal(legacy, rules) == text);
}

TEST_CASE("the ID of an image belongs to no registry") {
  const auto id = "sha256:" + std::string(64, 'a');
  CHECK_THAT(refusal(task(id), {{"ALLOWED_REGISTRIES", "docker.io"}}),
             Contains("CONTAINERIZER_ALLOWED_REGISTRIES"));
}

TEST_CASE("the operator's own images may come from any registry") {
  const Rules rules{{"ALLOWED_REGISTRIES", "registry.example.com"}, {"DEFAULT_IMAGE", "busybox"}};
  auto launch = task();
  launch.mutable_task_info()->clear_container();
  CHECK(plan_of(launch, rules).image == "busybox:latest");
  CHECK(plan_of(launch, rules, {{"MESOS_DEFAULT_CONTAINER_IMAGE", "x/y"}}).image == "x/y:latest");
}

TEST_CASE("allowed registries must be registries") {
  CHECK(config_of({{"ALLOWED_REGISTRIES", "index.docker.io"}}).tasks.policy.allowed_registries ==
        Words{"docker.io"});
  const auto value = GENERATE(as<std::string>(), "team", "https://registry.example.com", "a.b/c",
                              "a.b,", "*.example.com", "a b.com", "a.b:port");
  CHECK_THAT(problem_of("ALLOWED_REGISTRIES", value), Contains("HOST:PORT"));
}

// --- Privileges

TEST_CASE("privileged containers and equivalent requests") {
  auto asked = task();
  container_of(asked).mutable_docker()->set_privileged(true);
  const std::vector<Launch> launches{
      asked,
      task_with_options({"--privileged"}),
      task_with_options({"--privileged=1"}),
      task_with_options({"--privileged=false", "--privileged"}),
      task_with_parameters({{"privileged", "true"}}),
      task_with_options({"--cap-add=ALL"}),
      task_with_options({"--cap-add", "all"}),
      task_with_options({"--cap-add=sys_admin"}),
      task_with_options({"--cap-add=CHOWN", "--cap-add=CAP_SYS_MODULE"}),
      task_with_parameters({{"cap-add", "Dac_Read_Search"}}),
      task_with_options({"--device=/dev/sda"}),
      task_with_options({"--device", "/dev/null:/dev/x:r"}),
      task_with_options({"--device-cgroup-rule", "b 8:0 rwm"}),
      task_with_options({"--pid=host"}),
      task_with_options({"--pid=container:other"}),
      task_with_options({"--userns=host"}),
      task_with_options({"--security-opt", "seccomp=unconfined"}),
      task_with_options({"--security-opt=seccomp:unconfined"}),
      task_with_options({"--security-opt=apparmor=unconfined"}),
      task_with_options({"--security-opt=label=disable"}),
      task_with_options({"--security-opt=label:type:spc_t"}),
      task_with_options({"--security-opt=systempaths=unconfined"}),
      task_with_options({"--security-opt=seccomp=builtin"}),
      task_with_options({"--security-opt=no-new-privileges=false"}),
      task_with_options({"--ipc=host"}),
      task_with_options({"--ipc=container:other"}),
      task_with_options({"--network=container:other"}),
      task_with_options({"--runtime=other"}),
  };
  for (std::size_t i = 0; i < launches.size(); ++i) {
    CAPTURE(i);
    CHECK_THAT(refusal(launches[i], unprivileged),
               Contains(": forbidden by CONTAINERIZER_PRIVILEGED=refuse; ask the operator"));
    CHECK(refusal(launches[i], {{"PRIVILEGED", "allow"}}) == "");
  }
}

TEST_CASE("a health check by a command, which mesos-executor runs on the host, is a privilege") {
  auto asked = task();
  asked.mutable_task_info()->mutable_health_check();
  CHECK(refusal(asked, unprivileged) == "");
  asked.mutable_task_info()->mutable_health_check()->mutable_command()->set_value("id");
  CHECK_THAT(refusal(asked, unprivileged), Contains(": forbidden by CONTAINERIZER_PRIVILEGED"));
  CHECK(refusal(asked, {}) == "");
}

TEST_CASE("requests without privileges are allowed") {
  CHECK(refusal(task_with_options({"--privileged=false", "--cap-add=chown", "--cap-drop=ALL",
                                   "--security-opt=no-new-privileges",
                                   "--pid=", "--userns=", "--security-opt=no-new-privileges=true",
                                   "--ipc=private", "--network=other", "--init"}),
                unprivileged) == "");
  auto taken_back = task_with_parameters({{"privileged", "false"}});
  container_of(taken_back).mutable_docker()->set_privileged(true);
  CHECK(refusal(taken_back, unprivileged) == "");
}

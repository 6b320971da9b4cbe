#include "engine/config/settings.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "temporary_directory.h"

using namespace containerizer;
using namespace std::chrono_literals;

namespace {

// Reads settings that must have no problem.
Settings read(const Environment& environment) {
  std::vector<std::string> problems;
  auto settings = read_settings(environment, problems);
  CHECK(problems == std::vector<std::string>{});
  return settings;
}

Settings config_with(const std::string& name, const std::string& value) {
  INFO(name << "=" << value);
  return read({{"CONTAINERIZER_" + name, value}});
}

// Reads settings that must have exactly one problem.
std::string problem_of(const Environment& environment) {
  std::vector<std::string> problems;
  read_settings(environment, problems);
  REQUIRE(problems.size() == 1);
  CHECK(problems[0].find('\n') == std::string::npos);
  return problems[0];
}

std::string refusal_of(const std::string& name, const std::string& value) {
  INFO(name << "=" << value);
  return problem_of({{"CONTAINERIZER_" + name, value}});
}

}  // namespace

TEST_CASE("without any setting there are defaults") {
  const auto settings = read({});
  CHECK(settings.work_directory.substr(0, 4) == "/tmp");
  CHECK(settings.endpoint.text() == "unix:///var/run/docker.sock");
  CHECK(settings.wait == WaitMode::automatic);
  CHECK(settings.late_waits == Settings().late_waits);
  CHECK(settings.stop_timeout == 2s);
  CHECK(settings.remove_delay == 0s);
  CHECK(settings.daemon_timeout == 30s);
  CHECK(settings.daemon_retry == 45s);
  CHECK(settings.tasks.default_image.empty());
  CHECK(settings.tasks.sandbox == "/mnt/mesos/sandbox");
  CHECK_FALSE(settings.tasks.cpu_quota);
  CHECK(settings.tasks.swap == SwapPolicy::docker);
  CHECK(settings.pull == PullPolicy::missing);
  CHECK(settings.tasks.imageless == Imageless::with_default);
  CHECK(settings.history == 720h);
  CHECK(settings.log.empty());
  CHECK(settings.log_level == log::Level::info);
}

TEST_CASE("each setting is read") {
  CHECK(config_with("DOCKER_ARGS", "-H tcp://127.0.0.1:1234").endpoint.text() ==
        "tcp://127.0.0.1:1234");
  CHECK(config_with("WAIT", "auto").wait == WaitMode::automatic);
  CHECK(config_with("WAIT", "early").wait == WaitMode::early);
  CHECK(config_with("WAIT", "late").wait == WaitMode::late);
  CHECK(config_with("LATE_WAITS", "0").late_waits == 0);
  CHECK(config_with("LATE_WAITS", "1024").late_waits == 1024);
  CHECK(config_with("STOP_TIMEOUT", "5secs").stop_timeout == 5s);
  CHECK(config_with("REMOVE_DELAY", "1mins").remove_delay == 1min);
  CHECK(config_with("DAEMON_TIMEOUT", "10secs").daemon_timeout == 10s);
  CHECK(config_with("DAEMON_RETRY", "2hrs").daemon_retry == 2h);
  CHECK(config_with("DEFAULT_IMAGE", "debian:12").tasks.default_image == "debian:12");
  CHECK(config_with("SANDBOX", "/sandbox").tasks.sandbox == "/sandbox");
  CHECK(config_with("WORKDIR", "auto").tasks.working_directory == WorkingDirectory::by_dialect);
  CHECK(config_with("WORKDIR", "sandbox").tasks.working_directory == WorkingDirectory::sandbox);
  CHECK(config_with("WORKDIR", "image").tasks.working_directory == WorkingDirectory::image);
  CHECK(config_with("NETWORK", "bridge").tasks.network == "bridge");
  CHECK(config_with("CPU_QUOTA", "on").tasks.cpu_quota);
  CHECK_FALSE(config_with("CPU_QUOTA", "off").tasks.cpu_quota);
  CHECK(config_with("SWAP", "docker").tasks.swap == SwapPolicy::docker);
  CHECK(config_with("SWAP", "unlimited").tasks.swap == SwapPolicy::unlimited);
  CHECK(config_with("SWAP", "none").tasks.swap == SwapPolicy::none);
  CHECK(config_with("PULL", "missing").pull == PullPolicy::missing);
  CHECK(config_with("PULL", "always").pull == PullPolicy::always);
  CHECK(config_with("PULL", "never").pull == PullPolicy::never);
  CHECK(config_with("IMAGELESS", "default").tasks.imageless == Imageless::with_default);
  CHECK(config_with("IMAGELESS", "host").tasks.imageless == Imageless::on_host);
  CHECK(config_with("IMAGELESS", "refuse").tasks.imageless == Imageless::refused);
  CHECK(config_with("HISTORY", "2days").history == 48h);
  CHECK(config_with("LAUNCH_HOOK", "/opt/hook 'a b' \"$C\"").hooks.launch ==
        std::vector<std::string>{"/opt/hook", "a b", "$C"});
  CHECK(config_with("END_HOOK", "/opt/hook").hooks.end == std::vector<std::string>{"/opt/hook"});
  CHECK(config_with("HOOK_TIMEOUT", "1mins").hooks.timeout == 1min);
  CHECK(config_with("HOOK_FAILURE", "fail").hooks.fails_task);
  CHECK_FALSE(config_with("HOOK_FAILURE", "ignore").hooks.fails_task);
  CHECK(config_with("LOG", "syslog").log == "syslog");
  CHECK(config_with("LOG", "journald").log == "journald");
  CHECK(config_with("LOG", "/var/log/x").log == "/var/log/x");
  CHECK(config_with("LOG_LEVEL", "debug").log_level == log::Level::debug);
  CHECK(config_with("LOG_LEVEL", "info").log_level == log::Level::info);
  CHECK(config_with("LOG_LEVEL", "warn").log_level == log::Level::warn);
  CHECK(config_with("LOG_LEVEL", "error").log_level == log::Level::error);
}

TEST_CASE("a setting keeps its older name, which the newer one overrides") {
  CHECK(config_with("ENGINE_TIMEOUT", "10secs").daemon_timeout == 10s);
  CHECK(config_with("ENGINE_PATIENCE", "2hrs").daemon_retry == 2h);
  CHECK(
      read({{"CONTAINERIZER_ENGINE_TIMEOUT", "10secs"}, {"CONTAINERIZER_DAEMON_TIMEOUT", "3secs"}})
          .daemon_timeout == 3s);
  CHECK(read({{"CONTAINERIZER_ENGINE_TIMEOUT", "10secs"}, {"CONTAINERIZER_DAEMON_TIMEOUT", ""}})
            .daemon_timeout == 10s);
  CHECK_THAT(refusal_of("ENGINE_TIMEOUT", "soon"),
             Catch::Contains("CONTAINERIZER_ENGINE_TIMEOUT is \"soon\""));
}

TEST_CASE("an empty setting is the default") {
  for (const char* name :
       {"DOCKER_ARGS", "WAIT", "LATE_WAITS", "STOP_TIMEOUT", "REMOVE_DELAY", "DAEMON_TIMEOUT",
        "DAEMON_RETRY", "DEFAULT_IMAGE", "SANDBOX", "HISTORY", "LOG", "LOG_LEVEL"}) {
    const auto settings = config_with(name, "");
    CHECK(settings.tasks.sandbox == "/mnt/mesos/sandbox");
    CHECK(settings.stop_timeout == 2s);
  }
}

TEST_CASE("a malformed setting is refused with its name, its value and the accepted form") {
  struct Case {
    std::string name;
    std::string value;
    std::string takes;
  };
  const auto example = GENERATE(values<Case>({
      {"WAIT", "sometimes", "auto, early, late"},
      {"WAIT", "Late", "auto, early, late"},
      {"CPU_QUOTA", "1", "on, off"},
      {"SWAP", "off", "docker, unlimited, none"},
      {"PULL", "Always", "missing, always, never"},
      {"IMAGELESS", "fail", "default, host, refuse"},
      {"LATE_WAITS", "-1", "0 to 1024"},
      {"LATE_WAITS", "1025", "0 to 1024"},
      {"LATE_WAITS", "4.5", "0 to 1024"},
      {"LATE_WAITS", "four", "0 to 1024"},
      {"LATE_WAITS", " 4", "0 to 1024"},
      {"LATE_WAITS", "99999999999999999999", "0 to 1024"},
      {"STOP_TIMEOUT", "5", "a number with a unit"},
      {"REMOVE_DELAY", "secs", "a number with a unit"},
      {"DAEMON_TIMEOUT", "-5secs", "a number with a unit"},
      {"DAEMON_RETRY", "5 secs", "a number with a unit"},
      {"HISTORY", "2weekss", "a number with a unit"},
      {"SANDBOX", "relative", "an absolute path"},
      {"SANDBOX", "/", "an absolute path"},
      {"HOOK_TIMEOUT", "10", "a number with a unit"},
      {"HOOK_FAILURE", "maybe", "ignore, fail"},
      {"IGNORE", "images", "options, image"},
      {"PRIVILEGED", "no", "allow, refuse"},
      {"DEFAULT_IMAGE", "Foo", "DEFAULT_IMAGE is \"Foo\": the repository must"},
      {"DEFAULT_IMAGE", "docker:///", "DEFAULT_IMAGE is \"docker:///\": it names no image"},
      {"LOG", "stderr", "the absolute path of a file"},
      {"LOG_LEVEL", "trace", "debug, info, warn, error"},
  }));
  const auto text = refusal_of(example.name, example.value);
  CHECK(text.find("CONTAINERIZER_" + example.name) != std::string::npos);
  CHECK(text.find('"' + example.value + '"') != std::string::npos);
  CHECK(text.find(example.takes) != std::string::npos);
}

TEST_CASE("a malformed hook is refused without quoting it, because it can contain a secret") {
  const auto setting = GENERATE(as<std::string>(), "LAUNCH_HOOK", "END_HOOK");
  const auto value =
      GENERATE(as<std::string>(), "hook hunter2", "./hook hunter2", "/hook 'hunter2", "''", " ");
  const auto text = refusal_of(setting, value);
  CHECK_THAT(text, Catch::Contains("CONTAINERIZER_" + setting) && !Catch::Contains("hunter2"));
}

TEST_CASE("an unknown setting is refused with the one that is meant, or with a list of all") {
  CHECK_THAT(refusal_of("STOP_TIMEOUTS", "5secs"),
             Catch::Contains("CONTAINERIZER_STOP_TIMEOUTS is not a setting; did you mean "
                             "CONTAINERIZER_STOP_TIMEOUT?"));
  CHECK_THAT(refusal_of("WAITS", "5secs"), Catch::Contains("did you mean CONTAINERIZER_WAIT?"));
  CHECK_THAT(refusal_of("SOMETHING_ELSE", "5secs"),
             Catch::Contains("CONTAINERIZER_SOMETHING_ELSE is not a setting") &&
                 Catch::Contains("CONTAINERIZER_STOP_TIMEOUT") &&
                 Catch::Contains("CONTAINERIZER_DOCKER_ARGS"));
}

TEST_CASE("variables of other programs are ignored") {
  read({{"CONTAINERIZERS", "x"}, {"XCONTAINERIZER_WAIT", "x"}, {"WAIT", "x"}});
}

TEST_CASE("Docker is found by its own variables") {
  CHECK(read({{"DOCKER_HOST", "unix:///run/d.sock"}}).endpoint.text() == "unix:///run/d.sock");
  CHECK_THAT(problem_of({{"DOCKER_HOST", "ssh://somewhere"}}), Catch::Contains("ssh"));
  CHECK(refusal_of("DOCKER_ARGS", "--no-such-option").find("--no-such-option") !=
        std::string::npos);
}

TEST_CASE("the work directory has one name in every spelling", "[scenario-41]") {
  const TemporaryDirectory there;
  std::filesystem::create_directory(there / "work");
  std::filesystem::create_directory_symlink(there / "work", there / "link");
  const auto real = std::filesystem::canonical(there / "work").string();
  for (const auto& spelling : {there / "work", there / "work/", there / "link", there / "./link",
                               there / "work/../link"}) {
    const auto settings = read({{"MESOS_WORK_DIRECTORY", spelling}});
    CHECK(settings.work_directory == real);
    CHECK(settings.state_directory() == real + "/docker-containerizer");
  }
  CHECK_THAT(problem_of({{"MESOS_WORK_DIRECTORY", "work"}}), Catch::Contains("absolute"));
}

TEST_CASE("invalid settings do not affect the others") {
  std::vector<std::string> problems;
  const auto settings = read_settings({{"CONTAINERIZER_WIAT", "late"},
                                       {"CONTAINERIZER_STOP_TIMEOUT", "soon"},
                                       {"CONTAINERIZER_DOCKER_ARGS", "--H tcp://127.0.0.1:1"},
                                       {"CONTAINERIZER_REMOVE_DELAY", "7secs"}},
                                      problems);
  CHECK(problems.size() == 3);
  CHECK(settings.remove_delay == 7s);
  CHECK(settings.stop_timeout == Settings().stop_timeout);
  CHECK(settings.endpoint.text() == Endpoint::nowhere().text());
}

TEST_CASE("durations are read as Mesos writes them") {
  struct Case {
    std::string text;
    Duration duration;
  };
  const auto example = GENERATE(values<Case>({
      {"0secs", 0ms},
      {"1ns", 0ms},
      {"1000000ns", 1ms},
      {"2500us", 2ms},
      {"15ms", 15ms},
      {"1.5secs", 1500ms},
      {"2mins", 2min},
      {"0.5hrs", 30min},
      {"3days", 72h},
      {"1weeks", 168h},
  }));
  const auto parsed = parse_duration(example.text);
  INFO(example.text);
  REQUIRE(parsed.ok());
  CHECK(parsed.value() == example.duration);
}

TEST_CASE("text that is not a duration is refused") {
  const auto text = GENERATE(as<std::string>(), "", "5", "secs", "5sec", "5s", "5 secs", " 5secs",
                             "5secs ", "-1secs", "nansecs", "infsecs", "+5secs", "0x5secs",
                             "1e999secs", "5SECS", "1secs2mins", "5days\n");
  INFO('"' << text << '"');
  CHECK(parse_duration(text).failed_with(Fault::refused));
}

TEST_CASE("every duration that is accepted can be waited for") {
  const auto text = GENERATE(as<std::string>(), "1000000000weeks", "1000000000days",
                             "1000000000hrs", "999999999secs");
  INFO(text);
  const auto parsed = parse_duration(text);
  if (parsed.ok()) CHECK(deadline_in(parsed.value()) > std::chrono::steady_clock::now());
}

TEST_CASE("the whole environment of the process is read") {
  ::setenv("UNIT_TEST_VARIABLE", "a=b", 1);
  const auto all = own_environment();
  CHECK(all.at("UNIT_TEST_VARIABLE") == "a=b");
  ::unsetenv("UNIT_TEST_VARIABLE");
}

TEST_CASE("sizes are numbers with a unit") {
  CHECK(parse_bytes("10MB").value() == 10'485'760);
  CHECK(parse_bytes("1B").value() == 1);
  CHECK(parse_bytes("3GB").value() == 3'221'225'472);
  const auto wrong = GENERATE(as<std::string>(), "", "10", "MB", "1.5MB", "-1MB", "0MB", "10mb");
  CHECK(parse_bytes(wrong).failed_with(Fault::refused));
}

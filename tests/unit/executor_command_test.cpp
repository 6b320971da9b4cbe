#include "engine/translation/executor_command.h"

#include <catch2/catch.hpp>

#include "recorded.h"

using namespace containerizer;
using Words = std::vector<std::string>;

TEST_CASE("mesos-executor runs the task proxy in the form of its release") {
  struct Case {
    std::string fixture;
    Words argv;
  };
  const auto example = GENERATE(values<Case>({
      {"mesos-0.19.1/launch-1",
       {"/usr/libexec/mesos/mesos-executor", "--override", "--", "/opt/our program", "task-proxy",
        "ID"}},
      {"mesos-1.0.4/launch-2",
       {"/usr/libexec/mesos/mesos-executor", "--launcher_dir=/usr/libexec/mesos",
        R"(--task_command={"shell":false,"value":"/opt/our program",)"
        R"("arguments":["/opt/our program","task-proxy","ID"]})"}},
  }));
  const auto [launch, environment] = recorded(example.fixture);
  const auto argv = executor_argv(launch, environment, "/opt/our program", "ID");
  REQUIRE(argv.ok());
  CHECK(argv.value() == example.argv);
}

TEST_CASE("mesos-executor is found in the slave's directory, and nowhere else") {
  auto [launch, environment] = recorded("mesos-0.19.1/launch-1");
  launch.mutable_executor_info()->mutable_command()->set_value("echo 'not found'; exit 1");

  const auto found = executor_argv(launch, environment, "/p", "ID");
  REQUIRE(found.ok());
  CHECK(found.value().front() == "/usr/libexec/mesos/mesos-executor");

  environment.erase("MESOS_LIBEXEC_DIRECTORY");
  const auto missing = executor_argv(launch, environment, "/p", "ID");
  REQUIRE(missing.failed_with(Fault::refused));
  CHECK_THAT(missing.failure().text, Catch::Contains("--launcher_dir"));
}

TEST_CASE("the executor's variables come from the message, not from the slave's settings") {
  auto [launch, environment] = recorded("mesos-1.0.4/launch-1");
  set(environment, "MESOS_CHECKPOINT", "true");
  set(environment, "MESOS_SLAVE_ID", "shadow");
  set(environment, "MESOS_DIRECTORY", "/shadow");
  launch.set_checkpoint(true);

  const Environment variables = executor_variables(launch, environment, "/sandbox");
  CHECK(variables == Environment{
                         {"MESOS_AGENT_ENDPOINT", "127.0.0.1:5061"},
                         {"MESOS_CHECKPOINT", "1"},
                         {"MESOS_DIRECTORY", "/sandbox"},
                         {"MESOS_EXECUTOR_ID", "t1"},
                         {"MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "5secs"},
                         {"MESOS_FRAMEWORK_ID", "5bd50694-f754-4569-bc9a-1315d956cc37-0003"},
                         {"MESOS_HTTP_COMMAND_EXECUTOR", "0"},
                         {"MESOS_RECOVERY_TIMEOUT", "15mins"},
                         {"MESOS_SLAVE_ID", "5bd50694-f754-4569-bc9a-1315d956cc37-S0"},
                         {"MESOS_SLAVE_PID", "slave(1)@127.0.0.1:5061"},
                         {"MESOS_SUBSCRIPTION_BACKOFF_MAX", "2secs"},
                     });
}

TEST_CASE("values that only the environment contains are taken from it") {
  auto [launch, environment] = recorded("mesos-0.19.1/launch-5");
  set(environment, "MESOS_RECOVERY_TIMEOUT", "20mins");
  set(environment, "MESOS_SUBSCRIPTION_BACKOFF_MAX", "3secs");
  set(environment, "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "9secs");
  set(environment, "MESOS_HTTP_COMMAND_EXECUTOR", "1");
  const auto variables = executor_variables(launch, environment, "/s");
  CHECK(variables.at("MESOS_RECOVERY_TIMEOUT") == "20mins");
  CHECK(variables.at("MESOS_SUBSCRIPTION_BACKOFF_MAX") == "3secs");
  CHECK(variables.at("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD") == "9secs");
  CHECK(variables.at("MESOS_HTTP_COMMAND_EXECUTOR") == "1");

  SECTION("the executor's own grace period overrides it") {
    auto& grace = *launch.mutable_executor_info()->mutable_shutdown_grace_period();
    grace.set_nanoseconds(1'500'000'000);
    CHECK(
        executor_variables(launch, environment, "/s").at("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD") ==
        "1500000000ns");
  }
  SECTION("without checkpoints there is no recovery timeout") {
    launch.set_checkpoint(false);
    const auto plain = executor_variables(launch, environment, "/s");
    CHECK(plain.at("MESOS_CHECKPOINT") == "0");
    CHECK(plain.count("MESOS_RECOVERY_TIMEOUT") == 0);
    CHECK(plain.count("MESOS_SUBSCRIPTION_BACKOFF_MAX") == 0);
  }
}

TEST_CASE("the task's directory is never in mesos-executor's library path") {
  auto [launch, environment] = recorded("mesos-1.0.4/launch-2");
  const auto path_of = [&sent = launch, &slaves = environment](const std::string& path) {
    slaves["LD_LIBRARY_PATH"] = path;
    return value_or(executor_environment(sent, slaves), "LD_LIBRARY_PATH", "none");
  };
  // mesos-executor runs in the sandbox, which is what an empty or a relative entry means.
  CHECK(path_of("/opt/lib:") == "/opt/lib");
  CHECK(path_of(":/opt/lib::/lib:.:lib") == "/opt/lib:/lib");
  CHECK(path_of("") == "none");
  CHECK(path_of(launch.directory() + "/lib:" + launch.directory() + ":/lib") == "/lib");
  CHECK(path_of(launch.directory() + "-not") == launch.directory() + "-not");
}

TEST_CASE("no variable of the slave or the task controls mesos-executor") {
  auto [launch, environment] = recorded("mesos-1.0.4/launch-2");
  environment.insert({{"MESOS_LOG_DIR", "/var/log/mesos"},
                      {"MESOS_LOCAL", "1"},
                      {"MESOS_PORT", "5061"},
                      {"LIBPROCESS_ADVERTISE_IP", "1.2.3.4"},
                      {"LIBPROCESS_ADVERTISE_PORT", "5061"},
                      {"LD_LIBRARY_PATH", "/opt/lib"},
                      {"PATH", "/bin"},
                      {"SSL_ENABLED", "1"},
                      {"CONTAINERIZER_WAIT", "late"}});
  const Environment result = executor_environment(launch, environment);

  for (const char* gone : {"MESOS_LOG_DIR", "MESOS_LOCAL", "MESOS_PORT", "LIBPROCESS_ADVERTISE_IP",
                           "LIBPROCESS_ADVERTISE_PORT", "MESOS_DEFAULT_CONTAINER_IMAGE", "A"}) {
    CAPTURE(gone);
    CHECK(result.count(gone) == 0);
  }
  const Environment kept{{"LIBPROCESS_PORT", "0"},
                         {"LIBPROCESS_IP", "127.0.0.1"},
                         {"LD_LIBRARY_PATH", "/opt/lib"},
                         {"PATH", "/bin"},
                         {"SSL_ENABLED", "1"},
                         {"CONTAINERIZER_WAIT", "late"},
                         {"MESOS_WORK_DIRECTORY", "/var/lib/mesos"},
                         {"MESOS_LIBEXEC_DIRECTORY", "/usr/libexec/mesos"},
                         {"MESOS_DIRECTORY", launch.directory()},
                         {"MESOS_EXECUTOR_ID", "t2"}};
  for (const auto& [name, value] : kept) {
    CAPTURE(name);
    REQUIRE(result.count(name) == 1);
    CHECK(result.at(name) == value);
  }
}

TEST_CASE("the slave's programs are in the directory that the slave names") {
  CHECK(launcher_directory({}) == "/usr/libexec/mesos");
  CHECK(launcher_directory({{"MESOS_LIBEXEC_DIRECTORY", "/opt/m"}}) == "/opt/m");
}

TEST_CASE("a program that a framework names as mesos-executor is not run") {
  const auto fixture = GENERATE(as<std::string>(), "mesos-0.19.1/launch-1", "mesos-1.0.4/launch-2");
  auto [launch, environment] = recorded(fixture);
  const auto honest = executor_argv(launch, environment, "/p", "ID");
  // The slave only searches for its own path in the command.
  auto& command = *launch.mutable_executor_info()->mutable_command();
  command.set_value(GENERATE(as<std::string>(), ".//usr/libexec/mesos/mesos-executor",
                             "/sandbox/usr/libexec/mesos/mesos-executor",
                             "touch /x; /usr/libexec/mesos/mesos-executor"));
  for (auto& argument : *command.mutable_arguments()) {
    if (argument.starts_with("--launcher_dir=")) argument = "--launcher_dir=/sandbox";
  }
  const auto argv = executor_argv(launch, environment, "/p", "ID");
  REQUIRE(argv.ok());
  CHECK(argv.value() == honest.value());
}

// Options: those of docker run, the fields of ContainerInfo, and the environment of the task. The
// task itself shows what applies.
#include "tests/judge/plays.h"

namespace containerizer::judge {

namespace {

const std::string group = "options";

struct Row {
  const char* name;
  std::vector<std::string> options;
  const char* script;
  const char* expected;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"--env=NAME=VALUE", {"--env=A=one"}, "echo $A", "one"},
      {"-e and its value in two words", {"-e", "A=one"}, "echo $A", "one"},
      {"--hostname", {"--network=none", "--hostname=judged"}, "hostname", "judged"},
      {"--user", {"--user=65534"}, "id -u", "65534"},
      {"--workdir", {"--workdir=/tmp"}, "echo $OLDPWD", "/tmp"},
      {"--read-only", {"--read-only"}, "touch /file 2> /dev/null || echo refused", "refused"},
      {"--tmpfs", {"--tmpfs=/scratch"}, "stat -f -c %T /scratch", "tmpfs"},
      {"--ulimit", {"--ulimit=nofile=123:123"}, "ulimit -n", "123"},
      {"--cap-drop",
       {"--cap-drop=ALL"},
       "grep CapEff /proc/self/status",
       "CapEff:\t0000000000000000"},
      {"--network=none", {"--network=none"}, "ls /sys/class/net", "lo"},
      {"--add-host",
       {"--network=none", "--add-host=judged.example:10.1.2.3"},
       "grep judged.example /etc/hosts | tr '\\t' ' '",
       "10.1.2.3 judged.example"},
      {"--shm-size", {"--shm-size=8m"}, "df -k /dev/shm | awk 'END { print $2 }'", "8192"},
  };
  return all;
}

Words with_options(const std::vector<std::string>& options) {
  Words words{{"dialect", "command"}};
  for (const auto& one : options) words.emplace_back("option", one);
  return words;
}

void volume_of_host(Stage& stage) {
  const auto directory = stage.scratch() / "volume";
  fs::create_directory(directory);
  write_file(directory / "file", "from the host\n");
  expect_equal<std::string>(
      stage, "what the task prints", "from the host\nrefused\n",
      printed(stage.new_slave(), "cat /data/file; touch /data/new 2> /dev/null || echo refused",
              {{"volume", directory.string() + ":/data:ro"}}));
}

void writable_volume(Stage& stage) {
  const auto directory = stage.scratch() / "volume";
  fs::create_directory(directory);
  printed(stage.new_slave(), "echo written > /data/file",
          {{"volume", directory.string() + ":/data"}});
  expect_equal<std::string>(stage, "the file on the host", "written\n",
                            read_file(directory / "file"));
}

void anonymous_volume(Stage& stage) {
  printed(stage.new_slave(), "echo written > /data/file", {{"volume", "/data"}});
}

void unknown_option(Stage& stage) {
  auto& slave = stage.new_slave();
  const auto messages =
      expect_no_start(slave, slave.draft("echo up > up", with_options({"--no-such-option=1"})));
  stage.expect(messages.find("no-such-option") != std::string::npos, "the message names the option",
               "\"" + shortened(messages) + "\"");
}

// On a host that permits no privileged containers, the task must fail, and not run without.
void privileged(Stage& stage) {
  auto& slave = stage.new_slave();
  const auto possible = stage.command("docker run --rm --network none --privileged " + plain_image +
                                      " echo yes 2> /dev/null || echo no");
  if (possible != "yes") {
    expect_no_start(slave, slave.draft("echo up > up", {{"privileged", "true"}}));
    return;
  }
  auto& plain = slave.start(until_go);
  const auto fewer = status_field(slave.process_of(plain), "CapEff");
  slave.destroy(plain);
  auto& task = slave.start(until_go, {{"privileged", "true"}});
  const auto more = status_field(slave.process_of(task), "CapEff");
  stage.expect(more > fewer, "a privileged task has more capabilities than " + fewer, more);
}

// What the driver of an executor needs, in spite of the slave's own variables.
void executor_variables(Stage& stage) {
  auto& slave = stage.new_slave();
  slave.environment()["MESOS_CHECKPOINT"] = "true";
  slave.environment()["MESOS_SLAVE_ID"] = "wrong";
  const auto text =
      printed(slave,
              "echo $MESOS_FRAMEWORK_ID $MESOS_EXECUTOR_ID $MESOS_SLAVE_ID $MESOS_SLAVE_PID "
              "$MESOS_CHECKPOINT ${LIBPROCESS_PORT:-0}");
  expect_equal<std::string>(stage, "the executor's variables",
                            "F0 executor-1 S0 slave(1)@127.0.0.1:5051 1 0\n", text);
}

void port_mapping(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(
      until_go,
      {{"network", "BRIDGE"}, {"ports", "31000-31001"}, {"port_mapping", "31001:80/tcp"}});
  const auto containers = stage.new_containers();
  stage.expect(!containers.empty(), "the daemon has a container for the task", "it has none");
  const auto mapped = stage.command("docker port " + containers.at(0));
  stage.expect(
      mapped.find("80/tcp") != std::string::npos && mapped.find(":31001") != std::string::npos,
      "port 31001 leads to port 80 of the container", "\"" + shortened(mapped) + "\"");
  slave.destroy(task);
}

void fetches_uri(Stage& stage) {
  const auto file = stage.scratch() / "fetched";
  write_file(file, "from a URI\n");
  expect_equal<std::string>(stage, "what the task prints", "from a URI\n",
                            printed(stage.new_slave(), "cat fetched", {{"uri", file.string()}}));
}

}  // namespace

Cases option_cases() {
  Cases cases;
  for (const auto& row : rows()) {
    cases.push_back(prints(group, std::string("option ") + row.name + " applies",
                           "An option of docker run applies exactly, or the launch fails.", "4.3",
                           row.script, with_options(row.options), row.expected));
  }
  const std::string fields = "The fields of ContainerInfo do what they do for Docker tasks.";
  const Cases more{
      {"an unknown option stops the launch", group,
       "An option is never dropped silently; the message says what is wrong.", "1.7",
       unknown_option},
      prints(group, "parameters of DockerInfo apply", "Each parameter is an option --key=value.",
             "8", "hostname", {{"network", "NONE"}, {"parameter", "hostname=judged"}}, "judged"),
      prints(group, "network NONE of DockerInfo applies", fields, "8", "ls /sys/class/net",
             {{"network", "NONE"}}, "lo"),
      prints(group, "hostname of ContainerInfo applies", fields, "8", "hostname",
             {{"network", "NONE"}, {"hostname", "judged"}}, "judged"),
      {"privileged of DockerInfo applies", group, fields, "8", privileged},
      {"a read-only volume shows a directory of the host", group, fields, "8", volume_of_host},
      {"a writable volume writes to the host", group, fields, "8", writable_volume},
      {"no volume of a task is left", group, "An anonymous volume is removed with its container.",
       "8", anonymous_volume},
      {"a port mapping opens a port of the host", group, fields, "8", port_mapping},
      prints(group, "the environment of CommandInfo reaches the task",
             "CommandInfo.environment is only in the message.", "1.4", "echo \"$A\"",
             {{"env", "A=with spaces and = and 'quotes'"}}, "with spaces and = and 'quotes'"),
      {"an executor gets its variables from the message", group,
       "Derive MESOS_* from the Launch message, and set LIBPROCESS_PORT to 0.", "1.4",
       executor_variables},
      prints(group, "the sandbox is writable, and in a variable",
             "The task finds its sandbox in MESOS_SANDBOX or MESOS_DIRECTORY.", "6.3",
             "echo here > file; cat ${MESOS_SANDBOX:-$MESOS_DIRECTORY}/file", {}, "here"),
      {"URIs are in the sandbox before the task starts", group,
       "Fetching is the program's job; mesos-fetcher is in MESOS_LIBEXEC_DIRECTORY.", "7",
       fetches_uri},
  };
  cases.insert(cases.end(), more.begin(), more.end());
  return cases;
}

}  // namespace containerizer::judge

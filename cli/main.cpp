// main(): keeps the original standard output for the reply, reads the request before anything can
// fail, reads the settings, and calls the command.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>

#include "cli/command_line.h"
#include "cli/invocation.h"
#include "engine/config/settings_file.h"
#include "engine/config/state_directory.h"
#include "engine/docker/client.h"
#include "engine/host_task/runtime.h"
#include "host/file.h"
#include "host/log.h"
#include "host/text.h"
#include "proto/record_io.h"

namespace containerizer {
namespace {

// What must be true of the state directory before a command runs.
enum class Needs {
  a_directory,       // it exists and is safe: it is created if needed
  a_safe_directory,  // it is safe, if it exists
  a_database,        // it is safe and contains a database
  nothing,
};

enum class Caller {
  slave,
  person,
  ourselves,  // not in the help
};

struct Command {
  const char* name;
  Caller caller;
  int (*run)(Invocation&);
  bool has_request;  // standard input contains a message
  Needs needs;
  // Runs even if a setting is invalid, with the setting's default. The slave would destroy or leak
  // a running container if such a verb failed.
  bool runs_with_invalid_settings;
  const char* help;
};

constexpr std::array<Command, 15> commands{{
    {"launch", Caller::slave, launch, true, Needs::a_directory, false, "start a container"},
    {"update", Caller::slave, update, true, Needs::a_directory, true,
     "change a container's limits"},
    {"usage", Caller::slave, usage, true, Needs::a_safe_directory, true,
     "report a container's resource usage"},
    {"wait", Caller::slave, wait, true, Needs::a_directory, true,
     "wait for a container's end and report it"},
    {"destroy", Caller::slave, destroy, true, Needs::a_directory, true,
     "stop and remove a container"},
    {"containers", Caller::slave, containers, false, Needs::a_directory, false,
     "list the containers that the slave must know about"},
    {"recover", Caller::slave, recover, false, Needs::a_directory, false,
     "resume all containers after a restart"},
    {"supervise", Caller::ourselves, supervise, false, Needs::a_directory, false, ""},
    {"task-proxy", Caller::ourselves, task_proxy, false, Needs::a_directory, true, ""},
    {"host-task-shim", Caller::ourselves, host_task_shim, false, Needs::nothing, true, ""},
    {"ps", Caller::person, ps, false, Needs::a_database, false, "list containers"},
    {"show", Caller::person, show, false, Needs::a_database, false, "print one container's record"},
    {"history", Caller::person, history, false, Needs::a_database, false, "list recorded events"},
    {"lifecycle", Caller::person, lifecycle, false, Needs::nothing, false,
     "print the state machine"},
    {"pull", Caller::person, pull, false, Needs::a_directory, false,
     "pull an image before a task needs it"},
}};

int print_help(int output) {
  std::string text =
      "docker-containerizer VERB\n\nAn external containerizer for Mesos 0.19 to 1.0.\n\n";
  for (const auto& command : commands) {
    if (command.caller == Caller::ourselves) continue;
    const auto* mark = command.caller == Caller::slave ? " (slave)" : "";
    text += fmt::format("  {:<11} {}{}\n", command.name, command.help, mark);
  }
  text +=
      "\nThe Mesos slave calls the commands marked (slave). `help VERB` prints the options of the "
      "others.\n"
      "Environment variables configure all commands: see docs/configuration.md.\n";
  write_all(output, text);
  return exit_ok;
}

const Command* find_command(const std::string& name) {
  for (const auto& command : commands) {
    if (name == command.name) return &command;
  }
  return nullptr;
}

std::string describe_verb(const Command& command) {
  return fmt::format(
      "docker-containerizer {}: {}\n\nA Mesos slave starts this verb{}, and reads the reply from"
      " its standard output.\n`docker-containerizer --help` lists the commands for operators.\n",
      command.name, command.help,
      command.has_request ? ", writes a protobuf message to its standard input" : "");
}

// One line about a verb that does not exist, with the nearest one that does.
int refuse_verb(const std::string& name) {
  log::start_on_stderr("docker-containerizer");
  std::vector<std::string> names;
  for (const auto& command : commands) {
    if (command.caller != Caller::ourselves) names.emplace_back(command.name);
  }
  const auto nearest = nearest_word(name, names);
  const auto hint = nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest);
  return fail(fmt::format("unknown command \"{}\"{}; see --help", name, hint), exit_usage);
}

// Moves the original standard output to a descriptor that programs which we start do not inherit,
// and returns it. Descriptor 1 becomes standard error.
int take_standard_output() {
  // A caller may have closed any of 0, 1 and 2. The next file that is opened must not get such a
  // number.
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
  // A slave can leak pipes of its other calls into this process. Such a call's reader would wait
  // for as long as we keep them open (mesos-protocol 1.3).
  ::close_range(3, ~0U, 0);
  const int output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return output;
}

// Unblocks all signals, because waiting for a lock depends on them and the caller may have blocked
// some. The exception is SIGTERM for the task proxy: a kill that comes before its handler is
// installed must wait for the handler.
void set_signal_mask(const std::string& command) {
  sigset_t blocked;
  ::sigemptyset(&blocked);
  if (command == "task-proxy") ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
}

ClientSettings client_settings(const Settings& settings) {
  ClientSettings client;
  client.endpoint = settings.endpoint;
  client.call_deadline = settings.daemon_timeout;
  return client;
}

std::string database_of(const Settings& settings) {
  return settings.state_directory() + "/state.db";
}

int run(const Command& command, Invocation& invocation) {
  // It prints its help, and needs no state directory for that.
  if (command.caller == Caller::person && asks_for_help(invocation.arguments)) {
    return command.run(invocation);
  }
  if (command.needs != Needs::nothing) {
    const auto directory = invocation.settings.state_directory();
    auto ready = command.needs == Needs::a_directory ? prepare_state_directory(directory)
                                                     : check_state_directory(directory);
    // A slave destroys a container whose update fails.
    if (!ready.ok())
      return fail(ready.failure().text, command.run == update ? exit_ok : exit_failed);
  }
  const auto database = database_of(invocation.settings);
  if (command.needs == Needs::a_database && ::access(database.c_str(), F_OK) != 0) {
    return fail(fmt::format(
        "the state database {} does not exist; set MESOS_WORK_DIRECTORY to the slave's --work_dir",
        database));
  }
  return command.run(invocation);
}

int start(const Command& command, std::vector<std::string> arguments, int output) {
  Frame frame;
  // Before anything that can fail: a slave up to 0.26 aborts if we exit with its request unread
  // (mesos-protocol 1.3).
  if (command.has_request) frame = read_frame(STDIN_FILENO);
  std::vector<std::string> problems;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel hands out this address as a number.
  auto applied = apply_settings_file(reinterpret_cast<const char*>(::getauxval(AT_EXECFN)));
  auto settings = read_settings(own_environment(), problems);
  if (!applied.ok()) {
    problems.push_back(applied.failure().text);
    // The address of the daemon may be in the unread file. Another daemon would report that the
    // container does not exist.
    settings.endpoint = Endpoint::nowhere();
  }
  std::string who = command.name;
  if (!arguments.empty() && arguments[0][0] != '-') who += " " + arguments[0];
  // Help needs no settings.
  if (command.caller == Caller::person && asks_for_help(arguments)) problems.clear();
  auto logging = log::start(who, settings.log_level, settings.log);
  if (!logging.ok()) log::warn("{}", logging.failure().text);
  for (const auto& problem : problems) log::error("{}", problem);
  if (!problems.empty() && !command.runs_with_invalid_settings) return exit_configuration;
  if (frame.fault != FrameFault::none) return fail(frame.text, exit_bad_request);
  store::DatabaseSettings database;
  database.path = database_of(settings);
  database.read_only = command.needs != Needs::a_directory;
  store::Store store(database);
  DockerClient client(client_settings(settings));
  const auto host = make_host();
  HostTaskRuntime docker(client, *host, settings, own_program());
  const auto slave = make_slave_pipe(output);
  Invocation invocation{{store, docker, *host, settings, own_program(), own_environment()},
                        *slave,
                        std::move(frame.bytes),
                        std::move(arguments),
                        output};
  return run(command, invocation);
}

}  // namespace

}  // namespace containerizer

int main(int argc, char** argv) try {
  using namespace containerizer;
  std::vector<std::string> arguments{argv + std::min(argc, 1), argv + argc};
  const int output = take_standard_output();
  // If the slave has closed the pipe, the write must fail instead of killing this process.
  std::signal(SIGPIPE, SIG_IGN);
  std::string name;
  if (!arguments.empty()) {
    name = std::move(arguments.front());
    arguments.erase(arguments.begin());
  }
  set_signal_mask(name);
  if (name == "--version") {
    write_all(output, "docker-containerizer " PROJECT_VERSION "\n");
    return exit_ok;
  }
  if (name == print_environment) {
    write_all(output, pack_environment(own_environment()));
    return exit_ok;
  }
  // `help VERB` is `VERB --help`.
  if (name == "help" && !arguments.empty()) {
    name = std::exchange(arguments, {"--help"}).front();
  }
  if (argc < 2 || name == "help" || name == "--help" || name == "-h") return print_help(output);
  const auto* command = find_command(name);
  if (command == nullptr) return refuse_verb(name);
  if (command->caller == Caller::slave && asks_for_help(arguments)) {
    write_all(output, describe_verb(*command));
    return exit_ok;
  }
  if (command->has_request && ::isatty(STDIN_FILENO) != 0) {
    log::start_on_stderr(command->name);
    return fail(
        "standard input is a terminal, but this verb reads a message of the slave from it; "
        "see `docker-containerizer help " +
            name + "`",
        exit_usage);
  }
  return start(*command, std::move(arguments), output);
} catch (const std::exception& error) {
  return containerizer::fail(error.what());
}

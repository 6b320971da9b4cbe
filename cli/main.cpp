// main(): keeps the original standard output for the reply, reads the request before anything can
// fail, reads the settings, and calls the command.
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>

#include "cli/command_line.h"
#include "cli/invocation.h"
#include "cli/printing.h"
#include "cli/upgrade.h"
#include "cli/version.h"
#include "engine/config/settings_file.h"
#include "engine/config/state_directory.h"
#include "engine/container/upgrade.h"
#include "engine/docker/client.h"
#include "engine/host_task/runtime.h"
#include "host/file.h"
#include "host/format.h"
#include "host/log.h"
#include "host/text.h"
#include "proto/frame.h"
#include "store/migrations.h"

namespace containerizer {
namespace {

// What must be true of the state directory before a command runs.
enum class Needs {
  a_directory,       // it exists and is safe: it is created if needed
  a_safe_directory,  // it is safe, if it exists
  a_database,        // it is safe and contains a database
  nothing,
};

// Whether a command goes on while something is wrong, because its container may live. The slave
// would destroy or leak a running container if such a verb failed (docs/going-on.md).
enum class GoesOn {
  never,
  with_defaults,     // of invalid settings
  without_database,  // the same, and if the state directory is not safe
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
  GoesOn goes_on;
  const char* help;
};

constexpr std::array<Command, 25> commands{{
    {"launch", Caller::slave, launch, true, Needs::a_directory, GoesOn::never, "start a container"},
    {"update", Caller::slave, update, true, Needs::a_directory, GoesOn::without_database,
     "change a container's limits"},
    {"usage", Caller::slave, usage, true, Needs::a_safe_directory, GoesOn::without_database,
     "report a container's resource usage"},
    {"wait", Caller::slave, wait, true, Needs::a_directory, GoesOn::without_database,
     "wait for a container's end and report it"},
    {"destroy", Caller::slave, destroy, true, Needs::a_directory, GoesOn::without_database,
     "stop and remove a container"},
    {"containers", Caller::slave, containers, false, Needs::a_directory, GoesOn::never,
     "list the containers that the slave must know about"},
    {"recover", Caller::slave, recover, false, Needs::a_directory, GoesOn::never,
     "resume all containers after a restart"},
    {"supervise", Caller::ourselves, supervise, false, Needs::a_directory, GoesOn::with_defaults,
     ""},
    {"start-supervisors", Caller::ourselves, start_supervisors, false, Needs::a_directory,
     GoesOn::with_defaults, ""},
    {"task-proxy", Caller::ourselves, task_proxy, false, Needs::a_directory,
     GoesOn::without_database, ""},
    {"host-task-shim", Caller::ourselves, host_task_shim, false, Needs::nothing,
     GoesOn::with_defaults, ""},
    {"ps", Caller::person, ps, false, Needs::a_database, GoesOn::never, "list containers"},
    {"why", Caller::person, why, false, Needs::a_database, GoesOn::never,
     "explain how a container ended, and what to change"},
    {"logs", Caller::person, logs, false, Needs::a_database, GoesOn::never,
     "print a task's output"},
    {"top", Caller::person, top, false, Needs::a_database, GoesOn::never,
     "show what running containers use"},
    {"show", Caller::person, show, false, Needs::a_database, GoesOn::never,
     "print one container's record"},
    {"history", Caller::person, history, false, Needs::a_database, GoesOn::never,
     "list recorded events"},
    {"events", Caller::person, events, false, Needs::a_database, GoesOn::never,
     "print recorded events as JSON lines"},
    {"doctor", Caller::person, doctor, false, Needs::nothing, GoesOn::with_defaults,
     "examine settings, daemon, database and containers"},
    {"lifecycle", Caller::person, lifecycle, false, Needs::nothing, GoesOn::never,
     "print the state machine"},
    {"report", Caller::person, report, false, Needs::nothing, GoesOn::never,
     "write an HTML page about what happened"},
    {"export", Caller::person, export_rows, false, Needs::nothing, GoesOn::never,
     "print the records as JSON lines"},
    {"settings", Caller::person, print_settings, false, Needs::nothing, GoesOn::with_defaults,
     "print what every setting means"},
    {"metrics", Caller::person, metrics, false, Needs::a_database, GoesOn::never,
     "print metrics for Prometheus"},
    {"pull", Caller::person, pull, false, Needs::a_directory, GoesOn::never,
     "pull an image before a task needs it"},
}};

int print_help(int output) {
  std::string text =
      "docker-containerizer COMMAND\n\n"
      "An external containerizer for Mesos 0.19.0 to 1.0.4, except 0.20.0.\n\n";
  for (const auto& command : commands) {
    if (command.caller == Caller::ourselves) continue;
    const auto* mark = command.caller == Caller::slave ? " (slave)" : "";
    text += formatted("  {:<11} {}{}\n", command.name, command.help, mark);
  }
  text +=
      "\nThe Mesos slave calls the verbs, which are marked (slave).\n"
      "`help COMMAND` prints the options of another command.\n"
      "Environment variables configure verbs and commands: see docs/configuration.md.\n";
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
  return formatted(
      "docker-containerizer {}: {}\n\nA Mesos slave starts this verb{}.\n"
      "docs/mesos-protocol.md describes the protocol. `docker-containerizer --help` lists all "
      "commands.\n",
      command.name, command.help,
      command.has_request ? ", and writes a protobuf message to its standard input" : "");
}

// One line about a command that does not exist, with the nearest one that does.
int refuse_command(const std::string& name) {
  log::start_on_stderr("docker-containerizer");
  std::vector<std::string> names;
  for (const auto& command : commands) {
    if (command.caller != Caller::ourselves) names.emplace_back(command.name);
  }
  const auto nearest = nearest_word(name, names);
  const auto hint = nearest.empty() ? "" : formatted("; did you mean \"{}\"?", nearest);
  return fail(formatted("unknown command \"{}\"{}; see --help", name, hint), exit_usage);
}

// Moves the original standard output to a descriptor that programs which we start do not inherit,
// and returns it. Descriptor 1 becomes standard error. `kept` stays open; -1 for none.
int take_standard_output(int kept) {
  // A caller may have closed any of 0, 1 and 2. The next file that is opened must not get such a
  // number.
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
  // A slave can leak pipes of its other calls into this process. Such a call's reader would wait
  // for as long as we keep them open (mesos-protocol 1.3).
  for (int fd = 3; fd < kept; ++fd) ::close(fd);
  close_descriptors_from(std::max(kept + 1, 3));
  if (kept >= 0) ::fcntl(kept, F_SETFD, FD_CLOEXEC);
  const int output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return output;
}

// Unblocks all signals, because waiting for a lock depends on them and the caller may have blocked
// some. Two exceptions wait until this program can receive them: SIGTERM for the task proxy, and
// the signal that wakes a supervisor, which may be pending if it was another program before.
void set_signal_mask(const std::string& command) {
  sigset_t blocked;
  ::sigemptyset(&blocked);
  if (command == "task-proxy") ::sigaddset(&blocked, SIGTERM);
  if (command == "supervise") ::sigaddset(&blocked, wake_signal);
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
  const auto directory = invocation.settings.state_directory();
  if (command.caller == Caller::person && command.needs != Needs::nothing) {
    const auto advice = advice_to_other_user(directory);
    if (!advice.empty()) return fail(advice);
  }
  if (command.needs != Needs::nothing) {
    auto ready = command.needs == Needs::a_directory ? prepare_state_directory(directory)
                                                     : check_state_directory(directory);
    if (!ready.ok() && command.goes_on != GoesOn::without_database) {
      return fail(ready.failure().text);
    }
    if (!ready.ok()) {
      invocation.store.open_only_if([directory] { return prepare_state_directory(directory); });
    }
  }
  const auto database = database_of(invocation.settings);
  if (command.needs == Needs::a_database && ::access(database.c_str(), F_OK) != 0) {
    return fail(formatted(
        "the state database {} does not exist; set MESOS_WORK_DIRECTORY to the slave's --work_dir",
        database));
  }
  try {
    return command.run(invocation);
  } catch (const store::StoreError& error) {
    // An upgrade has migrated the database while this verb ran. It has not replied yet.
    if (command.caller == Caller::slave) begin_again_if_newer(invocation, command.name, error);
    throw;
  }
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
  const bool reports_problems = command.run == doctor;
  for (const auto& problem : problems) {
    if (!reports_problems) log::error("{}", problem);
  }
  if (!problems.empty() && command.goes_on == GoesOn::never) return exit_configuration;
  if (!problems.empty()) settings.problem = problems.front();
  if (frame.fault != FrameFault::none) return fail(frame.text, exit_bad_request);
  store::DatabaseSettings database;
  database.path = database_of(settings);
  database.read_only = command.needs != Needs::a_directory;
  store::Store store(database);
  DockerClient client(client_settings(settings));
  const auto host = make_host();
  HostTaskRuntime docker(client, *host, settings, own_program());
  const auto slave = make_reply_pipe(output);
  Invocation invocation{{store, docker, *host, settings, own_program(), own_environment()},
                        *slave,
                        std::move(frame.bytes),
                        std::move(arguments),
                        output,
                        std::move(problems)};
  return run(command, invocation);
}

}  // namespace

}  // namespace containerizer

int main(int argc, char** argv) try {
  using namespace containerizer;
  std::vector<std::string> arguments{argv + std::min(argc, 1), argv + argc};
  const int output = take_standard_output(inherited_lock(arguments));
  // If the slave has closed the pipe, the write must fail instead of killing this process.
  std::signal(SIGPIPE, SIG_IGN);
  std::string name;
  if (!arguments.empty()) {
    name = std::move(arguments.front());
    arguments.erase(arguments.begin());
  }
  set_signal_mask(name);
  if (name == "--version") {
    const bool json = !arguments.empty() && arguments[0] == "--json";
    const auto text =
        json ? safe_json_of(version_document()) : "docker-containerizer " + version_text();
    write_all(output, text + "\n");
    return exit_ok;
  }
  if (name == print_schema) {
    write_all(output, formatted("{}\n", store::embedded_migrations().back().number));
    return exit_ok;
  }
  if (name == print_environment) {
    write_all(output, pack_environment(own_environment()));
    return exit_ok;
  }
  // `help COMMAND` is `COMMAND --help`.
  if (name == "help" && !arguments.empty()) {
    name = std::exchange(arguments, {"--help"}).front();
  }
  if (argc < 2 || name == "help" || name == "--help" || name == "-h") return print_help(output);
  const auto* command = find_command(name);
  if (command == nullptr) return refuse_command(name);
  if (command->caller == Caller::slave && asks_for_help(arguments)) {
    write_all(output, describe_verb(*command));
    return exit_ok;
  }
  if (command->has_request && ::isatty(STDIN_FILENO) != 0) {
    log::start_on_stderr(command->name);
    return fail(
        "this verb reads a binary message that the slave sends, but standard input is a terminal; "
        "see `docker-containerizer help " +
            name + "`",
        exit_usage);
  }
  return start(*command, std::move(arguments), output);
} catch (const std::exception& error) {
  return containerizer::fail(error.what());
}

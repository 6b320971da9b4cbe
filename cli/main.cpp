// The program's beginning: takes standard output away from everybody but the answer, reads the
// request before anything can fail, reads the settings, and calls the command.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <exception>

#include "cli/invocation.h"
#include "engine/config/settings_file.h"
#include "engine/config/state_directory.h"
#include "engine/docker/client.h"
#include "engine/host_task/runtime.h"
#include "host/file.h"
#include "host/log.h"
#include "proto/record_io.h"

namespace containerizer {
namespace {

// What a command needs of the state directory: that it is made, that there is none or one that only
// we can write to, or beyond that a database in it.
enum class Needs { a_directory, a_safe_directory, a_database, nothing };

struct Command {
  const char* name;
  int (*run)(Invocation&);
  bool has_request;  // a message on standard input
  Needs needs;
  // For verbs about a container that lives: a setting that is wrong must not end it, nor leak it.
  bool must_go_on;
  const char* help;  // "" for those that only this program starts
};

constexpr std::array<Command, 15> commands{{
    {"launch", launch, true, Needs::a_directory, false, "start a container (slave)"},
    {"update", update, true, Needs::a_directory, true, "change its limits (slave)"},
    {"usage", usage, true, Needs::a_safe_directory, true, "report what it uses (slave)"},
    {"wait", wait, true, Needs::a_directory, true, "report its end, once it has come (slave)"},
    {"destroy", destroy, true, Needs::a_directory, true, "end and remove it (slave)"},
    {"containers", containers, false, Needs::a_directory, false,
     "list what the slave must know (slave)"},
    {"recover", recover, false, Needs::a_directory, false, "take up what a crash left (slave)"},
    {"supervise", supervise, false, Needs::a_directory, false, ""},
    {"task-proxy", task_proxy, false, Needs::a_directory, true, ""},
    {"host-task-shim", host_task_shim, false, Needs::nothing, true, ""},
    {"ps", ps, false, Needs::a_database, false, "list containers: ps [--all] [--json]"},
    {"show", show, false, Needs::a_database, false, "all about one container: show ID [--json]"},
    {"history", history, false, Needs::a_database, false,
     "what happened: history [ID] [--last=N] [--json]"},
    {"lifecycle", lifecycle, false, Needs::nothing, false,
     "the state machine: lifecycle [--format=table|dot|mermaid] [--json]"},
    {"pull", pull, false, Needs::a_directory, false, "get an image beforehand: pull IMAGE"},
}};

int print_help(int output) {
  std::string text =
      "docker-containerizer VERB\n\nAn external containerizer for Mesos 0.19 to 1.0.\n\n";
  for (const auto& command : commands) {
    if (*command.help != '\0') text += fmt::format("  {:<11} {}\n", command.name, command.help);
  }
  text += "\nConfiguration is by environment variables: see README.md.\n";
  write_all(output, text);
  return exit_ok;
}

const Command* find_command(const std::string& name) {
  for (const auto& command : commands) {
    if (name == command.name) return &command;
  }
  return nullptr;
}

// Standard output as it was, kept from programs that we start; 1 becomes standard error.
int take_standard_output() {
  // A caller may have closed any of the three: whatever is opened next must not become one.
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", O_RDWR);
  }
  // Slaves leak the ends of pipes that other calls wait on (mesos-protocol 1.3).
  ::close_range(3, ~0U, 0);
  const int output = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  return output;
}

// Locks are waited for by signals, whatever the caller has blocked. Only a kill may come before
// `observe` listens for it, and then waits.
void block_only_early_kills(const std::string& command) {
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
  if (command.needs != Needs::nothing) {
    const auto directory = invocation.settings.state_directory();
    auto ready = command.needs == Needs::a_directory ? prepare_state_directory(directory)
                                                     : check_state_directory(directory);
    // A slave destroys what it cannot update.
    if (!ready.ok())
      return fail(ready.failure().text, command.run == update ? exit_ok : exit_failed);
  }
  const auto database = database_of(invocation.settings);
  if (command.needs == Needs::a_database && ::access(database.c_str(), F_OK) != 0) {
    return fail(fmt::format(
        "there is no state database {}; is MESOS_WORK_DIRECTORY the slave's --work_dir?",
        database));
  }
  return command.run(invocation);
}

int begin(const Command& command, std::vector<std::string> arguments, int output) {
  Frame frame;
  // Before anything that can fail: a slave up to 0.26 aborts when we end with its request unread.
  if (command.has_request) frame = read_frame(STDIN_FILENO);
  std::vector<std::string> problems;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel hands out this address as a number.
  auto taken = apply_settings_file(reinterpret_cast<const char*>(::getauxval(AT_EXECFN)));
  auto settings = read_settings(own_environment(), problems);
  if (!taken.ok()) {
    problems.push_back(taken.failure().text);
    settings.endpoint = Endpoint::nowhere();
  }
  std::string who = command.name;
  if (!arguments.empty() && arguments[0][0] != '-') who += " " + arguments[0];
  auto logging = log::start(who, settings.log_level, settings.log);
  if (!logging.ok()) log::warn("{}", logging.failure().text);
  for (const auto& problem : problems) log::error("{}", problem);
  if (!problems.empty() && !command.must_go_on) return exit_configuration;
  if (frame.fault != FrameFault::none) return fail(frame.text, exit_bad_request);
  store::DatabaseSettings database;
  database.path = database_of(settings);
  database.read_only = command.needs != Needs::a_directory;
  store::Store store(database);
  DockerClient client(client_settings(settings));
  const auto host = make_host();
  HostTaskRuntime docker(client, *host, settings, own_program());
  const auto slave = make_caller(output);
  Invocation invocation{{store, docker, *host, settings, own_program(), own_environment()},
                        *slave,
                        std::move(frame.bytes),
                        std::move(arguments),
                        output};
  return run(command, invocation);
}

}  // namespace

}  // namespace containerizer

int main(int count, char** words) try {
  using namespace containerizer;
  std::vector<std::string> arguments{words + std::min(count, 1), words + count};
  const int output = take_standard_output();
  // A reader that went away is an error of the write, not the end of us.
  std::signal(SIGPIPE, SIG_IGN);
  std::string name;
  if (!arguments.empty()) {
    name = std::move(arguments.front());
    arguments.erase(arguments.begin());
  }
  block_only_early_kills(name);
  if (name == "--version") {
    write_all(output, "docker-containerizer " PROJECT_VERSION "\n");
    return exit_ok;
  }
  if (name == print_environment) {
    write_all(output, pack_environment(own_environment()));
    return exit_ok;
  }
  if (name == "--help" || name == "help") return print_help(output);
  const auto* command = find_command(name);
  if (command == nullptr) {
    log::start_on_stderr("docker-containerizer");
    return fail(fmt::format("\"{}\" is not a verb; --help lists them", name), exit_usage);
  }
  return begin(*command, std::move(arguments), output);
} catch (const std::exception& error) {
  return containerizer::fail(error.what());
}

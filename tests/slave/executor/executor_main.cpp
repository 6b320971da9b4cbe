// The stand-in for mesos-executor: the same command line, environment and treatment of its task,
// but it talks to the slave-player. See tests/slave/README.md.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>

#include "tests/slave/executor/command_line.h"
#include "tests/slave/executor/executor.h"

namespace containerizer::player {
namespace {

std::string variable(const char* name, const char* otherwise = "") {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

// "15mins", "5secs", "1.5hrs".
std::chrono::milliseconds duration(const std::string& text) {
  static const std::map<std::string, double> units = {
      {"ns", 1e-6},   {"us", 1e-3},    {"ms", 1},         {"secs", 1e3},
      {"mins", 60e3}, {"hrs", 3600e3}, {"days", 86400e3}, {"weeks", 604800e3}};
  std::size_t digits = 0;
  const double amount = std::stod(text, &digits);
  return std::chrono::milliseconds(static_cast<long>(amount * units.at(text.substr(digits))));
}

Circumstances circumstances() {
  for (const char* name : {"MESOS_SLAVE_PID", "MESOS_SLAVE_ID", "MESOS_FRAMEWORK_ID",
                           "MESOS_EXECUTOR_ID", "MESOS_DIRECTORY"}) {
    if (std::getenv(name) == nullptr) {
      std::cerr << "Expecting '" << name << "' to be set in the environment" << std::endl;
      std::exit(EXIT_FAILURE);
    }
  }
  Circumstances given;
  given.slave_pid = variable("MESOS_SLAVE_PID");
  given.slave_id = variable("MESOS_SLAVE_ID");
  given.framework_id = variable("MESOS_FRAMEWORK_ID");
  given.executor_id = variable("MESOS_EXECUTOR_ID");
  given.checkpoint = variable("MESOS_CHECKPOINT") == "1";
  given.recovery_timeout = duration(variable("MESOS_RECOVERY_TIMEOUT", "15mins"));
  given.shutdown_grace = duration(variable("MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD", "5secs"));
  given.local = std::getenv("MESOS_LOCAL") != nullptr;
  return given;
}

// The executor's own port, as libprocess opens it. If it inherited the slave's port, that is
// already in use.
Fd listen_somewhere(std::string& address) {
  const std::string ip = variable("LIBPROCESS_IP", "127.0.0.1");
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_port = htons(static_cast<std::uint16_t>(std::stoul(variable("LIBPROCESS_PORT", "0"))));
  inet_pton(AF_INET, ip.c_str(), &own.sin_addr);
  Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  socklen_t size = sizeof own;
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&own), size) != 0 ||
      listen(listener.get(), SOMAXCONN) != 0) {
    std::cerr << "Failed to initialize, bind: " << std::strerror(errno) << " [" << errno << "]"
              << std::endl;
    std::exit(EXIT_FAILURE);
  }
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&own), &size);
  address = ip + ":" + std::to_string(ntohs(own.sin_port));
  return listener;
}

int execute(const std::vector<std::string>& arguments) {
  const auto version = version_beside_program();
  if (!version) {
    std::cerr << "stand-in-mesos-executor: " << program_directory().string()
              << "/mesos-version names no release; see make-launcher-dir" << std::endl;
    return EXIT_FAILURE;
  }
  const Release release(*version);
  std::string error;
  const auto flags = parse_command_line(arguments, release, error);
  if (!flags) {
    std::cerr << error << std::endl << usage(release);
    return EXIT_FAILURE;
  }
  if (flags->help) {
    (release.executor_help_succeeds() ? std::cout : std::cerr) << usage(release);
    return release.executor_help_succeeds() ? EXIT_SUCCESS : 255;
  }
  Replacement replacement;
  if (flags->override_command) replacement.override_words = flags->values;
  if (!flags->task_command.empty()) {
    replacement.task_command = from_line(flags->task_command);
    if (!replacement.task_command) {
      std::cerr << "Failed to parse task_command: not a JSON object" << std::endl << usage(release);
      return EXIT_FAILURE;
    }
  }
  const Circumstances given = circumstances();
  std::string address;
  Fd listener = listen_somewhere(address);
  return StandInExecutor(release, given, std::move(replacement), std::move(listener), address)
      .run();
}

}  // namespace
}  // namespace containerizer::player

int main(int count, char** arguments) {
  signal(SIGPIPE, SIG_IGN);
  sigset_t child_ended;
  sigemptyset(&child_ended);
  sigaddset(&child_ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child_ended, nullptr);
  try {
    return containerizer::player::execute({arguments + 1, arguments + count});
  } catch (const std::exception& error) {
    std::cerr << "mesos-executor: " << error.what() << std::endl;
    return EXIT_FAILURE;
  }
}

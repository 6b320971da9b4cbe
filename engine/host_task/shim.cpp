#include "engine/host_task/shim.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>

#include "host/file.h"
#include "host/format.h"
#include "host/json.h"
#include "host/sandbox.h"

namespace containerizer {
namespace {

namespace json = boost::json;

std::vector<std::string> texts_in(const json::object& object, std::string_view name) {
  std::vector<std::string> texts;
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_array()) return texts;
  for (const auto& each : value->get_array()) texts.emplace_back(each.as_string());
  return texts;
}

// The identity for "uid:gid". Nothing for "".
std::optional<Identity> identity_in(const std::string& text) {
  Identity identity;
  std::istringstream fields(text);
  char colon = 0;
  if (!(fields >> identity.user >> colon >> identity.group)) return std::nullopt;
  return identity;
}

// Finds a program as a shell does, in the PATH of the task's environment. Without a match it
// returns `file`, and starting it then fails with an error that names it.
std::string find_program(const std::string& file, const std::vector<std::string>& environment) {
  if (file.find('/') != std::string::npos) return file;
  constexpr std::string_view name = "PATH=";
  for (const auto& variable : environment) {
    if (!variable.starts_with(name)) continue;
    std::istringstream directories(variable.substr(name.size()));
    for (std::string directory; std::getline(directories, directory, ':');) {
      auto path = formatted("{}/{}", directory, file);
      if (::access(path.c_str(), X_OK) == 0) return path;
    }
  }
  return file;
}

// The files that become the program's standard output and standard error.
struct OutputFiles {
  Fd out;
  Fd err;
};

Result<OutputFiles> open_output_files(const std::string& sandbox) {
  auto out = open_sandbox_file(sandbox, "stdout");
  if (!out.ok()) return out.failure();
  auto err = open_sandbox_file(sandbox, "stderr");
  if (!err.ok()) return err.failure();
  return OutputFiles{std::move(out.value()), std::move(err.value())};
}

// Kills every process that the program left behind. We are the subreaper: when a process dies, its
// children become ours. So the list is read again until no child is left.
void kill_remaining_children() {
  for (;;) {
    const auto children =
        read_small_file(formatted("/proc/self/task/{}/children", ::getpid())).value_or("");
    std::istringstream pids(children);
    for (pid_t child = 0; pids >> child;) ::kill(child, SIGKILL);
    if (::waitpid(-1, nullptr, 0) < 0 && errno == ECHILD) return;
  }
}

// Waits for the program and returns its wait status. Reaps the orphans that the program leaves
// meanwhile.
int await_end(pid_t program) {
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended == program || (ended < 0 && errno == ECHILD)) return status;
  }
}

}  // namespace

void run_host_task(const HostTaskDirectory& directory, Fd report) {
  auto lock = directory.lock();
  if (!lock.ok() || !lock.value().try_lock(0, LockFile::Mode::exclusive)) return;
  const auto spec = directory.spec();
  const auto self = identify(::getpid());
  // The shim is recorded before the start. A task that may have started, and has no living process
  // on record, is reported as killed.
  if (!spec || !self || !directory.record_shim(*self) || !directory.record_start()) return;
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  // A shutdown of the host sends SIGTERM to every process of a control group. The shim ignores it:
  // if it died, the kernel would kill the program before its grace period is over, and the exit
  // code would be lost.
  std::signal(SIGTERM, SIG_IGN);

  Program program;
  program.arguments = texts_in(*spec, "Cmd");
  program.environment = texts_in(*spec, "Env");
  program.directory = text_member(*spec, "WorkingDir");
  program.file = text_member(*spec, "File");
  if (!program.file.empty()) program.file = find_program(program.file, program.environment);
  program.identity = identity_in(text_member(*spec, "User"));
  program.no_new_privileges = spec->contains("NoNewPrivileges");
  program.dies_with_us = true;
  auto files = open_output_files(program.directory);
  if (!files.ok()) {
    directory.record_failure(files.failure().text);
    return;
  }
  program.output = files.value().out.get();
  program.error = files.value().err.get();
  const auto started = start(program);
  // Closed, because a shim can run for weeks and does not need the files.
  files = OutputFiles{};
  if (!started.ok()) {
    directory.record_failure(started.failure().text);
    return;
  }
  directory.record_program(started.value());
  // HostTaskRuntime::start() returns now.
  report.close();
  const int status = await_end(started.value().pid);
  // Before the end is recorded: a task that has ended has no process left.
  kill_remaining_children();
  directory.record_end(status);
}

}  // namespace containerizer

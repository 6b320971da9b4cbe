#include "engine/host_task/shim.h"

#include <fmt/core.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sstream>

#include "host/file.h"
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

// "uid:gid"; nothing for "".
std::optional<Identity> identity_in(const std::string& text) {
  Identity identity;
  std::istringstream words(text);
  char colon = 0;
  if (!(words >> identity.user >> colon >> identity.group)) return std::nullopt;
  return identity;
}

// As a shell finds it, by the program's own PATH.
std::string find_program(const std::string& file, const std::vector<std::string>& environment) {
  if (file.find('/') != std::string::npos) return file;
  constexpr std::string_view name = "PATH=";
  for (const auto& variable : environment) {
    if (!variable.starts_with(name)) continue;
    std::istringstream directories(variable.substr(name.size()));
    for (std::string directory; std::getline(directories, directory, ':');) {
      auto path = fmt::format("{}/{}", directory, file);
      if (::access(path.c_str(), X_OK) == 0) return path;
    }
  }
  return file;
}

// The descriptors that the program speaks to, open for as long as it is being started.
struct Speech {
  Fd out;
  Fd err;
};

Result<Speech> open_speech(const std::string& sandbox) {
  auto out = open_sandbox_file(sandbox, "stdout");
  if (!out.ok()) return out.failure();
  auto err = open_sandbox_file(sandbox, "stderr");
  if (!err.ok()) return err.failure();
  return Speech{std::move(out.value()), std::move(err.value())};
}

// Nothing that the program has started outlives it.
void end_the_rest() {
  for (;;) {
    const auto children =
        read_small_file(fmt::format("/proc/self/task/{}/children", ::getpid())).value_or("");
    std::istringstream words(children);
    for (pid_t child = 0; words >> child;) ::kill(child, SIGKILL);
    if (::waitpid(-1, nullptr, 0) < 0 && errno == ECHILD) return;
  }
}

int await_end(pid_t program) {
  int status = 0;
  for (;;) {
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended == program || (ended < 0 && errno == ECHILD)) return status;
  }
}

}  // namespace

void run_host_task(const HostTaskDirectory& place, Fd report) {
  auto turn = place.lock();
  if (!turn.ok() || !turn.value().try_lock(0, LockFile::Mode::exclusive)) return;
  const auto spec = place.spec();
  const auto self = identify(::getpid());
  if (!spec || !self || !place.note_shim(*self) || !place.begin()) return;
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  // Whoever ends a whole control group, as the shutdown of the host does, means the program: it
  // gets its time, and its end is seen.
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
  auto speech = open_speech(program.directory);
  if (!speech.ok()) {
    place.note_failure(speech.failure().text);
    return;
  }
  program.output = speech.value().out.get();
  program.error = speech.value().err.get();
  const auto started = start(program);
  speech = Speech{};
  if (!started.ok()) {
    place.note_failure(started.failure().text);
    return;
  }
  place.note_program(started.value());
  report.close();
  const int status = await_end(started.value().pid);
  end_the_rest();
  place.note_end(status);
}

}  // namespace containerizer

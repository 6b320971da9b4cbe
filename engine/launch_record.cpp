#include "engine/launch_record.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "engine/host/fd.h"
#include "engine/host/process.h"
#include "engine/identity.h"
#include "engine/lifecycle.h"

namespace containerizer {
namespace {

// One step down from an open directory, making the next one if need be. Links are not followed, and
// what is given away is what was opened, whatever stands under its name by then.
Fd enter(const Fd& parent, const std::string& name, const struct stat& owner) {
  const bool made = ::mkdirat(parent.get(), name.c_str(), 0755) == 0;
  Fd directory(
      ::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (made && directory.valid() && ::fchown(directory.get(), owner.st_uid, owner.st_gid) != 0) {
    return {};
  }
  return directory;
}

Status make_directory(const std::string& directory, const std::string& sandbox) {
  const auto cannot = [&](const std::string& why) {
    return Failure{Fault::refused, fmt::format("cannot make {}: {}", directory, why)};
  };
  if (directory.rfind(sandbox + "/", 0) != 0) return cannot("it is not within the sandbox");
  Fd place(::open(sandbox.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat owner {};
  if (!place.valid() || ::fstat(place.get(), &owner) != 0) return cannot(std::strerror(errno));
  std::string_view rest = std::string_view(directory).substr(sandbox.size());
  while (!rest.empty()) {
    const auto slash = rest.find('/');
    const std::string name(rest.substr(0, slash));
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (name.empty() || name == ".") continue;
    if (name == "..") return cannot("it leaves the sandbox");
    place = enter(place, name, owner);
    if (!place.valid()) return cannot(std::strerror(errno));
  }
  return Done{};
}

}  // namespace

std::string pack_environment(const EnvironmentMap& environment) {
  std::string packed;
  for (const auto& [name, value] : environment) {
    packed += name;
    packed += '=';
    packed += value;
    packed += '\0';
  }
  return packed;
}

EnvironmentMap unpack_environment(const std::string& packed) {
  EnvironmentMap environment;
  std::string_view rest = packed;
  while (!rest.empty()) {
    const auto end = rest.find('\0');
    const auto entry = rest.substr(0, end);
    if (const auto equals = entry.find('='); equals != std::string_view::npos) {
      environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return environment;
}

Result<store::Container> new_container(const mesos::containerizer::Launch& launch) {
  const auto refuse = [](const std::string& why) {
    return Failure{Fault::refused, "launch refused: " + why};
  };
  const auto& id = launch.container_id().value();
  if (!is_valid_container_id(id)) {
    return refuse("the container id is not 1 to 128 letters, digits, '.', '_' or '-'");
  }
  if (!launch.has_executor_info()) return refuse("the request has no executor_info");
  if (launch.directory().empty() || launch.directory()[0] != '/') {
    return refuse("the request names no sandbox directory");
  }
  store::Container c;
  c.container_id = id;
  c.state = name_of(State::accepted);
  c.kind = kind_of(launch) == TaskKind::command ? "command" : "custom";
  c.slave_id = launch.slave_id().value();
  c.framework_id = launch.executor_info().framework_id().value();
  c.executor_id = launch.executor_info().executor_id().value();
  if (launch.has_task_info()) {
    c.task_id = launch.task_info().task_id().value();
    c.task_name = launch.task_info().name();
  }
  if (launch.has_user()) c.user = launch.user();
  c.directory = launch.directory();
  c.nonce = make_nonce();
  c.boot_id = boot_id();
  return c;
}

store::Limits initial_limits(const mesos::containerizer::Launch& launch) {
  const auto wanted = sum_resources(launch.executor_info().resources());
  store::Limits limits;
  limits.cpus = wanted.cpus;
  if (wanted.memory) limits.memory = limits.hard_memory = memory_limit(*wanted.memory);
  return limits;
}

std::string launcher_directory(const EnvironmentMap& environment) {
  const auto found = environment.find("MESOS_LIBEXEC_DIRECTORY");
  return found == environment.end() ? "/usr/libexec/mesos" : found->second;
}

std::string describe_wait_status(std::optional<int> status) {
  if (!status) return "status unknown";
  if (WIFSIGNALED(*status)) return fmt::format("signal {}", WTERMSIG(*status));
  return fmt::format("exit code {}", WEXITSTATUS(*status));
}

Status make_directories(const std::vector<std::string>& directories, const std::string& sandbox) {
  for (const auto& directory : directories) {
    auto made = make_directory(directory, sandbox);
    if (!made.ok()) return made;
  }
  return Done{};
}

}  // namespace containerizer

#include "engine/host_task/runtime.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "engine/container/identity.h"
#include "host/format.h"
#include "host/json.h"

namespace containerizer {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr Duration longest_start{30'000};
// How long after SIGKILL a task, and everything that it started, may take to exit.
constexpr Duration longest_end{10'000};
// Docker reports death by signal n as exit code 128 + n.
constexpr int signal_base = 128;

Failure failure(const std::string& what, const std::string& path) {
  return {Fault::refused, formatted("cannot {} {}: {}", what, path, std::strerror(errno))};
}

// The exit code that Docker would report.
int exit_code_of(int status) {
  return WIFSIGNALED(status) ? signal_base + WTERMSIG(status) : WEXITSTATUS(status);
}

// Reports the exit of the task's shim, which exits after the task. An invalid `end` means that the
// shim has exited.
class HostTaskExit : public ExitStream {
 public:
  HostTaskExit(Host& host, Fd end) : host_(host), end_(std::move(end)) {}
  int fd() const override { return end_.get(); }
  Result<bool> ended() override {
    return !end_.valid() || host_.poll({end_.get()}, host_.now())[0];
  }

 private:
  Host& host_;
  Fd end_;
};

bool exists(Host& host, const std::optional<ProcessId>& process) {
  return process && host.life_of(*process) != Life::gone;
}

void signal_program(Host& host, const HostTaskDirectory& directory, int signal) {
  if (const auto program = directory.program()) host.signal_group(*program, signal);
}

ContainerFacts facts_of(Host& host, const HostTaskDirectory& directory, const json::object& spec) {
  ContainerFacts facts;
  facts.id = fs::path(directory.path()).filename();
  facts.name = text_member(spec, "Name");
  if (const auto* labels = spec.if_contains("Labels"); labels != nullptr && labels->is_object()) {
    for (const auto& label : labels->get_object()) {
      facts.labels.emplace(label.key(), label.value().as_string());
    }
  }
  // Before the files are read: if no process exists now, the files no longer change. In the other
  // order, the task could record its end and exit in between, and would look killed.
  const bool is_alive = exists(host, directory.shim()) || exists(host, directory.program());
  facts.error = directory.failure();
  facts.started = directory.may_have_started() && facts.error.empty();
  const auto end = directory.end();
  const bool runs = !end && is_alive;
  facts.status = !facts.started ? "created" : runs ? "running" : "exited";
  if (runs) return facts;
  // Without a recorded end, the shim was killed, and the kernel has then killed the program.
  facts.exit_code = end ? exit_code_of(end->status) : signal_base + SIGKILL;
  if (end) facts.finished_at = end->finished_at;
  return facts;
}

}  // namespace

HostTaskRuntime::HostTaskRuntime(Docker& docker, Host& host, const Settings& settings,
                                 std::string program)
    : docker_(docker),
      host_(host),
      settings_(settings),
      parent_(settings.state_directory() + "/host-tasks"),
      program_(std::move(program)) {}

std::optional<HostTaskDirectory> HostTaskRuntime::directory_of(const std::string& container) const {
  std::error_code error;
  auto id = fs::read_symlink(parent_ + "/names/" + container, error).string();
  if (error) id = container;
  const auto path = parent_ + "/" + id;
  if (id.empty() || !fs::is_directory(path, error)) return std::nullopt;
  return HostTaskDirectory(path);
}

Result<std::string> HostTaskRuntime::create(const std::string& name, const json::object& body) {
  if (!text_member(body, "Image").empty()) return docker_.create(name, body);
  const auto id = make_nonce() + make_nonce();
  for (const auto& path : {parent_, parent_ + "/names", parent_ + "/" + id}) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failure("make", path);
  }
  const HostTaskDirectory directory(parent_ + "/" + id);
  // list() shows the task as soon as it has a spec, and another process may then remove it. With
  // this lock, remove() waits until the task is complete.
  auto lock = directory.lock();
  if (!lock.ok()) return lock.failure();
  lock.value().try_lock(0, LockFile::Mode::exclusive);
  auto spec = body;
  spec["Name"] = name;
  const auto file = directory.path() + "/spec.json";
  if (!write_whole(file, json::serialize(spec))) return failure("write", file);
  // The name is a symbolic link. Two processes cannot make the same one, so the name is unique, as
  // the names of Docker's containers are.
  const auto link = parent_ + "/names/" + name;
  if (::symlink(id.c_str(), link.c_str()) == 0) return id;
  const bool is_taken = errno == EEXIST;
  auto problem = failure("make", link);
  if (is_taken) problem.fault = Fault::conflict;
  std::error_code ignored;
  fs::remove_all(directory.path(), ignored);
  return problem;
}

Status HostTaskRuntime::start(const std::string& container) {
  const auto directory = directory_of(container);
  if (!directory) return docker_.start(container);
  if (!directory->may_have_started()) {
    Program shim;
    shim.arguments = {program_, "host-task-shim", directory->path()};
    shim.environment = {"MESOS_WORK_DIRECTORY=" + settings_.work_directory};
    shim.directory = "/";
    shim.detached = true;
    // Returns when the shim closes its standard output: then the program runs, or cannot run.
    const auto report = host_.run_and_capture(shim, host_.now() + longest_start, -1);
    if (!report.ok()) return report.failure();
  }
  if (const auto failure = directory->failure(); !failure.empty()) {
    return Failure{Fault::refused, failure};
  }
  if (directory->may_have_started()) return Done{};
  return Failure{Fault::unavailable,
                 "the process that runs host task " + container + " did not start"};
}

Result<ContainerFacts> HostTaskRuntime::inspect(const std::string& container) {
  const auto directory = directory_of(container);
  if (!directory) return docker_.inspect(container);
  const auto spec = directory->spec();
  if (!spec) return Failure{Fault::not_found, "host task " + container + " does not exist"};
  return facts_of(host_, *directory, *spec);
}

Result<std::vector<ContainerFacts>> HostTaskRuntime::list(const std::string& label,
                                                          const std::string& value) {
  auto all = docker_.list(label, value);
  if (!all.ok()) return all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(parent_, ignored)) {
    const HostTaskDirectory directory(entry.path());
    const auto spec = directory.spec();
    if (!spec) continue;
    auto facts = facts_of(host_, directory, *spec);
    const auto found = facts.labels.find(label);
    if (found == facts.labels.end() || found->second != value) continue;
    all.value().push_back(std::move(facts));
  }
  return all;
}

Status HostTaskRuntime::kill(const std::string& container, const std::string& signal) {
  const auto directory = directory_of(container);
  if (!directory) return docker_.kill(container, signal);
  // Callers send SIGKILL, or the stop signal of the image. A host task has no image, and stops on
  // SIGTERM.
  signal_program(host_, *directory, signal == "SIGKILL" ? SIGKILL : SIGTERM);
  return Done{};
}

Status HostTaskRuntime::remove(const std::string& container) {
  const auto directory = directory_of(container);
  if (!directory) return docker_.remove(container);
  signal_program(host_, *directory, SIGKILL);
  // The shim has this lock until all of the task's processes have exited. With the lock in our
  // hands, no other shim can start the program.
  auto lock = directory->lock();
  if (!lock.ok()) return lock.failure();
  const auto await_lock = [&] {
    return host_.lock(lock.value(), 0, LockFile::Mode::exclusive, host_.now() + longest_end,
                      nullptr) == LockFile::Outcome::locked;
  };
  if (!await_lock()) {
    // The shim may be stopped or stuck. When it dies, the kernel kills the program.
    if (const auto shim = directory->shim()) host_.signal(*shim, SIGKILL);
    if (!await_lock()) {
      return Failure{Fault::unavailable,
                     formatted("host task {} did not exit within {} s after SIGKILL", container,
                               longest_end.count() / 1000)};
    }
  }
  if (const auto spec = directory->spec()) {
    const auto link = parent_ + "/names/" + text_member(*spec, "Name");
    std::error_code error;
    // The name may belong to another task: a create() that was killed can leave a task without one.
    if (fs::read_symlink(link, error) == fs::path(directory->path()).filename()) {
      ::unlink(link.c_str());
    }
  }
  std::error_code error;
  fs::remove_all(directory->path(), error);
  if (!error) return Done{};
  return Failure{Fault::unavailable, "cannot remove " + directory->path() + ": " + error.message()};
}

// Nothing enforces limits on a host task, so there is nothing to change.
Status HostTaskRuntime::update(const std::string& container, const json::object& body) {
  return directory_of(container) ? Status(Done{}) : docker_.update(container, body);
}

Result<bool> HostTaskRuntime::has_image(const std::string& reference) {
  if (reference.empty()) return true;
  return docker_.has_image(reference);
}

Result<ExposedPorts> HostTaskRuntime::exposed_ports(const std::string& reference) {
  return docker_.exposed_ports(reference);
}

Status HostTaskRuntime::pull(const std::string& reference, const RegistryAuth& auth, int interrupt,
                             const PullListener& listener) {
  if (reference.empty()) return Done{};
  return docker_.pull(reference, auth, interrupt, listener);
}

// Null: a host task's program writes to the files of the sandbox itself.
Result<std::unique_ptr<Attachment>> HostTaskRuntime::attach(const std::string& container) {
  if (!directory_of(container)) return docker_.attach(container);
  return std::unique_ptr<Attachment>();
}

Result<std::unique_ptr<LogReader>> HostTaskRuntime::read_log(const std::string& container,
                                                             const std::string& since,
                                                             std::size_t most) {
  if (!directory_of(container)) return docker_.read_log(container, since, most);
  return Failure{Fault::refused, "a task on the host writes to its sandbox itself"};
}

Result<std::unique_ptr<ExitStream>> HostTaskRuntime::open_exit_stream(
    const std::string& container) {
  const auto directory = directory_of(container);
  if (!directory) return docker_.open_exit_stream(container);
  const auto shim = directory->shim();
  auto end = shim ? host_.exit_descriptor(*shim) : Fd();
  // The caller tries again, as when the daemon does not respond.
  if (end.failed_with(Fault::unavailable)) return end.failure();
  return std::unique_ptr<ExitStream>(
      std::make_unique<HostTaskExit>(host_, end.ok() ? std::move(end.value()) : Fd()));
}

// Only this program signals a host task.
Result<std::vector<int>> HostTaskRuntime::signals_sent(const ContainerFacts& ended) {
  if (!directory_of(ended.id)) return docker_.signals_sent(ended);
  return std::vector<int>();
}

Status HostTaskRuntime::ping() { return docker_.ping(); }

Result<DaemonInfo> HostTaskRuntime::info() { return docker_.info(); }

}  // namespace containerizer

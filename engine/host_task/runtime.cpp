#include "engine/host_task/runtime.h"

#include <fmt/core.h>
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
#include "host/json.h"

namespace containerizer {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr Duration longest_start{30'000};
// From SIGKILL to the end of all that it reaches.
constexpr Duration longest_end{10'000};
constexpr int of_signal = 128;

Failure failure(const std::string& what, const std::string& path) {
  return {Fault::refused, fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))};
}

// As Docker tells it.
int exit_code_of(int status) {
  return WIFSIGNALED(status) ? of_signal + WTERMSIG(status) : WEXITSTATUS(status);
}

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

bool lives(Host& host, const std::optional<ProcessId>& process) {
  return process && host.identify(process->pid) == process;
}

void signal_program(Host& host, const HostTaskDirectory& place, int signal) {
  if (const auto program = place.program()) host.signal_group(*program, signal);
}

ContainerFacts facts_of(Host& host, const HostTaskDirectory& place, const json::object& spec) {
  ContainerFacts facts;
  facts.id = fs::path(place.directory()).filename();
  facts.name = text_member(spec, "Name");
  if (const auto* labels = spec.if_contains("Labels"); labels != nullptr && labels->is_object()) {
    for (const auto& label : labels->get_object()) {
      facts.labels.emplace(label.key(), label.value().as_string());
    }
  }
  // First, because whoever lives may write what is read next.
  const bool has_life = lives(host, place.shim()) || lives(host, place.program());
  facts.error = place.failure();
  facts.started = place.has_begun() && facts.error.empty();
  const auto end = place.end();
  const bool runs = !end && has_life;
  facts.status = !facts.started ? "created" : runs ? "running" : "exited";
  if (runs) return facts;
  // Without its keeper the kernel has killed it.
  facts.exit_code = end ? exit_code_of(end->status) : of_signal + SIGKILL;
  if (end) facts.finished_at = end->finished_at;
  return facts;
}

}  // namespace

HostTaskRuntime::HostTaskRuntime(Docker& docker, Host& host, const Settings& settings,
                                 std::string program)
    : docker_(docker),
      host_(host),
      settings_(settings),
      directory_(settings.state_directory() + "/host-tasks"),
      program_(std::move(program)) {}

std::optional<HostTaskDirectory> HostTaskRuntime::place_of(const std::string& container) const {
  std::error_code error;
  auto id = fs::read_symlink(directory_ + "/names/" + container, error).string();
  if (error) id = container;
  const auto place = directory_ + "/" + id;
  if (id.empty() || !fs::is_directory(place, error)) return std::nullopt;
  return HostTaskDirectory(place);
}

Result<std::string> HostTaskRuntime::create(const std::string& name, const json::object& body) {
  if (!text_member(body, "Image").empty()) return docker_.create(name, body);
  const auto id = make_nonce() + make_nonce();
  for (const auto& directory : {directory_, directory_ + "/names", directory_ + "/" + id}) {
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return failure("make", directory);
  }
  const HostTaskDirectory place(directory_ + "/" + id);
  // Whoever sweeps leaves it alone.
  auto turn = place.lock();
  if (!turn.ok()) return turn.failure();
  turn.value().try_lock(0, LockFile::Mode::exclusive);
  auto spec = body;
  spec["Name"] = name;
  const auto file = place.directory() + "/spec.json";
  if (!write_whole(file, json::serialize(spec))) return failure("write", file);
  const auto link = directory_ + "/names/" + name;
  if (::symlink(id.c_str(), link.c_str()) == 0) return id;
  auto problem = failure("make", link);
  if (errno == EEXIST) problem.fault = Fault::conflict;
  std::error_code ignored;
  fs::remove_all(place.directory(), ignored);
  return problem;
}

Status HostTaskRuntime::start(const std::string& container) {
  const auto place = place_of(container);
  if (!place) return docker_.start(container);
  if (!place->has_begun()) {
    Program shim;
    shim.arguments = {program_, "host-task-shim", place->directory()};
    shim.environment = {"MESOS_WORK_DIRECTORY=" + settings_.work_directory};
    shim.directory = "/";
    shim.detached = true;
    const auto heard = host_.run_and_capture(shim, host_.now() + longest_start, -1);
    if (!heard.ok()) return heard.failure();
  }
  if (const auto failure = place->failure(); !failure.empty()) {
    return Failure{Fault::refused, failure};
  }
  if (place->has_begun()) return Done{};
  return Failure{Fault::unavailable, "the shim of " + container + " did not start"};
}

Result<ContainerFacts> HostTaskRuntime::inspect(const std::string& container) {
  const auto place = place_of(container);
  if (!place) return docker_.inspect(container);
  const auto spec = place->spec();
  if (!spec) return Failure{Fault::not_found, "no such process: " + container};
  return facts_of(host_, *place, *spec);
}

Result<std::vector<ContainerFacts>> HostTaskRuntime::list(const std::string& label,
                                                          const std::string& value) {
  auto all = docker_.list(label, value);
  if (!all.ok()) return all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory_, ignored)) {
    const HostTaskDirectory place(entry.path());
    const auto spec = place.spec();
    if (!spec) continue;
    auto facts = facts_of(host_, place, *spec);
    const auto found = facts.labels.find(label);
    if (found == facts.labels.end() || found->second != value) continue;
    all.value().push_back(std::move(facts));
  }
  return all;
}

Status HostTaskRuntime::kill(const std::string& container, const std::string& signal) {
  const auto place = place_of(container);
  if (!place) return docker_.kill(container, signal);
  signal_program(host_, *place, signal == "SIGKILL" ? SIGKILL : SIGTERM);
  return Done{};
}

Status HostTaskRuntime::remove(const std::string& container) {
  const auto place = place_of(container);
  if (!place) return docker_.remove(container);
  signal_program(host_, *place, SIGKILL);
  // Nobody can begin it from here on.
  auto turn = place->lock();
  if (!turn.ok()) return turn.failure();
  const auto await = [&] {
    return host_.lock(turn.value(), 0, LockFile::Mode::exclusive, host_.now() + longest_end,
                      nullptr) == LockFile::Outcome::locked;
  };
  if (!await()) {
    if (const auto shim = place->shim()) host_.signal(*shim, SIGKILL);
    if (!await()) {
      return Failure{Fault::unavailable, "the process of " + container + " does not end"};
    }
  }
  if (const auto spec = place->spec()) {
    const auto link = directory_ + "/names/" + text_member(*spec, "Name");
    std::error_code error;
    if (fs::read_symlink(link, error) == fs::path(place->directory()).filename()) {
      ::unlink(link.c_str());
    }
  }
  std::error_code error;
  fs::remove_all(place->directory(), error);
  if (!error) return Done{};
  return Failure{Fault::unavailable,
                 "cannot remove " + place->directory() + ": " + error.message()};
}

Status HostTaskRuntime::update(const std::string& container, const json::object& body) {
  return place_of(container) ? Status(Done{}) : docker_.update(container, body);
}

Result<bool> HostTaskRuntime::has_image(const std::string& reference) {
  if (reference.empty()) return true;
  return docker_.has_image(reference);
}

Status HostTaskRuntime::pull(const std::string& reference, const RegistryAuth& auth, int interrupt,
                             const PullListener& listener) {
  if (reference.empty()) return Done{};
  return docker_.pull(reference, auth, interrupt, listener);
}

// A task's program on the host has the sandbox's files as its standard output and error.
Result<std::unique_ptr<Attachment>> HostTaskRuntime::attach(const std::string& container) {
  if (!place_of(container)) return docker_.attach(container);
  return std::unique_ptr<Attachment>();
}

Result<std::unique_ptr<LogReader>> HostTaskRuntime::read_log(const std::string& container,
                                                             const std::string& since,
                                                             std::size_t most) {
  if (!place_of(container)) return docker_.read_log(container, since, most);
  return Failure{Fault::refused, "a task on the host writes to its sandbox itself"};
}

Result<std::unique_ptr<ExitStream>> HostTaskRuntime::open_exit_stream(
    const std::string& container) {
  const auto place = place_of(container);
  if (!place) return docker_.open_exit_stream(container);
  const auto shim = place->shim();
  auto end = shim ? host_.exit_descriptor(*shim) : Fd();
  return std::unique_ptr<ExitStream>(std::make_unique<HostTaskExit>(host_, std::move(end)));
}

Status HostTaskRuntime::ping() { return docker_.ping(); }

}  // namespace containerizer

#include "engine/plain/engine.h"

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

#include "engine/host/json.h"
#include "engine/identity.h"

namespace containerizer {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr Duration longest_start{30'000};
// From SIGKILL to the end of all that it reaches.
constexpr Duration longest_end{10'000};
constexpr int of_signal = 128;

Failure cannot(const std::string& what, const std::string& path) {
  return {Fault::refused, fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))};
}

// As Docker tells it.
int exit_code_of(int status) {
  return WIFSIGNALED(status) ? of_signal + WTERMSIG(status) : WEXITSTATUS(status);
}

// Its program speaks to the sandbox itself.
class NoOutput : public OutputStream {
 public:
  explicit NoOutput(Fd end) : end_(std::move(end)) {}
  int fd() const override { return end_.get(); }
  Result<std::optional<OutputEntry>> next() override {
    return Failure{Fault::not_found, "a plain process has no output of its own"};
  }

 private:
  Fd end_;
};

class PlainExit : public ExitStream {
 public:
  PlainExit(Host& host, Fd end) : host_(host), end_(std::move(end)) {}
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

void signal_program(Host& host, const PlainPlace& place, int signal) {
  if (const auto program = place.program()) host.signal_group(*program, signal);
}

ContainerFacts facts_of(Host& host, const PlainPlace& place, const json::object& spec) {
  ContainerFacts facts;
  facts.id = fs::path(place.directory()).filename();
  facts.name = text_member(spec, "Name");
  if (const auto* labels = spec.if_contains("Labels"); labels != nullptr && labels->is_object()) {
    for (const auto& label : labels->get_object()) {
      facts.labels.emplace(label.key(), label.value().as_string());
    }
  }
  // First, because whoever lives may write what is read next.
  const bool has_life = lives(host, place.keeper()) || lives(host, place.program());
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

PlainEngine::PlainEngine(Docker& docker, Host& host, const Config& config, std::string program)
    : docker_(docker),
      host_(host),
      config_(config),
      directory_(config.state_directory() + "/plain"),
      program_(std::move(program)) {}

std::optional<PlainPlace> PlainEngine::place_of(const std::string& container) const {
  std::error_code error;
  auto id = fs::read_symlink(directory_ + "/names/" + container, error).string();
  if (error) id = container;
  const auto place = directory_ + "/" + id;
  if (id.empty() || !fs::is_directory(place, error)) return std::nullopt;
  return PlainPlace(place);
}

Result<std::string> PlainEngine::create(const std::string& name, const json::object& body) {
  if (!text_member(body, "Image").empty()) return docker_.create(name, body);
  const auto id = make_nonce() + make_nonce();
  for (const auto& directory : {directory_, directory_ + "/names", directory_ + "/" + id}) {
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return cannot("make", directory);
  }
  const PlainPlace place(directory_ + "/" + id);
  // Whoever sweeps leaves it alone.
  auto turn = place.lock();
  if (!turn.ok()) return turn.failure();
  turn.value().try_lock(0, LockFile::Mode::exclusive);
  auto spec = body;
  spec["Name"] = name;
  const auto file = place.directory() + "/spec.json";
  if (!write_whole(file, json::serialize(spec))) return cannot("write", file);
  const auto link = directory_ + "/names/" + name;
  if (::symlink(id.c_str(), link.c_str()) == 0) return id;
  auto failure = cannot("make", link);
  if (errno == EEXIST) failure.fault = Fault::conflict;
  std::error_code ignored;
  fs::remove_all(place.directory(), ignored);
  return failure;
}

Status PlainEngine::start(const std::string& container) {
  const auto place = place_of(container);
  if (!place) return docker_.start(container);
  if (!place->has_begun()) {
    Program keeper;
    keeper.arguments = {program_, "keep", place->directory()};
    keeper.environment = {"MESOS_WORK_DIRECTORY=" + config_.work_directory};
    keeper.directory = "/";
    keeper.detached = true;
    const auto heard = host_.hear(keeper, host_.now() + longest_start, -1);
    if (!heard.ok()) return heard.failure();
  }
  if (const auto failure = place->failure(); !failure.empty()) {
    return Failure{Fault::refused, failure};
  }
  if (place->has_begun()) return Done{};
  return Failure{Fault::unavailable, "the keeper of " + container + " did not begin"};
}

Result<ContainerFacts> PlainEngine::inspect(const std::string& container) {
  const auto place = place_of(container);
  if (!place) return docker_.inspect(container);
  const auto spec = place->spec();
  if (!spec) return Failure{Fault::not_found, "no such process: " + container};
  return facts_of(host_, *place, *spec);
}

Result<std::vector<ContainerFacts>> PlainEngine::list(const std::string& label,
                                                      const std::string& value) {
  auto all = docker_.list(label, value);
  if (!all.ok()) return all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory_, ignored)) {
    const PlainPlace place(entry.path());
    const auto spec = place.spec();
    if (!spec) continue;
    auto facts = facts_of(host_, place, *spec);
    const auto found = facts.labels.find(label);
    if (found == facts.labels.end() || found->second != value) continue;
    all.value().push_back(std::move(facts));
  }
  return all;
}

Status PlainEngine::kill(const std::string& container, const std::string& signal) {
  const auto place = place_of(container);
  if (!place) return docker_.kill(container, signal);
  signal_program(host_, *place, signal == "SIGKILL" ? SIGKILL : SIGTERM);
  return Done{};
}

Status PlainEngine::remove(const std::string& container) {
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
    if (const auto keeper = place->keeper()) host_.signal(*keeper, SIGKILL);
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

Status PlainEngine::update(const std::string& container, const json::object& body) {
  return place_of(container) ? Status(Done{}) : docker_.update(container, body);
}

Result<bool> PlainEngine::has_image(const std::string& reference) {
  if (reference.empty()) return true;
  return docker_.has_image(reference);
}

Status PlainEngine::pull(const std::string& reference, const RegistryAuth& auth, int interrupt,
                         const PullListener& listener) {
  if (reference.empty()) return Done{};
  return docker_.pull(reference, auth, interrupt, listener);
}

Result<std::unique_ptr<OutputStream>> PlainEngine::output(const std::string& container,
                                                          const std::string& since, bool follow) {
  const auto place = place_of(container);
  if (!place) return docker_.output(container, since, follow);
  return std::unique_ptr<OutputStream>(std::make_unique<NoOutput>(Fd()));
}

Result<std::unique_ptr<ExitStream>> PlainEngine::watch_exit(const std::string& container) {
  const auto place = place_of(container);
  if (!place) return docker_.watch_exit(container);
  const auto keeper = place->keeper();
  auto end = keeper ? host_.watch(*keeper) : Fd();
  return std::unique_ptr<ExitStream>(std::make_unique<PlainExit>(host_, std::move(end)));
}

Status PlainEngine::ping() { return docker_.ping(); }

}  // namespace containerizer

#include "tests/simulation/universe.h"

#include <fmt/core.h>

#include <csignal>
#include <fstream>
#include <stdexcept>

namespace containerizer::simulation {
namespace {

constexpr int killed_code = 137;
constexpr int terminated_code = 143;
// More than any story has.
constexpr long too_many = 20'000;
// After so much of its own time a simulation hangs.
constexpr Duration too_long{30LL * 24 * 3600 * 1000};

Failure no_such(const std::string& container) {
  return {Fault::not_found, "no such container: " + container};
}

}  // namespace

// --- Streams

class SimulatedExit : public ExitStream {
 public:
  SimulatedExit(Universe& universe, std::string id)
      : universe_(universe),
        id_(std::move(id)),
        broken_(universe.strikes(universe.weather_.broken_stream)) {
    fd_ = universe_.new_descriptor([this] { return broken_ || is_over(); });
  }
  ~SimulatedExit() override { universe_.descriptors_.erase(fd_); }
  int fd() const override { return fd_; }
  Result<bool> ended() override {
    universe_.step();
    if (broken_) return Failure{Fault::unavailable, "the connection broke"};
    if (universe_.find(id_) == nullptr) return no_such(id_);
    return is_over();
  }

 private:
  bool is_over() const {
    const auto* container = universe_.find(id_);
    return container == nullptr || (!container->running && !container->is_denied);
  }

  Universe& universe_;
  std::string id_;
  bool broken_;
  int fd_;
};

class SimulatedOutput : public OutputStream {
 public:
  SimulatedOutput(Universe& universe, std::string id, const std::string& since, bool follow)
      : universe_(universe),
        id_(std::move(id)),
        follow_(follow),
        broken_(universe.strikes(universe.weather_.broken_stream)) {
    const auto* container = universe_.find(id_);
    while (container != nullptr && next_ < container->output.size() &&
           container->output[next_].timestamp < since) {
      ++next_;
    }
    fd_ = universe_.new_descriptor([this] { return broken_ || has_entry() || is_over(); });
  }
  ~SimulatedOutput() override { universe_.descriptors_.erase(fd_); }
  int fd() const override { return fd_; }

  Result<std::optional<OutputEntry>> next() override {
    universe_.step();
    if (has_entry()) return std::optional(universe_.find(id_)->output[next_++]);
    if (broken_) return Failure{Fault::unavailable, "the connection broke"};
    if (is_over()) return Failure{Fault::not_found, "the output has ended"};
    return std::optional<OutputEntry>();
  }

 private:
  bool has_entry() const {
    const auto* container = universe_.find(id_);
    return container != nullptr && next_ < container->output.size();
  }
  bool is_over() const {
    const auto* container = universe_.find(id_);
    return !follow_ || container == nullptr || !container->running;
  }

  Universe& universe_;
  std::string id_;
  bool follow_;
  bool broken_;
  std::size_t next_ = 0;
  int fd_;
};

// --- The daemon

class SimulatedDocker : public Docker {
 public:
  explicit SimulatedDocker(Universe& universe) : universe_(universe) {}

  Result<std::string> create(const std::string& name, const boost::json::object& body) override {
    return call<Result<std::string>>([&]() -> Result<std::string> {
      if (!universe_.image_is_there) return Failure{Fault::not_found, "no such image"};
      if (universe_.containers_.count(name) > 0) {
        return Failure{Fault::conflict, "the name " + name + " is already in use"};
      }
      auto& made = universe_.containers_[name];
      made.id = fmt::format("{:064x}", universe_.next_number_++);
      for (const auto& label : body.at("Labels").as_object()) {
        made.labels[std::string(label.key())] = label.value().as_string();
      }
      return made.id;
    });
  }

  Status start(const std::string& container) override {
    return change(container, [&](const std::string& name) { universe_.start(name); });
  }

  Result<ContainerFacts> inspect(const std::string& container) override {
    return call<Result<ContainerFacts>>([&]() -> Result<ContainerFacts> {
      const auto* found = universe_.find(container);
      if (found == nullptr) return no_such(container);
      return facts_of(*found, container);
    });
  }

  Result<std::vector<ContainerFacts>> list(const std::string& label,
                                           const std::string& value) override {
    return call<Result<std::vector<ContainerFacts>>>([&] {
      std::vector<ContainerFacts> all;
      for (const auto& [name, one] : universe_.containers_) {
        const auto found = one.labels.find(label);
        if (found != one.labels.end() && found->second == value) all.push_back(facts_of(one, name));
      }
      return Result(all);
    });
  }

  Status kill(const std::string& container, const std::string& signal) override {
    return call<Status>([&]() -> Status {
      if (universe_.find(container) != nullptr) {
        universe_.signal(universe_.name_of(container), signal);
      }
      return Done{};
    });
  }

  Status remove(const std::string& container) override {
    return call<Status>([&]() -> Status {
      if (universe_.find(container) != nullptr) universe_.forget(universe_.name_of(container));
      return Done{};
    });
  }

  Status update(const std::string& container, const boost::json::object& /*body*/) override {
    return change(container, [](const std::string&) {});
  }

  Result<bool> has_image(const std::string& /*reference*/) override {
    return call<Result<bool>>([&] { return Result(universe_.image_is_there); });
  }

  Status pull(const std::string& reference, const RegistryAuth& /*auth*/, int /*interrupt*/,
              const std::function<void(const std::string&)>& progress) override {
    return call<Status>([&]() -> Status {
      progress("pulling " + reference);
      universe_.image_is_there = true;
      return Done{};
    });
  }

  Result<std::unique_ptr<OutputStream>> output(const std::string& container,
                                               const std::string& since, bool follow) override {
    return call<Result<std::unique_ptr<OutputStream>>>(
        [&]() -> Result<std::unique_ptr<OutputStream>> {
          const auto* found = universe_.find(container);
          if (found == nullptr) return no_such(container);
          return std::unique_ptr<OutputStream>(
              std::make_unique<SimulatedOutput>(universe_, found->id, since, follow));
        });
  }

  Result<std::unique_ptr<ExitStream>> watch_exit(const std::string& container) override {
    return call<Result<std::unique_ptr<ExitStream>>>([&]() -> Result<std::unique_ptr<ExitStream>> {
      const auto* found = universe_.find(container);
      if (found == nullptr) return no_such(container);
      return std::unique_ptr<ExitStream>(std::make_unique<SimulatedExit>(universe_, found->id));
    });
  }

  Status ping() override { return Done{}; }

 private:
  // One call: the program can die before it and after it, and either half can be lost.
  template <class Answer, class Effect>
  Answer call(Effect effect) {
    universe_.step();
    if (const auto lost = universe_.fault(universe_.weather_.lost_request)) return *lost;
    auto answer = effect();
    universe_.step();
    if (const auto lost = universe_.fault(universe_.weather_.lost_reply)) return *lost;
    return answer;
  }

  template <class Effect>
  Status change(const std::string& container, Effect effect) {
    return call<Status>([&]() -> Status {
      if (universe_.find(container) == nullptr) return no_such(container);
      effect(universe_.name_of(container));
      return Done{};
    });
  }

  ContainerFacts facts_of(const SimulatedContainer& container, const std::string& reference) {
    ContainerFacts facts;
    facts.id = container.id;
    facts.name = universe_.name_of(reference);
    facts.labels = container.labels;
    facts.started = container.starts > 0;
    const bool runs = container.running || container.is_denied;
    facts.status = runs ? "running" : facts.started ? "exited" : "created";
    facts.pid = runs ? universe_.init_of(container.id) : 0;
    facts.exit_code = container.exit_code;
    facts.oom_killed = container.oom_killed;
    return facts;
  }

  Universe& universe_;
};

// --- The host

class SimulatedHost : public Host {
 public:
  explicit SimulatedHost(Universe& universe) : universe_(universe) {
    wake_ = universe.new_descriptor([this] { return universe_.woken_; });
  }
  ~SimulatedHost() override { universe_.descriptors_.erase(wake_); }

  std::string boot() const override { return fmt::format("boot {}", universe_.boot_); }
  Deadline now() const override { return universe_.now_; }

  std::vector<bool> poll(const std::vector<int>& descriptors, Deadline deadline) override {
    universe_.step();
    for (;;) {
      std::vector<bool> ready;
      bool any = false;
      for (const int fd : descriptors) {
        const auto found = universe_.descriptors_.find(fd);
        ready.push_back(found != universe_.descriptors_.end() && found->second());
        any = any || ready.back();
      }
      if (any || universe_.now_ >= deadline) return ready;
      universe_.advance_to(deadline);
    }
  }

  int wake() const override { return wake_; }
  void clear_wake() override { universe_.woken_ = false; }

  std::optional<ProcessId> identify(pid_t pid) override { return ProcessId{pid, 1}; }
  std::optional<ProcessId> identify_init(std::int64_t pid, const std::string& id) override {
    const ProcessId process{static_cast<pid_t>(pid), 1};
    const bool is_its = pid > 0 && universe_.init_of(id) == pid && universe_.is_alive(process);
    return is_its ? std::optional(process) : std::nullopt;
  }
  Fd watch(const ProcessId& process) override {
    if (!universe_.is_alive(process)) return Fd();
    return Fd(universe_.new_descriptor(
        [&universe = universe_, process] { return !universe.is_alive(process); }));
  }
  void signal(const ProcessId& process, int signal) override {
    for (const auto& [id, pid] : universe_.inits_) {
      if (pid == process.pid && universe_.find(id) != nullptr) {
        universe_.signal(universe_.name_of(id), signal == SIGKILL ? "SIGKILL" : "SIGTERM");
      }
    }
  }
  void signal_group(const ProcessId& leader, int /*signal*/) override {
    universe_.alive_.erase(leader.pid);
  }

  // mesos-executor: lives until a second after the task, or as long as is planned.
  Result<ProcessId> prepare(const Program& program) override {
    universe_.step();
    begun_file_ = program.begun_file;
    prepared_ = ProcessId{universe_.next_number_++, 1};
    return prepared_;
  }
  Status allow() override {
    universe_.step();
    std::ofstream(begun_file_).put('\n');
    const auto pid = prepared_.pid;
    universe_.alive_.insert(pid);
    if (universe_.executor_lives_for) {
      universe_.at(*universe_.executor_lives_for,
                   [&universe = universe_, pid] { universe.alive_.erase(pid); });
    }
    universe_.step();
    return Done{};
  }
  Result<ProcessId> start(const Program& program) override {
    auto started = prepare(program);
    auto allowed = allow();
    return started;
  }
  std::optional<int> reap(const ProcessId& /*child*/) override { return 0; }

 private:
  Universe& universe_;
  int wake_;
  ProcessId prepared_;
  std::string begun_file_;
};

// --- The universe

Universe::Universe(std::uint64_t seed, Weather weather)
    : random_(seed), weather_(weather), now_(std::chrono::steady_clock::now()) {}

std::unique_ptr<Docker> Universe::docker() { return std::make_unique<SimulatedDocker>(*this); }
std::unique_ptr<Host> Universe::host() { return std::make_unique<SimulatedHost>(*this); }

void Universe::at(Duration from_now, std::function<void()> what) {
  events_.emplace(now_ + from_now, std::move(what));
}

void Universe::step() {
  if (++steps_ == kill_at_) throw Killed();
  if (steps_ > too_many) throw std::runtime_error("this does not end");
}

bool Universe::strikes(double probability) {
  return std::uniform_real_distribution<>(0, 1)(random_) < probability;
}

std::optional<Failure> Universe::fault(double probability) {
  if (!strikes(probability)) return std::nullopt;
  return Failure{Fault::unavailable, "the daemon gave no answer"};
}

// To the next thing that happens, if that is before `time`.
void Universe::advance_to(Deadline time) {
  const auto next = events_.begin();
  if (next == events_.end() || next->first > time) {
    if (time - now_ > too_long) throw std::runtime_error("nothing will ever happen any more");
    now_ = time;
    return;
  }
  now_ = std::max(now_, next->first);
  const auto what = std::move(next->second);
  events_.erase(next);
  what();
}

void Universe::start(const std::string& name) {
  auto& container = containers_.at(name);
  if (container.running) return;
  ++container.starts;
  container.running = true;
  inits_[container.id] = next_number_;
  alive_.insert(next_number_++);
  for (int line = 0; line < program.lines; ++line) {
    at(Duration(line), [this, name, line] { print(name, line); });
  }
  if (program.runs_for) at(*program.runs_for, [this, name] { end(name, program.exit_code); });
}

void Universe::signal(const std::string& name, const std::string& signal) {
  if (signal == "SIGKILL") {
    end(name, killed_code);
  } else if (!program.ignores_term) {
    end(name, terminated_code);
  }
}

void Universe::end(const std::string& name, int exit_code) {
  const auto found = containers_.find(name);
  if (found == containers_.end() || !found->second.running) return;
  auto& container = found->second;
  container.running = false;
  container.exit_code = exit_code;
  alive_.erase(inits_[container.id]);
  container.is_denied = program.end_is_denied;
  if (program.oom_told_after) {
    at(*program.oom_told_after, [this, name] {
      if (containers_.count(name) > 0) containers_.at(name).oom_killed = true;
    });
  }
  ended_.push_back(container);
  if (!executor_lives_for) {
    // Executors are all that is alive beside inits.
    at(Duration(1000), [this] {
      std::set<pid_t> inits;
      for (const auto& [id, pid] : inits_) inits.insert(pid);
      std::erase_if(alive_, [&](pid_t pid) { return inits.count(pid) == 0; });
    });
  }
}

void Universe::print(const std::string& name, int line) {
  const auto found = containers_.find(name);
  if (found == containers_.end() || !found->second.running) return;
  found->second.output.push_back({OutputEntry::Stream::out,
                                  fmt::format("2026-01-01T00:00:{:02}.{:09}Z", line / 2, line % 2),
                                  fmt::format("line {}\n", line)});
}

void Universe::forget(const std::string& name) {
  end(name, killed_code);
  containers_.erase(name);
}

void Universe::add_foreigner(const std::string& name) {
  containers_[name].id = fmt::format("{:064x}", next_number_++);
}

// All processes are gone, and containers look ended; the daemon has lost their codes.
void Universe::reboot() {
  ++boot_;
  events_.clear();
  for (auto& [name, container] : containers_) {
    container.running = false;
    container.exit_code = 0;
  }
  alive_.clear();
}

SimulatedContainer* Universe::find(const std::string& reference) {
  const auto found = containers_.find(name_of(reference));
  return found == containers_.end() ? nullptr : &found->second;
}

std::string Universe::name_of(const std::string& reference) const {
  for (const auto& [name, container] : containers_) {
    if (container.id == reference) return name;
  }
  return reference;
}

pid_t Universe::init_of(const std::string& id) const {
  const auto found = inits_.find(id);
  return found == inits_.end() ? 0 : found->second;
}

int Universe::new_descriptor(std::function<bool()> readable) {
  descriptors_.emplace(next_descriptor_, std::move(readable));
  return next_descriptor_++;
}

}  // namespace containerizer::simulation

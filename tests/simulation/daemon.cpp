
#include <deque>

#include "engine/container/identity.h"
#include "engine/supervisor/output_search.h"
#include "host/format.h"
#include "tests/simulation/universe.h"

namespace containerizer::simulation {
namespace {

// As long as the real client waits for an answer.
constexpr Duration call_deadline{30'000};

Failure no_such(const std::string& container) {
  return {Fault::not_found, "no such container: " + container};
}

Failure no_answer() { return {Fault::unavailable, "the daemon gave no answer"}; }

}  // namespace

// --- Streams

class SimulatedExit : public ExitStream {
 public:
  SimulatedExit(Universe& universe, std::string id)
      : universe_(universe),
        id_(std::move(id)),
        life_(universe.daemon_life_),
        breaks_(universe.breaks()) {
    universe_.learn(breaks_);
    fd_ = universe_.new_descriptor([this] { return is_broken() || is_over(); });
  }
  ~SimulatedExit() override { universe_.descriptors_.erase(fd_); }
  int fd() const override { return fd_; }
  Result<bool> ended() override {
    universe_.step();
    universe_.learn(universe_.daemon_fingerprint());
    if (is_broken()) return Failure{Fault::unavailable, "the connection broke"};
    if (universe_.find(id_) == nullptr) return no_such(id_);
    return is_over();
  }

 private:
  bool is_broken() const { return breaks_ || life_ != universe_.daemon_life_; }
  bool is_over() const {
    const auto* container = universe_.find(id_);
    return container == nullptr || (!container->running && !container->is_denied);
  }

  Universe& universe_;
  std::string id_;
  int life_;
  bool breaks_;
  int fd_;
};

// As the real one, it is readable only for what has come since next() had nothing: what has come
// together waits inside.
class SimulatedAttachment : public Attachment {
 public:
  SimulatedAttachment(Universe& universe, std::string id)
      : universe_(universe),
        id_(std::move(id)),
        life_(universe.daemon_life_),
        breaks_(universe.breaks()) {
    universe_.learn(breaks_);
    came_ = universe_.find(id_)->output.size();
    fd_ = universe_.new_descriptor([this] { return is_broken() || has_more() || is_over(); });
  }
  ~SimulatedAttachment() override { universe_.descriptors_.erase(fd_); }
  int fd() const override { return fd_; }

  Result<std::optional<OutputPiece>> next() override {
    universe_.step();
    universe_.learn(universe_.daemon_fingerprint());
    if (waiting_.empty()) receive();
    if (!waiting_.empty()) {
      piece_ = waiting_.front();
      waiting_.pop_front();
      return std::optional(OutputPiece{piece_.stream, piece_.bytes});
    }
    if (breaks_) return Failure{Fault::unavailable, "the connection broke"};
    if (is_broken() || is_over()) return Failure{Fault::not_found, "the output has ended"};
    return std::optional<OutputPiece>();
  }

 private:
  void receive() {
    if (is_broken()) return;
    for (; has_more(); ++came_) waiting_.push_back(universe_.find(id_)->output[came_]);
  }
  bool is_broken() const { return breaks_ || life_ != universe_.daemon_life_; }
  bool has_more() const {
    const auto* container = universe_.find(id_);
    return container != nullptr && came_ < container->output.size();
  }
  bool is_over() const {
    const auto* container = universe_.find(id_);
    return container == nullptr || (container->starts > 0 && !container->running);
  }

  Universe& universe_;
  std::string id_;
  int life_;
  bool breaks_;
  std::size_t came_ = 0;  // entries that have left the daemon
  std::deque<LogEntry> waiting_;
  LogEntry piece_;
  int fd_;
};

// A snapshot of a log. A connection that breaks does so in its middle.
class SimulatedLog : public LogReader {
 public:
  SimulatedLog(Universe& universe, const SimulatedContainer& container, const std::string& since,
               std::size_t most)
      : universe_(universe), breaks_(universe.breaks()) {
    universe_.learn(breaks_);
    for (auto i = container.log_start; i < container.logged; ++i) {
      const auto& entry = container.output[i];
      if (entry.timestamp >= since) entries_.push_back(entry);
    }
    while (most > 0 && entries_.size() > most) entries_.pop_front();
    if (breaks_) entries_.resize(entries_.size() / 2);
    fd_ = universe_.new_descriptor([] { return true; });
  }
  ~SimulatedLog() override { universe_.descriptors_.erase(fd_); }
  int fd() const override { return fd_; }

  Result<std::optional<LogEntry>> next() override {
    universe_.step();
    if (entries_.empty()) {
      if (breaks_) return Failure{Fault::unavailable, "the connection broke"};
      return Failure{Fault::not_found, "the log has ended"};
    }
    auto entry = std::move(entries_.front());
    entries_.pop_front();
    return std::optional(std::move(entry));
  }

 private:
  Universe& universe_;
  bool breaks_;
  std::deque<LogEntry> entries_;
  int fd_;
};

// --- The daemon

class SimulatedDocker : public Docker {
 public:
  explicit SimulatedDocker(Universe& universe) : universe_(universe) {}

  Result<std::string> create(const std::string& name, const boost::json::object& body) override {
    return call<Result<std::string>>("create", [&]() -> Result<std::string> {
      if (!universe_.image_is_there) return Failure{Fault::not_found, "no such image"};
      if (universe_.containers_.count(name) > 0) {
        return Failure{Fault::conflict, "the name " + name + " is already in use"};
      }
      std::map<std::string, std::string> labels;
      for (const auto& label : body.at("Labels").as_object()) {
        labels[std::string(label.key())] = label.value().as_string();
      }
      if (universe_.program_of(name).created_after) {
        universe_.create_late(name, labels);
        return no_answer();
      }
      universe_.create(name, labels);
      return universe_.containers_[name].id;
    });
  }

  Status start(const std::string& container) override {
    return change("start", container, [&](const std::string& name) { universe_.start(name); });
  }

  Result<ContainerFacts> inspect(const std::string& container) override {
    return call<Result<ContainerFacts>>("inspect", [&]() -> Result<ContainerFacts> {
      const auto* found = universe_.find(container);
      if (found == nullptr) return no_such(container);
      return facts_of(*found, container);
    });
  }

  Result<std::vector<ContainerFacts>> list(const std::string& label,
                                           const std::string& value) override {
    return call<Result<std::vector<ContainerFacts>>>("list", [&] {
      std::vector<ContainerFacts> all;
      for (const auto& [name, one] : universe_.containers_) {
        const auto found = one.labels.find(label);
        if (found != one.labels.end() && found->second == value) all.push_back(facts_of(one, name));
      }
      return Result(all);
    });
  }

  Status kill(const std::string& container, const std::string& signal) override {
    return call<Status>("kill", [&]() -> Status {
      if (universe_.find(container) != nullptr) {
        universe_.signal(universe_.name_of(container), signal);
      }
      return Done{};
    });
  }

  Status remove(const std::string& container) override {
    return call<Status>("remove", [&]() -> Status {
      if (universe_.find(container) != nullptr) universe_.forget(universe_.name_of(container));
      return Done{};
    });
  }

  Status update(const std::string& container, const boost::json::object& /*body*/) override {
    return change("update", container, [](const std::string&) {});
  }

  Result<ExposedPorts> exposed_ports(const std::string& /*reference*/) override {
    return call<Result<ExposedPorts>>("exposed_ports", [] { return Result(ExposedPorts()); });
  }

  Result<bool> has_image(const std::string& /*reference*/) override {
    return call<Result<bool>>("has_image", [&] { return Result(universe_.image_is_there); });
  }

  Status pull(const std::string& reference, const RegistryAuth& /*auth*/, int /*interrupt*/,
              const PullListener& listener) override {
    return call<Status>("pull", [&]() -> Status {
      listener({"pulling " + reference, {}});
      universe_.image_is_there = true;
      return Done{};
    });
  }

  Result<std::unique_ptr<Attachment>> attach(const std::string& container) override {
    using Answer = Result<std::unique_ptr<Attachment>>;
    return call<Answer>("attach", [&]() -> Answer {
      const auto* found = universe_.find(container);
      if (found == nullptr) return no_such(container);
      return std::unique_ptr<Attachment>(
          std::make_unique<SimulatedAttachment>(universe_, found->id));
    });
  }

  Result<std::unique_ptr<LogReader>> read_log(const std::string& container,
                                              const std::string& since, std::size_t most) override {
    using Answer = Result<std::unique_ptr<LogReader>>;
    return call<Answer>("read_log", [&]() -> Answer {
      const auto* found = universe_.find(container);
      if (found == nullptr) return no_such(container);
      if (!universe_.program_of(universe_.name_of(container)).has_log) {
        return Failure{Fault::refused, "the log driver does not support reading"};
      }
      return std::unique_ptr<LogReader>(
          std::make_unique<SimulatedLog>(universe_, *found, since, most));
    });
  }

  Result<std::unique_ptr<ExitStream>> open_exit_stream(const std::string& container) override {
    return call<Result<std::unique_ptr<ExitStream>>>(
        "watch_exit", [&]() -> Result<std::unique_ptr<ExitStream>> {
          const auto* found = universe_.find(container);
          if (found == nullptr) return no_such(container);
          return std::unique_ptr<ExitStream>(std::make_unique<SimulatedExit>(universe_, found->id));
        });
  }

  // Neither decides what happens next, so the worlds need not be explored for them.
  Result<std::vector<int>> signals_sent(const ContainerFacts& /*ended*/) override {
    return std::vector<int>();
  }
  Result<DaemonInfo> info() override {
    DaemonInfo all;
    all.live_restore = true;
    return all;
  }

  Status ping() override {
    return call<Status>("ping", [] { return Done{}; });
  }

 private:
  // One call: the process can die before it and after it, and either half can be lost.
  template <class Answer, class Effect>
  Answer call(const std::string& what, Effect effect) {
    universe_.step();
    universe_.learn(Hash().add(what).value());
    universe_.learn(universe_.daemon_is_up_);
    if (!universe_.daemon_is_up_) return no_answer();
    const auto mishap = universe_.mishap();
    universe_.learn(static_cast<std::uint64_t>(mishap));
    if (mishap == Mishap::lost_request) return no_answer();
    if (mishap == Mishap::refusal) return Failure{Fault::refused, "an internal error"};
    if (mishap == Mishap::silence) {
      universe_.block([] { return false; }, universe_.now() + call_deadline);
      return no_answer();
    }
    auto answer = effect();
    universe_.learn(universe_.daemon_fingerprint());
    universe_.step();
    if (mishap == Mishap::lost_reply) return no_answer();
    return answer;
  }

  template <class Effect>
  Status change(const std::string& what, const std::string& container, Effect effect) {
    return call<Status>(what, [&]() -> Status {
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
    facts.exit_code = container.made_up_code.value_or(container.exit_code);
    if (facts.started && !runs)
      facts.finished_at = rfc3339(container.told_end.time_since_epoch() / Duration(1));
    facts.oom_killed = container.oom_killed;
    return facts;
  }

  Universe& universe_;
};

std::unique_ptr<Docker> Universe::docker() { return std::make_unique<SimulatedDocker>(*this); }

}  // namespace containerizer::simulation

#include "tests/simulation/universe.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "engine/supervisor/output_search.h"
#include "host/format.h"

namespace containerizer::simulation {
namespace {

constexpr int killed_code = 137;
constexpr int terminated_code = 143;
constexpr Deadline beginning{Duration(1'000'000'000)};
// More steps than any history has.
constexpr long too_many = 200'000;
// A simulation that takes more of its own time than this hangs.
constexpr Duration too_long{30LL * 24 * 3600 * 1000};
// An event that is due within this time may happen before runnable processes continue.
constexpr Duration near{2'000};
// The daemon's log gets an entry this much later than an attachment.
constexpr Duration log_delay{5};
// How long executors live after their task.
constexpr Duration lingering{1'000};

// A store whose calls are steps of the process that makes them. All processes use one connection:
// no other process runs during a call, and opening a connection costs more than ten calls.
class SimulatedStore : public store::Store {
 public:
  SimulatedStore(Universe& universe, const store::DatabaseSettings& settings,
                 std::unique_ptr<store::Database>& connection)
      : Store(settings), universe_(universe), settings_(settings), connection_(connection) {}

  // A checkpoint needs the database alone.
  bool checkpoint() override {
    connection_.reset();
    return Store::checkpoint();
  }

  store::Instant now() const override {
    const auto time = universe_.now().time_since_epoch() / Duration(1);
    return {time, time};
  }

 protected:
  store::Database& database() override {
    universe_.step();
    if (!connection_) connection_ = std::make_unique<store::Database>(settings_);
    return *connection_;
  }

 private:
  Universe& universe_;
  store::DatabaseSettings settings_;
  std::unique_ptr<store::Database>& connection_;
};

}  // namespace

// --- Processes

Universe::Universe(Fate& fate) : fate_(fate), now_(beginning) {}

Universe::~Universe() { abandon(); }

void Universe::abandon() {
  for (auto& [pid, process] : processes_) process.ended = nullptr;
  kill_all();
}

void Universe::at(Duration from_now, const std::string& name, std::function<void()> what) {
  events_.emplace(now_ + from_now, Event{name, std::move(what)});
}

std::size_t Universe::choose(Question question, std::size_t options) {
  try {
    return fate_.choose(question, options);
  } catch (...) {
    // While the exception unwinds the process, it makes no more steps.
    if (current_ != nullptr) current_->doomed = true;
    throw;
  }
}

pid_t Universe::spawn(std::string name, std::function<void()> body,
                      std::function<void(bool killed)> ended) {
  const pid_t pid = new_number(name);
  auto& process = processes_[pid];
  process.pid = pid;
  process.name = std::move(name);
  process.ended = std::move(ended);
  process.fiber = std::make_unique<Fiber>([&process, body = std::move(body)] {
    if (process.doomed) return;
    try {
      body();
    } catch (const Killed&) {
      process.doomed = true;
    } catch (...) {
      process.failure = std::current_exception();
    }
  });
  return pid;
}

// Kills the process at once. The running process dies at its next step.
void Universe::kill(pid_t pid) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return;
  found->second.doomed = true;
  if (current_ == nullptr) let_run(found->second);
}

void Universe::kill_all() {
  while (!processes_.empty()) kill(processes_.begin()->first);
}

void Universe::wake_all() {
  for (auto& [pid, process] : processes_) process.woken = true;
}

void Universe::kill_any(std::uint64_t number) {
  if (processes_.empty()) return;
  auto chosen = processes_.begin();
  std::advance(chosen, static_cast<long>(number % processes_.size()));
  kill(chosen->first);
}

std::string Universe::process_names() const {
  std::string names;
  for (const auto& [pid, process] : processes_) names += process.name + "; ";
  return names;
}

void Universe::let_run(Process& process) {
  current_ = &process;
  process.fiber->resume();
  current_ = nullptr;
  if (!process.fiber->finished()) return;
  const auto ended = std::move(process.ended);
  const auto failure = process.failure;
  const bool killed = process.doomed;
  processes_.erase(process.pid);
  if (failure) std::rethrow_exception(failure);
  if (ended) ended(killed);
}

void Universe::run(const std::function<bool()>& is_over) {
  while (!is_over()) go_on();
}

bool Universe::can_run(const Process& process) const {
  return process.doomed || !process.condition || now_ >= process.deadline || process.condition();
}

void Universe::go_on() {
  std::vector<Process*> able;
  for (auto& [pid, process] : processes_) {
    if (can_run(process)) able.push_back(&process);
  }
  if (able.empty()) {
    advance_time();
  } else if (is_next_event_near() && choose(Question::event, 2) == 1) {
    fire_next_event();
  } else {
    let_run(*able[able.size() == 1 ? 0 : choose(Question::order, able.size())]);
  }
}

bool Universe::can_others_run() const {
  if (is_next_event_near()) return true;
  return std::any_of(processes_.begin(), processes_.end(), [this](const auto& entry) {
    return &entry.second != current_ && can_run(entry.second);
  });
}

bool Universe::is_next_event_near() const {
  return !events_.empty() && events_.begin()->first - now_ < near;
}

void Universe::fire_next_event() {
  const auto next = events_.begin();
  now_ = std::max(now_, next->first);
  const auto happen = std::move(next->second.happen);
  events_.erase(next);
  happen();
}

// Advances the clock to the next event or deadline.
void Universe::advance_time() {
  auto next = now_ + too_long;
  for (const auto& [pid, process] : processes_) next = std::min(next, process.deadline);
  if (!events_.empty() && events_.begin()->first <= next) {
    fire_next_event();
  } else if (next < now_ + too_long) {
    now_ = next;
  } else {
    throw std::runtime_error("no event is left; processes: " + process_names());
  }
}

void Universe::step() {
  if (current_ == nullptr || current_->doomed) return;
  if (++steps_ > too_many) throw std::runtime_error("too many steps");
  if (database_watch_) learn_files();
  learn(0);  // The position in the process is part of its state.
  if (steps_ == kill_at_ || choose(Question::death, 2) == 1) die();
  if (database_watch_ && !can_others_run()) return;
  if (choose(Question::switch_, 2) == 0) return;
  block([] { return true; }, now_);
}

void Universe::die() {
  current_->doomed = true;
  throw Killed();
}

void Universe::block(const std::function<bool()>& condition, Deadline deadline) {
  auto* self = current_;
  if (self->doomed) return;
  self->condition = condition;
  self->deadline = deadline;
  self->fiber->suspend();
  self->condition = nullptr;
  if (self->doomed) throw Killed();
}

std::unique_ptr<store::Store> Universe::store(const store::DatabaseSettings& settings) {
  return std::make_unique<SimulatedStore>(*this, settings, connection_);
}

// --- Distinguishing states

void Universe::keep_track(std::string files) {
  files_ = std::move(files);
  database_watch_ = std::make_unique<DatabaseWatch>([this](std::uint64_t what) { learn(what); });
}

void Universe::learn(std::uint64_t what) {
  if (current_ != nullptr) current_->learnt = Hash(current_->learnt).add(what).value();
}

// Adds the list of existing files to the state of the process.
void Universe::learn_files() {
  const auto files = files_fingerprint();
  if (files == current_->files) return;
  current_->files = files;
  learn(files);
}

std::uint64_t Universe::files_fingerprint() const {
  std::uint64_t sum = 0;
  for (const auto& file : std::filesystem::directory_iterator(files_)) {
    sum += Hash().add(file.path().filename().native()).value();
  }
  return sum;
}

std::uint64_t Universe::daemon_fingerprint() const {
  Hash hash;
  hash.add(daemon_is_up_).add(daemon_life_).add(image_is_there);
  for (const auto& [name, one] : containers_) {
    hash.add(name).add(one.id).add(one.starts).add(one.running).add(one.exit_code);
    hash.add(one.oom_killed).add(one.is_denied).add(one.output.size());
    hash.add(one.log_start).add(one.logged);
    hash.add(one.made_up_code.has_value());
  }
  for (const auto& [id, pid] : inits_) hash.add(id).add(pid);
  return hash.value();
}

std::uint64_t Universe::fingerprint() {
  Hash hash;
  const auto add_time = [&](Deadline time) { hash.add((time - now_).count()); };
  hash.add(boot_).add(daemon_fingerprint()).add(files_fingerprint());
  if (connection_) hash.add(database_watch_->content(*connection_));
  for (const auto& [name, count] : starts_) hash.add(name).add(count);
  for (const auto& one : ended_) hash.add(one.name).add(one.exit_code).add(one.by_itself);
  for (const auto& [pid, name] : executors_) hash.add(pid).add(name).add(proxies_.count(pid));
  hash.add(slave_);
  for (const auto pid : alive_) hash.add(pid);
  for (const auto& [time, event] : events_) {
    add_time(time);
    hash.add(event.name);
  }
  hash.add(current_ != nullptr ? current_->pid : 0);
  for (const auto& [pid, process] : processes_) {
    hash.add(pid).add(process.name).add(process.learnt).add(process.woken).add(process.doomed);
    if (process.condition) add_time(process.deadline);
  }
  return hash.value();
}

// --- The daemon and the host

Mishap Universe::mishap() { return static_cast<Mishap>(choose(Question::call, mishaps)); }

void Universe::create(const std::string& name, const std::map<std::string, std::string>& labels) {
  auto& made = containers_[name];
  made.name = name;
  made.id = formatted("{:064x}", new_number(name));
  made.labels = labels;
}

// Only the first request takes effect.
void Universe::create_late(const std::string& name,
                           const std::map<std::string, std::string>& labels) {
  if (!late_creations_.insert(name).second) return;
  at(*program_of(name).created_after, "late creation",
     [this, name, labels] { create(name, labels); });
}

void Universe::start(const std::string& name) {
  auto& container = containers_.at(name);
  if (container.running) return;
  ++container.starts;
  ++starts_[name];
  container.running = true;
  inits_[container.id] = new_number("init of " + name);
  alive_.insert(inits_[container.id]);
  const auto& task = program_of(name);
  if (task.runs_for == Duration(0)) {
    // It has ended before the daemon answers.
    for (int line = 0; line < task.lines; ++line) print(name, line);
    return end(name, task.exit_code, true);
  }
  for (int line = 0; line < task.lines; ++line) {
    at(line * task.line_every, formatted("line {}", line),
       [this, name, line] { print(name, line); });
  }
  if (!task.runs_for) return;
  at(*task.runs_for, "end of " + container.id,
     [this, name, id = container.id, code = task.exit_code] {
       if (find(id) != nullptr) end(name, code, true);
     });
}

void Universe::signal(const std::string& name, const std::string& signal) {
  if (const auto* container = find(name); container != nullptr && container->running) {
    signals_.push_back({signal, now_});
  }
  if (signal == "SIGKILL") {
    end(name, killed_code, false);
  } else if (!program_of(name).ignores_term) {
    end(name, terminated_code, false);
  }
}

void Universe::end(const std::string& name, int exit_code, bool by_itself) {
  const auto found = containers_.find(name);
  if (found == containers_.end() || !found->second.running) return;
  auto& container = found->second;
  const auto& task = program_of(name);
  container.running = false;
  container.exit_code = exit_code;
  container.by_itself = by_itself;
  alive_.erase(inits_[container.id]);
  container.is_denied = task.end_is_denied;
  container.told_end = now_;
  if (by_itself && task.forgotten_for) {
    restart_daemon(*task.forgotten_for, true);
    container.made_up_code = 0;
    container.told_end += *task.forgotten_for;
  }
  if (by_itself && task.oom_told_after) {
    at(*task.oom_told_after, "reason", [this, id = container.id] {
      if (auto* late = find(id)) late->oom_killed = true;
    });
  }
  log_lines(container.id);
  ended_.push_back(container);
  if (task.executor_lives_for) return;
  at(lingering, "executor's end", [this, name] {
    for (const auto& [pid, executed] : executors_) {
      // One without a task goes on.
      if (executed == name && proxies_.count(pid) > 0) end_executor(pid);
    }
  });
}

void Universe::end_executor(pid_t pid) {
  alive_.erase(pid);
  proxies_.erase(pid);
}

void Universe::set_slave(pid_t process) {
  alive_.erase(slave_);
  slave_ = process;
  if (process != 0) alive_.insert(process);
}

void Universe::print(const std::string& name, int line) {
  const auto found = containers_.find(name);
  if (found == containers_.end() || !found->second.running) return;
  auto& output = found->second.output;
  auto timestamp = rfc3339(now_.time_since_epoch() / Duration(1));
  timestamp.insert(timestamp.size() - 1, formatted("{:06}", line));
  output.push_back({OutputStream::out, timestamp, formatted("line {}\n", line)});
  at(log_delay, formatted("log {}", line), [this, id = found->second.id] { log_lines(id); });
}

void Universe::log_lines(const std::string& id) {
  auto* container = find(id);
  if (container == nullptr) return;
  container->logged = container->output.size();
  const auto keeps = program_of(name_of(id)).log_keeps;
  if (keeps && container->logged > *keeps) container->log_start = container->logged - *keeps;
}

void Universe::forget(const std::string& name) {
  end(name, killed_code, false);
  containers_.erase(name);
}

void Universe::remove_behind_our_back(const std::string& name) {
  if (containers_.count(name) > 0) forget(name);
}

void Universe::add_foreigner(const std::string& name) {
  containers_[name].name = name;
  containers_[name].id = formatted("{:064x}", new_number(name));
}

void Universe::restart_daemon(Duration gone_for, bool live_restore) {
  daemon_is_up_ = false;
  ++daemon_life_;
  at(gone_for, "daemon", [this] { daemon_is_up_ = true; });
  if (live_restore) return;
  std::vector<std::string> names;
  for (const auto& [name, container] : containers_) names.push_back(name);
  for (const auto& name : names) end(name, killed_code, false);
}

void Universe::reboot() {
  ++boot_;
  ++daemon_life_;
  daemon_is_up_ = true;
  kill_all();
  for (auto& [name, container] : containers_) {
    container.running = false;
    container.exit_code = 0;
  }
  alive_.clear();
  proxies_.clear();
}

const Task& Universe::program_of(const std::string& name) const {
  const auto found = programs.find(name);
  return found == programs.end() ? program : found->second;
}

bool Universe::is_alive(const ProcessId& process) const {
  return alive_.count(process.pid) > 0 || processes_.count(process.pid) > 0;
}

// The arguments contain the container's ID.
void Universe::start_executor(pid_t pid, const Program& executor) {
  alive_.insert(pid);
  for (const auto& [name, container] : containers_) {
    const auto id = name.substr(name.find('-') + 1);
    const auto names_it = [&](const std::string& word) { return word.find(id) != word.npos; };
    if (std::any_of(executor.arguments.begin(), executor.arguments.end(), names_it)) {
      executors_[pid] = name;
      ++executor_starts_[name];
    }
  }
  const auto& task = program_of(executors_[pid]);
  if (task.executor_lives_for) {
    at(*task.executor_lives_for, formatted("end of {}", pid), [this, pid] { end_executor(pid); });
  }
  at(hand_over_after, formatted("hand-over to {}", pid),
     [this, pid, slave = slave_, started_file = executor.started_file] {
       if (slave == slave_ && alive_.count(pid) > 0) hand_over(pid, started_file);
     });
}

bool Universe::has_executor(const std::string& name) const {
  return std::any_of(executors_.begin(), executors_.end(), [&](const auto& one) {
    return one.second == name && alive_.count(one.first) > 0;
  });
}

// mesos-executor starts the task proxy, which exits when the container has ended.
void Universe::hand_over(pid_t executor, const std::string& started_file) {
  const std::filesystem::path file(started_file);  // STATE/run/ID.executor
  LifeLock presence(file.parent_path().parent_path(), file.stem(), false);
  presence.hold_as_proxy();
  proxies_.emplace(executor, std::move(presence));
  const auto container = containers_.find(executors_[executor]);
  if (container != containers_.end() && container->second.running) return;
  at(lingering, formatted("end of {}", executor), [this, executor] { end_executor(executor); });
}

// The environment contains the hook's kind and the container.
void Universe::start_hook(pid_t pid, const Program& started) {
  const auto value_of = [&](const std::string& name) {
    for (const auto& variable : started.environment) {
      if (variable.starts_with(name + "=")) return variable.substr(name.size() + 1);
    }
    throw std::runtime_error("a hook without " + name);
  };
  ++hooks_[value_of("CONTAINER_HOOK") + " " + value_of("CONTAINER_ID")];
  alive_.insert(pid);
  if (hook.runs_for) at(*hook.runs_for, "hook's end", [this, pid] { alive_.erase(pid); });
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

int Universe::new_number(const std::string& name) {
  constexpr int names = 1 << 20;
  constexpr int numbers = 1 << 10;
  const auto first = static_cast<int>(Hash().add(name).value() % names) * numbers;
  return first + ++numbers_given_[name];
}

int Universe::new_descriptor(std::function<bool()> readable) {
  descriptors_.emplace(next_descriptor_, std::move(readable));
  return next_descriptor_++;
}

}  // namespace containerizer::simulation

#include "tests/simulation/slave.h"

#include "engine/lifecycle/termination.h"
#include "engine/translation/launch_plan.h"
#include "host/format.h"

namespace containerizer::simulation {
namespace {

// The longest time of any verb except `wait`, whatever hangs: a few calls to the daemon.
constexpr Duration longest_call{5 * 60'000};
// How long the slave takes until its checkpoints contain an end of which it has learned.
constexpr Duration longest_taking{1'000};

std::string message_for(const std::string& container_id) {
  mesos::containerizer::Wait message;  // Destroy and Usage have the same form: an ID
  message.mutable_container_id()->set_value(container_id);
  return message.SerializeAsString();
}

bool is_early(const std::string& answer) {
  return answer == early_termination_message().SerializeAsString();
}

}  // namespace

// One call of a verb, from the slave's side.
class Slave::Invocation : public ReplyPipe {
 public:
  explicit Invocation(Slave& slave)
      : slave_(slave), life_(slave.life_), process_{slave.universe_.slave(), 1} {
    slave_.open_.insert(this);
  }
  ~Invocation() override { slave_.open_.erase(this); }

  bool answer(const std::string& message) override {
    slave_.universe_.step();
    if (!lives()) return false;
    answer_ = message;
    return true;
  }
  bool hand_over(const std::string& message) override {
    const bool taken = answer(message);
    slave_.universe_.step();
    return taken;
  }
  void remember() override {}
  bool lives() override {
    const bool lives = slave_.life_ == life_;
    slave_.universe_.learn(lives);
    return lives;
  }
  bool is_dead() override { return !lives(); }
  std::optional<ProcessId> process() const override { return process_; }
  const volatile std::sig_atomic_t* signal_when_reader_goes() override {
    if (!lives()) gone_ = 1;
    return &gone_;
  }
  void stop_signalling() override {}
  bool is_reader_gone() override { return !lives(); }

  void leave() { gone_ = 1; }
  const std::string& answer() const { return answer_; }

 private:
  Slave& slave_;
  int life_;
  ProcessId process_;
  std::string answer_;
  volatile std::sig_atomic_t gone_ = 0;
};

Slave::Slave(Universe& universe, Installation& installation)
    : universe_(universe), installation_(installation) {}

// --- Start and crash

void Slave::start() {
  if (life_ % 2 == 1) return;
  ++life_;
  universe_.set_slave(universe_.new_pid("slave"));
  call(recover, "recover", "", longest_call, [this](std::optional<int> status, const auto&) {
    if (status == exit_ok) {
      list();
    } else {
      // A slave that cannot recover exits, and the host starts it again.
      crash();
      universe_.at(Duration(1000), "slave", [this] { start(); });
    }
  });
}

void Slave::crash() {
  if (life_ % 2 == 0) return;
  ++life_;
  universe_.set_slave(0);
  for (auto& [id, container] : containers_) {
    if (container.is_over && universe_.now() - container.over_at < longest_taking) {
      container.is_over = false;
    }
  }
  recovered_ = false;
  calls_ = 0;
  for (auto* one : open_) one->leave();
}

void Slave::list() {
  call(containers, "containers", "", longest_call,
       [this](std::optional<int> status, const std::string& answer) {
         if (status != exit_ok) {
           crash();
           universe_.at(Duration(1000), "slave", [this] { start(); });
           return;
         }
         mesos::containerizer::Containers message;
         message.ParseFromString(answer);
         std::set<std::string> listed;
         for (const auto& id : message.containers()) listed.insert(id.value());
         take_list(listed);
       });
}

void Slave::take_list(const std::set<std::string>& listed) {
  recovered_ = true;
  listed_ = listed;
  for (auto& [id, container] : containers_) {
    container.wait = 0;
    if (container.is_over) continue;
    if (listed.count(id) > 0) {
      wait(id);
    } else {
      if (container.launched) problem(formatted("containers leaves out {}", id));
      container.is_over = true;
    }
  }
  // Orphans.
  for (const auto& id : listed) {
    const auto known = containers_.find(id);
    if (known != containers_.end() && !known->second.is_over) continue;
    containers_[id].is_over = true;
    wait(id);
    destroy(id);
  }
}

// --- Calls of verbs

void Slave::call(int (*verb)(containerizer::Invocation&), const std::string& name,
                 std::string request, Duration limit,
                 std::function<void(std::optional<int>, const std::string&)> ended) {
  const auto caller = std::make_shared<Invocation>(*this);
  const auto latest = universe_.now() + limit;
  ++calls_;
  installation_.run(verb, name, std::move(request), caller,
                    [this, caller, life = life_, latest, name,
                     ended = std::move(ended)](std::optional<int> status) {
                      if (universe_.now() > latest) problem(name + " took too long");
                      if (life != life_) return;
                      --calls_;
                      ended(status, caller->answer());
                    });
}

void Slave::launch(const std::string& id, bool is_command) {
  if (!recovered_) return;
  containers_[id];
  call(containerizer::launch, "launch " + id,
       installation_.new_launch(id, is_command).SerializeAsString(), longest_call,
       [this, id](std::optional<int> status, const auto&) {
         containers_[id].launched = status == exit_ok;
         if (status == exit_ok) {
           wait(id);
         } else {
           destroy(id);
         }
       });
}

void Slave::wait(const std::string& id) {
  const auto caller = std::make_shared<Invocation>(*this);
  containers_[id].wait =
      installation_.run(containerizer::wait, "wait " + id, message_for(id), caller,
                        [this, id, caller, life = life_](std::optional<int>) {
                          if (!caller->answer().empty()) take_answer(id, caller->answer());
                          if (life != life_) return;
                          containers_[id].wait = 0;
                          if (caller->answer().empty() && !containers_[id].is_over) destroy(id);
                          end(containers_[id]);
                        });
}

void Slave::take_answer(const std::string& id, const std::string& answer) {
  if (is_early(answer)) return;
  // Otherwise the slave would report the container's end before the executor reports the task's.
  if (universe_.has_executor(container_name(id))) {
    problem(formatted("wait {} answers while mesos-executor lives", id));
  }
  const auto before = told_.emplace(id, answer).first->second;
  if (before != answer) problem(formatted("two waits for {} disagree", id));
  mesos::containerizer::Termination message;
  if (!message.ParseFromString(answer) || !message.has_killed() || !message.has_message()) {
    problem(formatted("the answer to wait {} cannot be read", id));
  }
  // This slave kills no task: it only destroys containers.
  if (message.state() == mesos::TASK_KILLED) problem(id + " is reported as killed");
}

void Slave::destroy(const std::string& id) {
  if (!recovered_) return;
  call(containerizer::destroy, "destroy " + id, message_for(id), longest_call,
       [this, id](std::optional<int> status, const auto&) {
         if (status == exit_ok) retire(id);
       });
}

// After a destroy, the slave kills the container's `wait`.
void Slave::retire(const std::string& id) {
  auto& container = containers_[id];
  end(container);
  if (container.wait != 0) universe_.kill(container.wait);
}

void Slave::end(Container& container) {
  if (!container.is_over) container.over_at = universe_.now();
  container.is_over = true;
}

void Slave::update(const std::string& id) {
  if (!recovered_ || containers_.count(id) == 0) return;
  mesos::containerizer::Update message;
  message.mutable_container_id()->set_value(id);
  auto* cpus = message.add_resources();
  cpus->set_name("cpus");
  cpus->set_type(mesos::Value::SCALAR);
  cpus->mutable_scalar()->set_value(2);
  call(containerizer::update, "update " + id, message.SerializeAsString(), longest_call,
       [this, id](std::optional<int> status, const auto&) {
         if (status && status != exit_ok) problem("update " + id + " failed");
       });
}

void Slave::destroy_all() {
  for (const auto& [id, container] : containers_) {
    if (!container.is_over) destroy(id);
  }
}

bool Slave::is_done() const {
  for (const auto& [id, container] : containers_) {
    if (!container.is_over || container.wait != 0) return false;
  }
  return is_ready();
}

std::uint64_t Slave::fingerprint() const {
  Hash hash;
  hash.add(life_).add(recovered_).add(calls_);
  for (const auto& [id, container] : containers_) {
    hash.add(id).add(container.launched).add(container.is_over).add(container.wait);
    const auto age = universe_.now() - container.over_at;
    hash.add(container.is_over && age < longest_taking ? age.count() : -1);
  }
  for (const auto& [id, answer] : told_) hash.add(id).add(answer);
  for (const auto& id : listed_) hash.add(id);
  return hash.add(problems_.size()).value();
}

}  // namespace containerizer::simulation

#include "tests/simulation/slave.h"

#include <fmt/core.h>

#include "engine/lifecycle/termination.h"

namespace containerizer::simulation {
namespace {

// The longest time of any verb except `wait`, whatever hangs: a few calls to the daemon.
constexpr Duration longest_call{5 * 60'000};

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
class Slave::Invocation : public SlavePipe {
 public:
  explicit Invocation(Slave& slave) : slave_(slave), life_(slave.life_) {
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
  std::string answer_;
  volatile std::sig_atomic_t gone_ = 0;
};

Slave::Slave(Universe& universe, Installation& installation)
    : universe_(universe), installation_(installation) {}

// --- Start and crash

void Slave::start() {
  if (life_ % 2 == 1) return;
  ++life_;
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
      if (container.launched) problem(fmt::format("containers leaves out {}", id));
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
                          containers_[id].is_over = true;
                        });
}

void Slave::take_answer(const std::string& id, const std::string& answer) {
  if (is_early(answer)) return;
  const auto before = told_.emplace(id, answer).first->second;
  if (before != answer) problem(fmt::format("two waits for {} disagree", id));
  mesos::containerizer::Termination message;
  if (!message.ParseFromString(answer) || !message.has_killed() || !message.has_message()) {
    problem(fmt::format("the answer to wait {} cannot be read", id));
  }
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
  container.is_over = true;
  if (container.wait != 0) universe_.kill(container.wait);
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
  }
  for (const auto& [id, answer] : told_) hash.add(id).add(answer);
  for (const auto& id : listed_) hash.add(id);
  return hash.add(problems_.size()).value();
}

}  // namespace containerizer::simulation

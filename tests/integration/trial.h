// One container that goes through trouble, and what must hold after any trouble.
#pragma once

#include <memory>
#include <optional>

#include "containerizer.pb.h"
#include "tests/integration/daemon.h"
#include "tests/integration/gate.h"
#include "tests/integration/work_directory.h"

namespace containerizer::integration {

// A state, and the request to the daemon that a supervisor cannot leave it without.
struct Moment {
  std::string state;
  std::string request;
};

std::ostream& operator<<(std::ostream& out, const Moment& moment);

// From the pull to the removal; Running is not among them, for it asks for nothing.
const std::vector<Moment>& all_moments();

// Somebody else's container, whose name looks like one of ours. It has never been started, so that
// no restart of the daemon changes it.
class Bystander {
 public:
  Bystander();
  ~Bystander();
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;

  bool is_untouched() const;

 private:
  std::string id_, sight_;
};

class Trial {
 public:
  static inline const std::string id = "c1";
  // `wait` statuses of its program: when it ends by itself, when it is told to.
  static constexpr int by_itself = 7 << 8;
  static constexpr int when_told = 3 << 8;
  // What the daemon makes up when it died before it had written down how the program ended.
  static constexpr int made_up = 255 << 8;

  Trial();

  WorkDirectory& place() { return place_; }
  Gate& gate() { return gate_; }

  void launch(const std::string& image = "busybox:test");
  void launch_until_it_runs();
  // Launches, and has the request of that moment held.
  void hold_at(const Moment& moment, Hold how);
  // From now on it can end by itself.
  void let_go() const;
  // Others have removed everybody's containers.
  void give_up_bystander() { bystander_.reset(); }
  // A `destroy`, which is seen through by conclude().
  void begin_destroy();
  bool is_destroyed() const { return destroy_ != nullptr; }

  std::string state() const { return place_.state_of(id); }
  std::string kind() const { return place_.termination_of(id).at("kind").as_string().c_str(); }
  std::string output() const { return read_file(sandbox() / "stdout"); }
  std::string errors() const { return read_file(sandbox() / "stderr"); }
  // How often its program has been started, whoever did it.
  int runs() const;

  // What a slave does: recover, wait, destroy. Checks on the way what must hold, and returns what
  // was told.
  mesos::containerizer::Termination conclude(int most_runs = 1);
  // The same, when it must have ended by itself, with all its output.
  void conclude_by_itself();
  // What must have been told and recorded of one that a destroy has ended.
  void check_destroyed(const mesos::containerizer::Termination& told,
                       bool may_be_forgotten = false) const;

 private:
  fs::path sandbox() const { return place_.path() / "sandbox"; }
  void check_record_against_daemon() const;
  std::string check_waits() const;
  void check_daemon_agrees(int status) const;

  WorkDirectory place_;
  std::optional<Bystander> bystander_;
  Gate gate_;
  std::optional<Registry> registry_;
  std::unique_ptr<Child> destroy_;
};

}  // namespace containerizer::integration

// One container during a failure, and the conditions that must be true after any failure.
#pragma once

#include <memory>
#include <optional>

#include "containerizer.pb.h"
#include "tests/integration/daemon.h"
#include "tests/integration/gate.h"
#include "tests/integration/work_directory.h"

namespace containerizer::integration {

// A state, and the request to the daemon without which a supervisor cannot leave that state.
struct Moment {
  std::string state;
  std::string request;
};

std::ostream& operator<<(std::ostream& out, const Moment& moment);

// From the pull to the removal. Running is missing, because it needs no request.
const std::vector<Moment>& all_moments();

// Another program's container, whose name looks like one of ours. It is never started, so no
// restart of the daemon changes it.
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
  // Statuses of its program: when it ends by itself, and when SIGTERM ends it.
  static constexpr int by_itself = 7 << 8;
  static constexpr int after_sigterm = 3 << 8;
  // The status that the daemon invents if it died before it had recorded the program's exit.
  static constexpr int invented = 255 << 8;

  Trial();

  WorkDirectory& place() { return place_; }
  Gate& gate() { return gate_; }

  void launch(const std::string& image = "busybox:test");
  void launch_until_it_runs();
  // Launches the container and holds the moment's request.
  void hold_at(const Moment& moment, Hold how);
  // Lets the program end by itself.
  void let_go() const;
  // The test has removed all containers, including the bystander's.
  void give_up_bystander() { bystander_.reset(); }
  // Starts a `destroy`, for which conclude() waits.
  void begin_destroy();
  bool is_destroyed() const { return destroy_ != nullptr; }

  std::string state() const { return place_.state_of(id); }
  std::string kind() const { return place_.termination_of(id).at("kind").as_string().c_str(); }
  std::string output() const { return read_file(sandbox() / "stdout"); }
  std::string errors() const { return read_file(sandbox() / "stderr"); }
  // How often its program has been started.
  int runs() const;

  // Does what a slave does: recover, wait, destroy. Checks the conditions that must be true, and
  // returns the reported termination.
  mesos::containerizer::Termination conclude(int most_runs = 1);
  // Calls conclude() for a program that must have ended by itself, with all its output.
  void conclude_by_itself();
  // Checks the termination of a container that a destroy has ended.
  void check_destroyed(const mesos::containerizer::Termination& reported,
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

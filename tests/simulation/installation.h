// The program in a simulation: its verbs run as simulated processes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.h"
#include "tests/simulation/universe.h"
#include "tests/unit/recorded.h"
#include "tests/unit/temporary_directory.h"

namespace containerizer::simulation {

class Installation {
 public:
  explicit Installation(Universe& universe);

  const Settings& settings() const { return settings_; }
  void set_hooks(const HookSettings& hooks) { settings_.hooks = hooks; }
  void set_wait(WaitMode mode) { settings_.wait = mode; }
  const store::DatabaseSettings& database() const { return database_; }
  // The store without simulated failures, for checks.
  store::Store store() const { return store::Store(database_); }
  // A temporary directory, which the destructor removes.
  std::string directory() const { return directory_.path(); }

  // A launch as a slave sends it, with its own sandbox.
  mesos::containerizer::Launch new_launch(const std::string& container_id, bool is_command) const;

  // Runs a verb as a process. `ended` gets its exit status; empty if it was killed.
  pid_t run(int (*verb)(Invocation&), const std::string& name, std::string request,
            const std::shared_ptr<ReplyPipe>& caller,
            std::function<void(std::optional<int> status)> ended);

 private:
  void call(int (*verb)(Invocation&), std::string request, std::vector<std::string> arguments,
            ReplyPipe& caller, int output, int& status);

  Universe& universe_;
  // In memory: tests/store tests the effects of file systems.
  TemporaryDirectory directory_{"/dev/shm"};
  Settings settings_;
  Environment environment_;
  store::DatabaseSettings database_;
};

// A slave that reads no reply.
class Nobody : public ReplyPipe {
 public:
  bool answer(const std::string& /*message*/) override { return false; }
  bool hand_over(const std::string& /*message*/) override { return false; }
  void remember() override {}
  bool lives() override { return false; }
  bool is_dead() override { return false; }
  std::optional<ProcessId> process() const override { return std::nullopt; }
  const volatile std::sig_atomic_t* signal_when_reader_goes() override { return &gone_; }
  void stop_signalling() override {}
  bool is_reader_gone() override { return gone_ != 0; }

 private:
  volatile std::sig_atomic_t gone_ = 0;
};

}  // namespace containerizer::simulation

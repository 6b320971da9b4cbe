// A small world for the engine to live in: a clock, a Docker daemon and the processes of a host,
// all of it driven by one seed, in one thread. It survives the deaths of the program, which it
// causes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "engine/docker/docker.h"
#include "engine/host/host.h"

namespace containerizer::simulation {

// Thrown out of whatever the program was calling: it is dead.
struct Killed {};

// What may go wrong, beside deaths.
struct Weather {
  double lost_request = 0;  // the daemon does not hear of it
  double lost_reply = 0;    // the daemon does it, and nobody is told
  double broken_stream = 0;
};

// A container as the daemon knows it.
struct SimulatedContainer {
  std::string id;
  std::map<std::string, std::string> labels;
  int starts = 0;
  bool running = false;
  int exit_code = 0;
  bool oom_killed = false;
  bool is_denied = false;  // the daemon goes on calling it running
  std::vector<OutputEntry> output;
};

// What the task's program does.
struct Task {
  std::optional<Duration> runs_for = {};  // absent: until it is told to end
  int exit_code = 0;
  bool ignores_term = false;
  int lines = 0;
  std::optional<Duration> oom_told_after =
      {};                      // killed for its memory, which the daemon tells late
  bool end_is_denied = false;  // the daemon never notices its end
};

class Universe {
 public:
  Universe(std::uint64_t seed, Weather weather);

  // --- Plans ---
  Task program;
  bool image_is_there = true;
  std::optional<Duration>
      executor_lives_for;  // for command tasks; absent: until the task has ended
  // The program dies at its n-th step, a call's beginning or end.
  void kill_at(long step) { kill_at_ = step; }
  void at(Duration from_now, std::function<void()> what);
  void calm() { weather_ = {}; }

  long steps() const { return steps_; }
  Deadline now() const { return now_; }
  const std::map<std::string, SimulatedContainer>& containers() const { return containers_; }
  // How the container of that name ended, by everything that ever ended.
  const std::vector<SimulatedContainer>& ended() const { return ended_; }
  void remove_behind_our_back(const std::string& name) { forget(name); }
  void add_foreigner(const std::string& name);
  void wake() { woken_ = true; }
  void reboot();

  std::unique_ptr<Docker> docker();
  std::unique_ptr<Host> host();

 private:
  friend class SimulatedDocker;
  friend class SimulatedHost;
  friend class SimulatedExit;
  friend class SimulatedOutput;

  void step();
  bool strikes(double probability);
  // Nothing when the call goes through; what the weather makes of it otherwise.
  std::optional<Failure> fault(double probability);
  void advance_to(Deadline time);

  void start(const std::string& name);
  void signal(const std::string& name, const std::string& signal);
  void end(const std::string& name, int exit_code);
  void print(const std::string& name, int line);
  void forget(const std::string& name);
  SimulatedContainer* find(const std::string& reference);
  std::string name_of(const std::string& reference) const;
  pid_t init_of(const std::string& id) const;
  bool is_alive(const ProcessId& process) const { return alive_.count(process.pid) > 0; }

  int new_descriptor(std::function<bool()> readable);

  std::mt19937_64 random_;
  Weather weather_;
  long steps_ = 0;
  std::optional<long> kill_at_;
  Deadline now_;
  std::multimap<Deadline, std::function<void()>> events_;
  std::map<std::string, SimulatedContainer> containers_;  // by name
  std::vector<SimulatedContainer> ended_;
  std::map<std::string, pid_t> inits_;  // by id
  std::set<pid_t> alive_;
  std::map<int, std::function<bool()>> descriptors_;
  int next_descriptor_ = 1'000'000;  // none that the host could have given
  int next_number_ = 1;
  int boot_ = 1;
  bool woken_ = false;
};

}  // namespace containerizer::simulation

// The choices in a simulation, and the interface that makes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>

namespace containerizer::simulation {

// Option 0 is always the default: nothing special happens.
enum class Question {
  order,    // which of the runnable processes continues
  switch_,  // whether another process continues between two steps of this one
  death,    // whether the process dies at this step
  call,     // how a call to the daemon fails; see Mishap
  stream,   // whether the connection breaks
  event,    // whether the next event happens early
};

enum class Mishap { none, lost_request, lost_reply, silence, refusal };
inline constexpr std::size_t mishaps = 5;

class Fate {
 public:
  virtual ~Fate() = default;
  // Starts the choices of a new run. `fingerprint` hashes its current state. Returns true if the
  // Fate will call `fingerprint`.
  virtual bool begin(std::function<std::uint64_t()> /*fingerprint*/) { return false; }
  // Returns a number below `options`.
  virtual std::size_t choose(Question question, std::size_t options) = 0;
  // From now on, nothing fails.
  virtual void stop_faults() = 0;
};

// Probabilities of failures.
struct FaultRates {
  double lost_request = 0;  // the daemon does not receive the request
  double lost_reply = 0;    // the daemon performs the request, but its reply is lost
  double silence = 0;       // the daemon does nothing and never replies
  double refusal = 0;       // the daemon reports an internal error
  double broken_stream = 0;
  double death = 0;    // at each step
  double switch_ = 0;  // at each step
};

// Chooses at random. The same seed gives the same choices.
class Chance : public Fate {
 public:
  Chance(std::uint64_t seed, FaultRates fault_rates) : random_(seed), fault_rates_(fault_rates) {}

  std::size_t choose(Question question, std::size_t options) override;
  void stop_faults() override { fault_rates_ = {.switch_ = fault_rates_.switch_}; }

 private:
  double uniform() { return std::uniform_real_distribution<>(0, 1)(random_); }
  std::size_t choose_mishap();

  std::mt19937_64 random_;
  FaultRates fault_rates_;
};

}  // namespace containerizer::simulation

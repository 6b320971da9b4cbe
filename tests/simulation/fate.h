// What is left open in a simulated world, and who decides it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>

namespace containerizer::simulation {

// Option 0 is always that nothing special happens.
enum class Question {
  order,    // which of the processes that could go on does
  switch_,  // between two steps of a process: does another one go on first
  death,    // does the process die here
  call,     // what becomes of a call to the daemon: see Mishap
  stream,   // does the connection break
  event,    // does what is due later happen now
};

enum class Mishap { none, lost_request, lost_reply, silence, refusal };
inline constexpr std::size_t mishaps = 5;

class Fate {
 public:
  virtual ~Fate() = default;
  // A world begins, in which the choices are to be made. `fingerprint` tells it from others; true
  // when that is wanted.
  virtual bool begin(std::function<std::uint64_t()> /*fingerprint*/) { return false; }
  // Below `options`.
  virtual std::size_t choose(Question question, std::size_t options) = 0;
  // From now on nothing goes wrong.
  virtual void calm() = 0;
};

// Probabilities of what may go wrong.
struct Weather {
  double lost_request = 0;  // the daemon does not hear of it
  double lost_reply = 0;    // the daemon does it, and nobody is told
  double silence = 0;       // the daemon does nothing, and says so only by silence
  double refusal = 0;       // the daemon has an internal error
  double broken_stream = 0;
  double death = 0;    // at each step
  double switch_ = 0;  // at each step
};

// Decides by chance, the same for the same seed.
class Chance : public Fate {
 public:
  Chance(std::uint64_t seed, Weather weather) : random_(seed), weather_(weather) {}

  std::size_t choose(Question question, std::size_t options) override;
  void calm() override { weather_ = {.switch_ = weather_.switch_}; }

 private:
  double uniform() { return std::uniform_real_distribution<>(0, 1)(random_); }
  std::size_t choose_mishap();

  std::mt19937_64 random_;
  Weather weather_;
};

}  // namespace containerizer::simulation

// Reads commands, one per line, and executes them on the slave. README.md lists the commands.
#pragma once

#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "tests/slave/invoke.h"
#include "tests/slave/slave.h"

namespace containerizer::player {

class Scenario {
 public:
  Scenario(Slave& slave, Invoker& invoker, Events& events, Release release, Environment environment)
      : slave_(slave),
        invoker_(invoker),
        events_(events),
        release_(release),
        environment_(std::move(environment)) {}

  // Runs until the input ends or contains `exit`. An invalid command is a failed expectation.
  void run(std::istream& input);

 private:
  using Words = std::vector<std::string>;
  using Asked = std::function<void(Slave::Done)>;

  void carry_out(const Words& words);
  // Runs `ask`. Waits for its reply unless the line ends with `&`.
  void ask(const Words& words, const Asked& ask);

  void launch(const Words& words);
  void launch_recorded(const Words& words);
  void await(const Words& words);
  void await_count(const Words& words);
  void update(const Words& words);
  void ping(const Words& words);
  void expect_frozen(const Words& words);
  void raw(const Words& words);

  Slave& slave_;
  Invoker& invoker_;
  Events& events_;
  const Release release_;
  const Environment environment_;
};

}  // namespace containerizer::player

// Reads commands, one a line, and has the slave carry them out. The commands are listed in
// README.md.
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

  // Until the input ends or says `exit`. A command that makes no sense is a failed expectation.
  void run(std::istream& input);

 private:
  using Words = std::vector<std::string>;
  using Asked = std::function<void(Slave::Done)>;

  void carry_out(const Words& words);
  // Has `ask` done; without a final `&` waits until it is answered.
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

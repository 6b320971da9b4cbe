// The options and arguments that a person types after the name of a command. CLI11 parses them.
//
// A command first declares them, each with the variable that receives its value, and then calls
// parse() before it does anything else: `COMMAND --help` must change nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/invocation.h"

namespace containerizer {

class CommandLine {
 public:
  // `description`: what `help COMMAND` prints first.
  CommandLine(std::string command, const std::string& description);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // `names` is as in CLI11: "-a,--all". The variable outlives parse(), and keeps its value if the
  // option is absent.
  void flag(const std::string& names, bool& variable, const std::string& help);
  void option(const std::string& names, std::string& variable, const std::string& placeholder,
              const std::string& help);
  // A number of at least 1.
  void count(const std::string& names, std::int64_t& variable, const std::string& placeholder,
             const std::string& help);
  // A number of at least 0.
  void number(const std::string& names, std::int64_t& variable, const std::string& placeholder,
              const std::string& help);
  // One of the words in `choices`.
  void choice(const std::string& names, std::string& variable,
              const std::vector<std::string>& choices, const std::string& help);
  void argument(const std::string& name, std::string& variable, const std::string& help);
  void optional_argument(const std::string& name, std::string& variable, const std::string& help);

  // Any number of them.
  void arguments(const std::string& name, std::vector<std::string>& variable,
                 const std::string& help);

  // Returns the exit status if the command must not run: it has printed the help to standard
  // output, or one line about a wrong argument to standard error.
  std::optional<int> parse(const Invocation& invocation);

 private:
  struct Parser;
  std::string command_;
  std::unique_ptr<Parser> parser_;
};

// Whether the arguments of a command ask for its help.
bool asks_for_help(const std::vector<std::string>& arguments);

}  // namespace containerizer

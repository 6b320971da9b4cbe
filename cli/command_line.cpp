#include "cli/command_line.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "cli/printing.h"
#include "host/text.h"

namespace containerizer {

struct CommandLine::Parser : CLI::App {
  using CLI::App::App;
};

CommandLine::CommandLine(std::string command, const std::string& description)
    : command_(std::move(command)),
      parser_(std::make_unique<Parser>(description, "docker-containerizer " + command_)) {}

CommandLine::~CommandLine() = default;

void CommandLine::flag(const std::string& names, bool& variable, const std::string& help) {
  parser_->add_flag(names, variable, help);
}

void CommandLine::option(const std::string& names, std::string& variable,
                         const std::string& placeholder, const std::string& help) {
  parser_->add_option(names, variable, help)->type_name(placeholder);
}

void CommandLine::count(const std::string& names, std::int64_t& variable,
                        const std::string& placeholder, const std::string& help) {
  const CLI::Validator is_positive(
      [](const std::string& text) {
        unsigned number = 0;
        return to_number(text, number) && number > 0 ? ""
                                                     : "\"" + text + "\" is not a positive number";
      },
      "");
  parser_->add_option(names, variable, help)->type_name(placeholder)->check(is_positive);
}

void CommandLine::number(const std::string& names, std::int64_t& variable,
                         const std::string& placeholder, const std::string& help) {
  const CLI::Validator is_number(
      [](const std::string& text) {
        const bool good = !text.empty() && text.size() < 19 &&
                          text.find_first_not_of("0123456789") == std::string::npos;
        return good ? "" : "\"" + text + "\" is not a number";
      },
      "");
  parser_->add_option(names, variable, help)->type_name(placeholder)->check(is_number);
}

void CommandLine::choice(const std::string& names, std::string& variable,
                         const std::vector<std::string>& choices, const std::string& help) {
  std::string list;
  for (const auto& one : choices) list += (list.empty() ? "" : "|") + one;
  const CLI::Validator is_choice(
      [choices, list](const std::string& text) {
        const bool found = std::find(choices.begin(), choices.end(), text) != choices.end();
        return found ? "" : "\"" + text + "\" is not one of " + list;
      },
      "");
  parser_->add_option(names, variable, help)->type_name(list)->check(is_choice);
}

void CommandLine::argument(const std::string& name, std::string& variable,
                           const std::string& help) {
  parser_->add_option(name, variable, help)->type_name("")->required();
}

void CommandLine::optional_argument(const std::string& name, std::string& variable,
                                    const std::string& help) {
  parser_->add_option(name, variable, help)->type_name("");
}

void CommandLine::arguments(const std::string& name, std::vector<std::string>& variable,
                            const std::string& help) {
  parser_->add_option(name, variable, help)->type_name("");
}

std::optional<int> CommandLine::parse(const Invocation& invocation) {
  try {
    // CLI11 takes the arguments from the end of the vector.
    std::vector<std::string> reversed(invocation.arguments.rbegin(), invocation.arguments.rend());
    parser_->parse(std::move(reversed));
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return print(invocation, parser_->help());
  } catch (const CLI::ParseError& error) {
    const auto reason = one_line(error.what());
    return fail(command_ + ": " + reason + "; see `docker-containerizer help " + command_ + "`",
                exit_usage);
  }
}

bool asks_for_help(const std::vector<std::string>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const auto& one) { return one == "-h" || one == "--help"; });
}

}  // namespace containerizer

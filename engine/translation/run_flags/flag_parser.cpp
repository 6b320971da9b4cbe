#include "engine/translation/run_flags/flag_parser.h"

#include <algorithm>

#include "engine/translation/run_flags/flag_table.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/options.h"
#include "host/text.h"

namespace containerizer {
namespace {

// Values of rejected flags that change nothing. A container always runs detached, and is removed at
// its end.
struct Neutral {
  std::string_view name, value;
};
constexpr Neutral neutrals[] = {
    {"cidfile", ""},
    {"cpu-count", "0"},
    {"cpu-percent", "0"},
    {"detach", "false"},
    {"detach", "true"},
    {"detach-keys", ""},
    {"disable-content-trust", "true"},
    {"help", "false"},
    {"interactive", "false"},
    {"io-maxbandwidth", "0"},
    {"io-maxiops", "0"},
    {"name", ""},
    {"platform", ""},
    {"quiet", "false"},
    {"rm", "false"},
    {"rm", "true"},
    {"sig-proxy", "true"},
    {"use-api-socket", "false"},
};

// Whether a flag that is rejected otherwise changes nothing with this value.
bool is_neutral(const FlagRow& row, const std::string& value) {
  return std::any_of(std::begin(neutrals), std::end(neutrals), [&](const Neutral& neutral) {
    if (neutral.name != row.name) return false;
    return row.is_switch ? parse_switch(value) == parse_switch(neutral.value)
                         : value == neutral.value;
  });
}

// Finds the row of an option as it is written: "--env", or "-e".
const FlagRow* find_row(std::string_view option) {
  return option.starts_with("--") ? find_flag(option.substr(2)) : find_flag(option.back());
}

// Returns the row of a flag. refused: there is no such flag.
Result<const FlagRow*> known(const FlagRow* row, const std::string& spelling) {
  if (row == nullptr) return flag_failure(in_quotes(spelling) + ": unknown flag");
  return row;
}

// refused: the flag is not supported, unless its value changes nothing.
Result<RunFlag> permitted(const FlagRow& row, const std::string& spelling,
                          const std::string& value) {
  if (row.apply == nullptr && !is_neutral(row, value)) {
    return flag_failure(spelling + ": " + std::string(row.target));
  }
  return RunFlag{std::string(row.name), value};
}

Result<bool> is_switch(const std::string& option) {
  const auto row = known(find_row(option), option);
  if (!row.ok()) return row.failure();
  return row.value()->is_switch;
}

// Reads a task's arguments: flags, then "//" and a command.
class CommandLine {
 public:
  // Whether the next argument should be a flag, not a flag's value or a part of the command.
  bool expects_flag() const { return reader_.without_value().empty() && !options_.command; }

  Status read(const std::string& argument) {
    ++position_;
    if (options_.command) {
      options_.command->push_back(argument);
      return Done{};
    }
    if (argument == "//" && expects_flag()) {
      options_.command.emplace();
      return Done{};
    }
    const auto flags = reader_.read(argument);
    if (flags.failed_with(Fault::not_found)) {
      return flag_failure(
          "options: argument " + std::to_string(position_) +
          " is neither a flag nor a flag's value; quote a value that contains spaces");
    }
    if (!flags.ok()) return flags.failure();
    for (const auto& [option, value] : flags.value()) {
      auto flag = permitted(*find_row(option), option, value);
      if (!flag.ok()) return flag.failure();
      options_.flags.push_back(std::move(flag.value()));
    }
    return Done{};
  }

  Result<RunOptions> finish() {
    if (reader_.without_value().empty()) return std::move(options_);
    const auto* const row = find_row(reader_.without_value());
    return flag_failure("--" + std::string(row->name) + ": its value is missing");
  }

 private:
  RunOptions options_;
  OptionReader reader_{is_switch};
  int position_ = 0;
};

// mesos-docker-containerizer passed key and value on as two arguments, so its users write the key
// with its dashes: "-e", "--env", or "--env=NAME=VALUE" without a value.
Result<RunFlag> parse_parameter(const std::string& key, const std::string& value) {
  if (!key.starts_with('-')) {
    const auto row = known(find_flag(key), "--" + key);
    return row.ok() ? permitted(*row.value(), "--" + key, value) : row.failure();
  }
  const auto [option, inner] = split_pair(key, '=');
  const bool is_whole = option.starts_with("--") || option.size() == 2;
  const auto row = known(is_whole ? find_row(option) : nullptr, option);
  if (!row.ok()) return row.failure();
  const bool has_value = key.size() > option.size();
  if (has_value && !value.empty()) return flag_failure(option + ": it has two values; remove one");
  const bool is_bare = !has_value && value.empty() && row.value()->is_switch;
  return permitted(*row.value(), option, is_bare ? "true" : has_value ? inner : value);
}

}  // namespace

Failure flag_failure(const std::string& text) {
  return Failure{Fault::refused, "docker run " + text};
}

Result<RunOptions> parse_run_options(
    const google::protobuf::RepeatedPtrField<std::string>& elements) {
  CommandLine line;
  for (const std::string& element : elements) {
    Result<std::vector<std::string>> arguments(std::vector{element});
    if (line.expects_flag() && element.find_first_of(" \t\r\n") != element.npos) {
      arguments = split_words(element);
    }
    if (!arguments.ok()) {
      return flag_failure("options: an element cannot be split into words: " +
                          arguments.failure().text);
    }
    for (const std::string& argument : arguments.value()) {
      if (const Status done = line.read(argument); !done.ok()) return done.failure();
    }
  }
  return line.finish();
}

Result<RunOptions> parse_run_line(std::string_view text) {
  const auto arguments = split_words(text);
  if (!arguments.ok()) {
    return flag_failure("options: the line cannot be split into words: " +
                        arguments.failure().text);
  }
  CommandLine line;
  for (const std::string& argument : arguments.value()) {
    if (const Status done = line.read(argument); !done.ok()) return done.failure();
  }
  return line.finish();
}

Result<RunOptions> parse_parameters(
    const google::protobuf::RepeatedPtrField<mesos::Parameter>& parameters) {
  RunOptions options;
  for (const mesos::Parameter& parameter : parameters) {
    auto flag = parse_parameter(parameter.key(), parameter.value());
    if (!flag.ok()) return flag.failure();
    options.flags.push_back(std::move(flag.value()));
  }
  return options;
}

bool has_flag(const std::vector<RunFlag>& flags, std::string_view name) {
  return std::any_of(flags.begin(), flags.end(), [&](const RunFlag& f) { return f.name == name; });
}

}  // namespace containerizer

#include "engine/translation/run_flags/run_flags.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <unordered_map>

#include "engine/translation/run_flags/flag_table.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/options.h"
#include "host/text.h"

namespace containerizer {
namespace {

Failure failure(const std::string& text) { return Failure{Fault::refused, "docker run " + text}; }

// Finds the row of an option as it is written: "--env", or "-e".
const FlagRow* find_row(std::string_view option) {
  return option.starts_with("--") ? find_flag(option.substr(2)) : find_flag(option.back());
}

// Returns the row of a flag that may be given. refused: there is no such flag, or it is rejected.
Result<const FlagRow*> permitted(const FlagRow* row, const std::string& spelling) {
  if (row == nullptr) return failure(in_quotes(spelling) + ": unknown flag");
  if (row->apply == nullptr) return failure(spelling + ": " + std::string(row->target));
  return row;
}

Result<bool> is_switch(const std::string& option) {
  const auto row = permitted(find_row(option), option);
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
      return failure("options: argument " + std::to_string(position_) +
                     " is neither a flag nor a flag's value; quote a value that contains spaces");
    }
    if (!flags.ok()) return flags.failure();
    for (const auto& [option, value] : flags.value()) {
      options_.flags.push_back({std::string(find_row(option)->name), value});
    }
    return Done{};
  }

  Result<RunOptions> finish() {
    if (reader_.without_value().empty()) return std::move(options_);
    const auto* const row = find_row(reader_.without_value());
    return failure("--" + std::string(row->name) + ": its value is missing");
  }

 private:
  RunOptions options_;
  OptionReader reader_{is_switch};
  int position_ = 0;
};

boost::json::array& as_array(boost::json::value& value) {
  return value.is_array() ? value.get_array() : value.emplace_array();
}

boost::json::object& as_object(boost::json::value& value) {
  return value.is_object() ? value.get_object() : value.emplace_object();
}

}  // namespace

Result<RunOptions> parse_run_options(
    const google::protobuf::RepeatedPtrField<std::string>& elements) {
  CommandLine line;
  for (const std::string& element : elements) {
    Result<std::vector<std::string>> arguments(std::vector{element});
    if (line.expects_flag() && element.find_first_of(" \t\r\n") != element.npos) {
      arguments = split_words(element);
    }
    if (!arguments.ok()) {
      return failure("options: cannot split an element that contains spaces: " +
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
    return failure("options: cannot split the line: " + arguments.failure().text);
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
    const auto row = permitted(find_flag(parameter.key()), "--" + parameter.key());
    if (!row.ok()) return row.failure();
    options.flags.push_back({std::string(row.value()->name), parameter.value()});
  }
  return options;
}

Status apply_run_flags(const std::vector<RunFlag>& flags, CreateRequest& request) {
  const auto apply = [&](const RunFlag& flag) -> Status {
    const FlagRow& row = *find_flag(flag.name);
    const Status applied = row.apply(row, flag.value, request);
    return applied.ok() ? applied : failure("--" + flag.name + ": " + applied.failure().text);
  };
  // --network comes last: its fields must not contradict the flags that set one part of a network
  // (--ip, --network-alias), and only then are all of those known.
  for (const bool network : {false, true}) {
    for (const RunFlag& flag : flags) {
      if ((flag.name == "network") != network) continue;
      if (Status applied = apply(flag); !applied.ok()) return applied;
    }
  }
  settle_variables(request.body);
  const Status together = check_together(flags, request);
  return together.ok() ? together : failure(together.failure().text);
}

bool has_flag(const std::vector<RunFlag>& flags, std::string_view name) {
  return std::any_of(flags.begin(), flags.end(), [&](const RunFlag& f) { return f.name == name; });
}

Result<std::optional<std::string>> network_flag(const std::vector<RunFlag>& flags) {
  std::optional<std::string> network;
  for (const RunFlag& flag : flags) {
    if (flag.name != "network") continue;
    if (network) return failure("--network: only one network is supported");
    const Result<std::string> name = network_name(flag.value);
    if (!name.ok()) return failure("--network: " + name.failure().text);
    network = name.value();
  }
  return network;
}

boost::json::value& field(boost::json::object& body, std::string_view path) {
  const auto dot = path.find('.');
  if (dot == path.npos) return body[path];
  return field(as_object(body[path.substr(0, dot)]), path.substr(dot + 1));
}

void append(boost::json::object& body, std::string_view path, boost::json::value value) {
  as_array(field(body, path)).push_back(std::move(value));
}

void set_variable(boost::json::object& body, std::string_view name, std::string_view value) {
  std::string entry(name);
  append(body, "Env", boost::json::value(entry.append("=").append(value)));
}

void settle_variables(boost::json::object& body) {
  auto* const value = body.if_contains("Env");
  if (value == nullptr || !value->is_array()) return;
  boost::json::array settled;
  std::unordered_map<std::string, std::size_t> places;
  for (auto& entry : value->get_array()) {
    const std::string_view text = entry.get_string();
    const auto [place, is_new] =
        places.emplace(text.substr(0, std::min(text.find('='), text.size())), settled.size());
    if (is_new) {
      settled.push_back(std::move(entry));
    } else {
      settled[place->second] = std::move(entry);
    }
  }
  *value = std::move(settled);
}

boost::json::object& object_at(boost::json::object& body, std::string_view path) {
  return as_object(field(body, path));
}

void publish_port(boost::json::object& body, std::string_view host_ip, std::string_view host_port,
                  std::uint32_t container_port, std::string_view protocol) {
  const std::string port = std::to_string(container_port) + "/" + std::string(protocol);
  object_at(body, "ExposedPorts")[port].emplace_object();
  boost::json::value& bindings = object_at(body, "HostConfig.PortBindings")[port];
  as_array(bindings).push_back(boost::json::object{{"HostIp", host_ip}, {"HostPort", host_port}});
}

}  // namespace containerizer

#include "engine/translation/run_flags/run_flags.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <unordered_map>

#include "engine/translation/run_flags/flag_table.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/text.h"

namespace containerizer {
namespace {

Failure failure(const std::string& text) { return Failure{Fault::refused, "docker run " + text}; }

// The row of a flag that may be given, or why it may not.
Result<const FlagRow*> permitted(const FlagRow* row, const std::string& spelling) {
  if (row == nullptr) return failure(in_quotes(spelling) + ": no such flag is known");
  if (row->apply == nullptr) return failure(spelling + ": " + std::string(row->target));
  return row;
}

// Reads words one by one.
class CommandLine {
 public:
  // Whether the next word is expected to be a flag (and not a flag's value or part of a command).
  bool expects_flag() const { return pending_ == nullptr && !options_.command; }

  Status take(const std::string& word) {
    ++position_;
    if (options_.command) {
      options_.command->push_back(word);
    } else if (pending_ != nullptr) {
      add(*pending_, word);
    } else if (word == "//") {
      options_.command.emplace();
    } else if (word.starts_with("--") && word.size() > 2) {
      return take_name(word.substr(2));
    } else if (word.starts_with('-') && word.size() > 1 && word != "--") {
      return take_letters(word.substr(1));
    } else {
      return failure("options, word " + std::to_string(position_) +
                     ": neither a flag nor a flag's value; a value that holds blanks needs quotes");
    }
    return Done{};
  }

  Result<RunOptions> finish() {
    if (pending_ == nullptr) return std::move(options_);
    return failure("--" + std::string(pending_->name) + ": its value is missing");
  }

 private:
  void add(const FlagRow& row, const std::string& value) {
    options_.flags.push_back({std::string(row.name), value});
    pending_ = nullptr;
  }

  Status take_name(const std::string& text) {
    const auto [name, value] = split_pair(text, '=');
    const Result<const FlagRow*> row = permitted(find_flag(name), "--" + name);
    if (!row.ok()) return row.failure();
    if (name.size() < text.size()) {
      add(*row.value(), value);
    } else if (row.value()->is_switch) {
      add(*row.value(), "true");
    } else {
      pending_ = row.value();
    }
    return Done{};
  }

  // Switches may share a word, and the last letter may have its value in the same word.
  Status take_letters(std::string_view letters) {
    while (!letters.empty()) {
      const Result<const FlagRow*> found =
          permitted(find_flag(letters.front()), std::string("-") + letters.front());
      if (!found.ok()) return found.failure();
      const FlagRow& row = *found.value();
      letters.remove_prefix(1);
      if (letters.empty() && !row.is_switch) {
        pending_ = &row;
      } else if (row.is_switch && !letters.starts_with('=')) {
        add(row, "true");
      } else {
        add(row, std::string(letters.substr(letters.starts_with('=') ? 1 : 0)));
        break;
      }
    }
    return Done{};
  }

  RunOptions options_;
  const FlagRow* pending_ = nullptr;  // the flag whose value comes next
  int position_ = 0;
};

boost::json::array& as_array(boost::json::value& value) {
  return value.is_array() ? value.get_array() : value.emplace_array();
}

boost::json::object& as_object(boost::json::value& value) {
  return value.is_object() ? value.get_object() : value.emplace_object();
}

}  // namespace

Result<RunOptions> parse_run_options(const google::protobuf::RepeatedPtrField<std::string>& words) {
  CommandLine line;
  for (const std::string& element : words) {
    Result<std::vector<std::string>> pieces(std::vector{element});
    if (line.expects_flag() && element.find_first_of(" \t\r\n") != element.npos) {
      pieces = split_words(element);
    }
    if (!pieces.ok()) {
      return failure("options: an element that holds blanks is no line of words: " +
                     pieces.failure().text);
    }
    for (const std::string& word : pieces.value()) {
      if (const Status taken = line.take(word); !taken.ok()) return taken.failure();
    }
  }
  return line.finish();
}

Result<RunOptions> parse_run_line(std::string_view line) {
  const auto words = split_words(line);
  if (!words.ok()) return failure("options: they are no line of words: " + words.failure().text);
  CommandLine options;
  for (const std::string& word : words.value()) {
    if (const Status taken = options.take(word); !taken.ok()) return taken.failure();
  }
  return options.finish();
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
  // What --network sets is held against what the flags for a part of it have set.
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
    if (network) return failure("--network: a container is created in one network, not in several");
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

#include "engine/docker/client_options.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>
#include <vector>

#include "host/text.h"

namespace containerizer {

namespace {

using Environment = std::map<std::string, std::string>;

Failure failure(const std::string& reason) {
  return Failure{Fault::refused, one_line(std::string(docker_arguments) + ": " + reason)};
}

// What the words say, as they say it.
struct Given {
  std::vector<std::string> hosts;
  std::string context;
  std::string settings;
  std::optional<bool> tls;
  std::optional<bool> verify;
  std::optional<std::string> ca;
  std::optional<std::string> certificate;
  std::optional<std::string> key;
};

struct Option {
  std::string_view long_name;
  std::string_view short_name;
  std::function<void(Given&, const std::string&)> set;  // of an option with a value
  std::function<void(Given&, bool)> turn = {};          // of a flag
};

const std::vector<Option>& options() {
  using G = Given;
  using S = const std::string;
  static const std::vector<Option> all{
      {"--host", "-H", [](G& g, S& v) { g.hosts.push_back(v); }},
      {"--context", "-c", [](G& g, S& v) { g.context = v; }},
      {"--config", "", [](G& g, S& v) { g.settings = v; }},
      {"--tlscacert", "", [](G& g, S& v) { g.ca = v; }},
      {"--tlscert", "", [](G& g, S& v) { g.certificate = v; }},
      {"--tlskey", "", [](G& g, S& v) { g.key = v; }},
      {"--log-level", "-l", [](G&, S&) {}},
      {"--tls", "", nullptr, [](G& g, bool on) { g.tls = on; }},
      {"--tlsverify", "", nullptr, [](G& g, bool on) { g.verify = on; }},
      {"--debug", "-D", nullptr, [](G&, bool) {}},
  };
  return all;
}

const Option* find_option(const std::string& name) {
  const auto found = std::find_if(options().begin(), options().end(), [&](const Option& option) {
    return name == option.long_name || (!option.short_name.empty() && name == option.short_name);
  });
  return found == options().end() ? nullptr : &*found;
}

struct Word {
  std::string name;
  std::optional<std::string> value;
};

// "--name", "--name=value", "-n", "-nvalue", "-n=value".
Word take_apart(const std::string& word) {
  const bool is_long = word.starts_with("--");
  const std::size_t end = is_long ? std::min(word.find('='), word.size()) : 2;
  if (end >= word.size()) return {word, std::nullopt};
  return {word.substr(0, end), word.substr(word[end] == '=' ? end + 1 : end)};
}

// As docker reads the values of its flags.
std::optional<bool> to_bool(const std::string& text) {
  for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

Result<Given> read_words(const std::vector<std::string>& words) {
  Given given;
  for (auto word = words.begin(); word != words.end(); ++word) {
    Word parts = take_apart(*word);
    const Option* option = find_option(parts.name);
    if (option == nullptr) return failure("unknown option '" + parts.name + "'");
    if (option->turn) {
      const auto on = to_bool(parts.value.value_or("true"));
      if (!on) return failure("option " + parts.name + " takes true or false");
      option->turn(given, *on);
      continue;
    }
    if (!parts.value) {
      if (std::next(word) == words.end()) {
        return failure("option " + parts.name + " lacks its value");
      }
      parts.value = *++word;
    }
    option->set(given, *parts.value);
  }
  if (given.hosts.size() > 1) return failure("-H is given more than once; name one daemon");
  if (!given.hosts.empty() && !given.context.empty()) {
    return failure("-H and --context exclude each other; name one daemon");
  }
  return given;
}

std::string variable(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

Result<Given> read_given(const Environment& environment) {
  const auto words = split_words(variable(environment, docker_arguments));
  if (!words.ok()) return failure(words.failure().text);
  return read_words(words.value());
}

std::string usual_directory(const Environment& environment) {
  auto directory = variable(environment, "DOCKER_CONFIG");
  if (!directory.empty()) return directory;
  const auto home = variable(environment, "HOME");
  return home.empty() ? "" : home + "/.docker";
}

std::string certificate_directory(const Environment& environment) {
  auto directory = variable(environment, "DOCKER_CERT_PATH");
  return directory.empty() ? usual_directory(environment) : directory;
}

}  // namespace

Result<ClientOptions> read_client_options(const Environment& environment) {
  const auto read = read_given(environment);
  if (!read.ok()) return read.failure();
  const Given& given = read.value();
  ClientOptions options;
  if (!given.hosts.empty()) options.host = given.hosts.front();
  options.context = given.context;
  options.directory = given.settings.empty() ? usual_directory(environment) : given.settings;
  options.verify = given.verify.value_or(!variable(environment, "DOCKER_TLS_VERIFY").empty());
  // --tlsverify=false asks for TLS, too.
  options.tls = given.verify || options.verify ||
                given.tls.value_or(!variable(environment, "DOCKER_TLS").empty());
  const auto directory = certificate_directory(environment);
  const auto file = [&](const std::optional<std::string>& path, const char* name) {
    return ClientOptions::File{path.value_or(directory + "/" + name), path.has_value()};
  };
  options.ca = file(given.ca, "ca.pem");
  options.certificate = file(given.certificate, "cert.pem");
  options.key = file(given.key, "key.pem");
  return options;
}

std::string client_directory(const Environment& environment) {
  const auto options = read_client_options(environment);
  return options.ok() ? options.value().directory : usual_directory(environment);
}

}  // namespace containerizer

#include "engine/docker/client_options.h"

#include <functional>
#include <string_view>
#include <vector>

#include "host/options.h"
#include "host/text.h"

namespace containerizer {

namespace {

using Environment = std::map<std::string, std::string>;

Failure failure(const std::string& reason) {
  return Failure{Fault::refused, one_line(std::string(docker_arguments) + ": " + reason)};
}

// The options as they are given, before variables fill the gaps.
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

struct Row {
  std::string_view long_name;
  std::string_view short_name;
  std::function<void(Given&, const std::string&)> set;  // of an option with a value
  std::function<void(Given&, bool)> turn = {};          // of a switch
};

const std::vector<Row>& rows() {
  using G = Given;
  using S = const std::string;
  static const std::vector<Row> all{
      {"--host", "-H", [](G& g, S& v) { g.hosts.push_back(v); }},
      {"--context", "-c", [](G& g, S& v) { g.context = v; }},
      {"--config", "", [](G& g, S& v) { g.settings = v; }},
      {"--tlscacert", "", [](G& g, S& v) { g.ca = v; }},
      {"--tlscert", "", [](G& g, S& v) { g.certificate = v; }},
      {"--tlskey", "", [](G& g, S& v) { g.key = v; }},
      // The output of the docker command does not exist here.
      {"--log-level", "-l", [](G&, S&) {}},
      {"--tls", "", nullptr, [](G& g, bool on) { g.tls = on; }},
      {"--tlsverify", "", nullptr, [](G& g, bool on) { g.verify = on; }},
      {"--debug", "-D", nullptr, [](G&, bool) {}},
  };
  return all;
}

Result<const Row*> find_row(const std::string& name) {
  for (const auto& row : rows()) {
    if (name == row.long_name || name == row.short_name) return &row;
  }
  return failure("unknown option '" + name + "'");
}

Status apply(const Option& option, Given& given) {
  const auto row = find_row(option.name);
  if (!row.ok()) return row.failure();
  if (!row.value()->turn) {
    row.value()->set(given, option.value);
    return Done{};
  }
  const auto on = parse_switch(option.value);
  if (!on) return failure("option " + option.name + " takes true or false");
  row.value()->turn(given, *on);
  return Done{};
}

Result<Given> read_arguments(const std::vector<std::string>& arguments) {
  Given given;
  OptionReader reader([](const std::string& name) -> Result<bool> {
    const auto row = find_row(name);
    if (!row.ok()) return row.failure();
    return row.value()->turn != nullptr;
  });
  for (const auto& argument : arguments) {
    const auto options = reader.read(argument);
    if (options.failed_with(Fault::not_found)) return failure("unknown option '" + argument + "'");
    if (!options.ok()) return options.failure();
    for (const auto& option : options.value()) {
      if (const Status applied = apply(option, given); !applied.ok()) return applied.failure();
    }
  }
  if (!reader.without_value().empty()) {
    return failure("option " + reader.without_value() + " has no value");
  }
  // The docker command rejects these combinations, too.
  if (given.hosts.size() > 1) return failure("-H is given more than once; name one daemon");
  if (!given.hosts.empty() && !given.context.empty()) {
    return failure("-H and --context cannot be combined; name one daemon");
  }
  return given;
}

std::string variable(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

Result<Given> read_given(const Environment& environment) {
  const auto arguments = split_words(variable(environment, docker_arguments));
  if (!arguments.ok()) return failure(arguments.failure().text);
  return read_arguments(arguments.value());
}

// Where docker's configuration is unless --config names another directory; "" if it is unknown.
std::string default_directory(const Environment& environment) {
  auto directory = variable(environment, "DOCKER_CONFIG");
  if (!directory.empty()) return directory;
  const auto home = variable(environment, "HOME");
  return home.empty() ? "" : home + "/.docker";
}

// As with the docker command, --config does not move the certificates.
std::string certificate_directory(const Environment& environment) {
  auto directory = variable(environment, "DOCKER_CERT_PATH");
  return directory.empty() ? default_directory(environment) : directory;
}

}  // namespace

Result<ClientOptions> read_client_options(const Environment& environment) {
  const auto read = read_given(environment);
  if (!read.ok()) return read.failure();
  const Given& given = read.value();
  ClientOptions options;
  if (!given.hosts.empty()) options.host = given.hosts.front();
  options.context = given.context;
  options.directory = given.settings.empty() ? default_directory(environment) : given.settings;
  options.verify = given.verify.value_or(!variable(environment, "DOCKER_TLS_VERIFY").empty());
  // The docker command uses TLS as soon as --tlsverify is given, even with the value false.
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
  return options.ok() ? options.value().directory : default_directory(environment);
}

}  // namespace containerizer

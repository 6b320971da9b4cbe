#include "engine/docker/endpoint.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>

#include "engine/docker/encoding.h"
#include "engine/host/text.h"

namespace containerizer {

namespace {

constexpr const char* kArguments = "CONTAINERIZER_DOCKER_ARGS";
constexpr unsigned kDefaultPort = 2375;

enum class Use { host, ignored_flag, ignored_value, unsupported };

struct Option {
  std::string_view long_name;
  std::string_view short_name;
  Use use;
};

constexpr Option kOptions[] = {
    {"--host", "-H", Use::host},
    {"--debug", "-D", Use::ignored_flag},
    {"--log-level", "-l", Use::ignored_value},
    {"--tls", "", Use::unsupported},
    {"--tlsverify", "", Use::unsupported},
    {"--tlscacert", "", Use::unsupported},
    {"--tlscert", "", Use::unsupported},
    {"--tlskey", "", Use::unsupported},
    {"--config", "", Use::unsupported},
    {"--context", "-c", Use::unsupported},
};

Failure refusal(const std::string& subject, const std::string& reason) {
  return Failure{Fault::refused, subject + ": " + reason};
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

// The value of -H in `words`, if there is one.
Result<std::optional<std::string>> host_option(const std::vector<std::string>& words) {
  std::optional<std::string> host;
  for (auto word = words.begin(); word != words.end(); ++word) {
    Word parts = take_apart(*word);
    const auto* option =
        std::find_if(std::begin(kOptions), std::end(kOptions), [&](const Option& o) {
          return parts.name == o.long_name || (!o.short_name.empty() && parts.name == o.short_name);
        });
    if (option == std::end(kOptions)) {
      return refusal(kArguments, "unknown option '" + parts.name + "'");
    }
    if (option->use == Use::unsupported) {
      return refusal(kArguments, parts.name +
                                     " is not supported; use a unix socket or plain tcp with -H, "
                                     "without TLS, contexts or client configuration");
    }
    if (option->use == Use::ignored_flag) continue;
    if (!parts.value) {
      if (std::next(word) == words.end()) {
        return refusal(kArguments, "option " + parts.name + " lacks its value");
      }
      parts.value = *++word;
    }
    if (option->use == Use::ignored_value) continue;
    if (host) return refusal(kArguments, "-H is given more than once; name one daemon");
    host = parts.value;
  }
  return host;
}

Result<Endpoint> unix_endpoint(const std::string& host, const std::string& path) {
  Endpoint endpoint;
  if (!path.empty()) endpoint.address = path;
  if (endpoint.address.front() != '/') {
    return refusal("'" + host + "'", "the path of a unix socket must be absolute");
  }
  if (endpoint.address.size() >= sizeof(sockaddr_un::sun_path)) {
    return refusal("'" + host + "'", "the path of a unix socket has at most 107 bytes");
  }
  return endpoint;
}

bool is_numeric_address(const std::string& address) {
  in6_addr parsed;
  return inet_pton(AF_INET, address.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

Result<Endpoint> tcp_endpoint(const std::string& host, std::string rest) {
  const std::string subject = "'" + host + "'";
  if (rest.ends_with('/')) rest.pop_back();
  const bool bracketed = rest.starts_with('[');
  const std::size_t colon = rest.find(':', bracketed ? std::min(rest.find(']'), rest.size()) : 0);
  std::string address = rest.substr(0, colon);
  if (bracketed && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (address == "localhost") address = "127.0.0.1";
  if (!is_numeric_address(address)) {
    return refusal(subject, "the daemon must be named by unix:///path or tcp://IP-ADDRESS:PORT");
  }
  unsigned port = kDefaultPort;
  if (colon != std::string::npos) {
    if (!to_number(std::string_view(rest).substr(colon + 1), port) || port < 1 || port > 65535) {
      return refusal(subject, "the port must be a number from 1 to 65535");
    }
  }
  return Endpoint{Endpoint::Kind::tcp, address, static_cast<std::uint16_t>(port)};
}

}  // namespace

std::string Endpoint::text() const {
  if (kind == Kind::unix_socket) return "unix://" + address;
  const bool bracket = address.find(':') != std::string::npos;
  return "tcp://" + (bracket ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

Result<Endpoint> parse_endpoint(const std::string& host) {
  constexpr std::string_view kUnix = "unix://";
  constexpr std::string_view kTcp = "tcp://";
  if (host.starts_with(kUnix)) return unix_endpoint(host, host.substr(kUnix.size()));
  return tcp_endpoint(host, host.starts_with(kTcp) ? host.substr(kTcp.size()) : host);
}

Result<Endpoint> choose_endpoint(const std::map<std::string, std::string>& environment) {
  const auto variable = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  const auto words = split_words(variable(kArguments));
  if (!words.ok()) return refusal(kArguments, words.failure().text);
  const auto option = host_option(words.value());
  if (!option.ok()) return option.failure();

  const bool from_option = option.value() && !option.value()->empty();
  const std::string host = from_option ? *option.value() : variable("DOCKER_HOST");
  if (host.empty()) return Endpoint{};
  auto endpoint = parse_endpoint(host);
  if (!endpoint.ok()) {
    return refusal(from_option ? kArguments : "DOCKER_HOST", endpoint.failure().text);
  }
  if (endpoint.value().kind == Endpoint::Kind::tcp && !variable("DOCKER_TLS_VERIFY").empty()) {
    return refusal("DOCKER_TLS_VERIFY", "TLS is not supported; unset it and use " +
                                            endpoint.value().text() + " without TLS");
  }
  return endpoint;
}

}  // namespace containerizer

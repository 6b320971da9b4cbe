#include "engine/docker/transport/endpoint.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "host/text.h"

namespace containerizer {

namespace {

constexpr unsigned default_port = 2375;

Failure failure(const std::string& subject, const std::string& reason) {
  return Failure{Fault::refused, one_line(subject + ": " + reason)};
}

Result<Endpoint> unix_endpoint(const std::string& host, const std::string& path) {
  Endpoint endpoint;
  if (!path.empty()) endpoint.address = path;
  if (endpoint.address.front() != '/') {
    return failure("'" + host + "'", "the path of a unix socket must be absolute");
  }
  if (endpoint.address.size() >= sizeof(sockaddr_un::sun_path)) {
    return failure("'" + host + "'", "the path of a unix socket must not exceed 107 bytes");
  }
  return endpoint;
}

bool is_numeric_address(const std::string& address) {
  in6_addr parsed;
  return inet_pton(AF_INET, address.c_str(), &parsed) == 1 ||
         inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

// The address that a hosts file contains for a name, from the first line with that name.
std::optional<std::string> find_host(std::string_view hosts, const std::string& name) {
  std::istringstream lines{std::string(hosts)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    words >> address;
    const bool named = std::find(std::istream_iterator<std::string>(words), {}, name) !=
                       std::istream_iterator<std::string>();
    if (named && is_numeric_address(address)) return address;
  }
  return std::nullopt;
}

std::optional<std::string> address_of(const std::string& name, std::string_view hosts) {
  if (is_numeric_address(name)) return name;
  if (name == "localhost") return "127.0.0.1";
  return find_host(hosts, name);
}

Result<Endpoint> tcp_endpoint(const std::string& host, std::string rest, std::string_view hosts) {
  const std::string subject = "'" + host + "'";
  if (rest.ends_with('/')) rest.pop_back();
  const bool bracketed = rest.starts_with('[');
  const std::size_t colon = rest.find(':', bracketed ? std::min(rest.find(']'), rest.size()) : 0);
  std::string name = rest.substr(0, colon);
  if (bracketed && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  const auto address = address_of(name, hosts);
  if (!address) {
    return failure(subject,
                   "the daemon must be named by unix:///path or tcp://HOST:PORT, where HOST is an "
                   "IP address or a name in /etc/hosts; name servers are not asked");
  }
  unsigned port = default_port;
  if (colon != std::string::npos) {
    if (!to_number(std::string_view(rest).substr(colon + 1), port) || port < 1 || port > 65535) {
      return failure(subject, "the port must be a number from 1 to 65535");
    }
  }
  return Endpoint{Endpoint::Kind::tcp, *address, static_cast<std::uint16_t>(port), name};
}

}  // namespace

std::string Endpoint::text() const {
  if (kind == Kind::unix_socket) return "unix://" + address;
  const bool bracket = name.find(':') != std::string::npos;
  return "tcp://" + (bracket ? "[" + name + "]" : name) + ":" + std::to_string(port);
}

Result<Endpoint> parse_endpoint(const std::string& host, std::string_view hosts) {
  constexpr std::string_view unix_scheme = "unix://";
  constexpr std::string_view tcp_scheme = "tcp://";
  if (host.starts_with(unix_scheme)) return unix_endpoint(host, host.substr(unix_scheme.size()));
  if (host.starts_with(tcp_scheme))
    return tcp_endpoint(host, host.substr(tcp_scheme.size()), hosts);
  if (const auto scheme = host.find("://"); scheme != std::string::npos) {
    return failure("'" + host + "'", host.substr(0, scheme) +
                                         ":// is not supported; use unix:///path, or "
                                         "tcp://HOST:PORT (with TLS if needed)");
  }
  return tcp_endpoint(host, host, hosts);
}

}  // namespace containerizer

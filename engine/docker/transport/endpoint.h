// Where the Docker daemon listens. Pure: nothing is read but the arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/result.h"

namespace containerizer {

// What a TLS connection goes by. Files in PEM, which are read anew for each connection, so that
// certificates can be renewed while containers run.
struct TlsSettings {
  bool verify = true;       // the daemon's certificate
  std::string ca;           // whom to trust; "" for the CAs of this host
  std::string certificate;  // ours, and its key; used when both are there
  std::string key;
};

struct Endpoint {
  enum class Kind { unix_socket, tcp };
  Kind kind = Kind::unix_socket;
  std::string address = "/var/run/docker.sock";  // path of the socket, or a numeric IP address
  std::uint16_t port = 0;                        // tcp only
  std::string name = {};  // tcp only: the host as it was written, which a certificate has to name
  std::optional<TlsSettings> tls = {};

  // One that no call reaches.
  static Endpoint nowhere() { return {Kind::unix_socket, "/dev/null/no-endpoint"}; }
  // The address where docker expects a daemon with TLS if no address is given.
  static Endpoint usual_tls() { return {Kind::tcp, "127.0.0.1", 2376, "localhost"}; }

  // As DOCKER_HOST writes it, for people.
  std::string text() const;
};

// Reads unix:///path, tcp://host[:port], or host[:port]. The port defaults to 2375, with TLS, too,
// as docker has it. A host is a numeric address, "localhost", or a name in `hosts`, the content of
// an /etc/hosts: a name server could stall a call beyond its deadline.
// refused: any other form, named in the text.
Result<Endpoint> parse_endpoint(const std::string& host, std::string_view hosts = {});

}  // namespace containerizer

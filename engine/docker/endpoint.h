// Where the Docker daemon listens. Pure: nothing is read but the arguments.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/host/result.h"

namespace containerizer {

struct Endpoint {
  enum class Kind { unix_socket, tcp };
  Kind kind = Kind::unix_socket;
  std::string address = "/var/run/docker.sock";  // path of the socket, or a numeric IP address
  std::uint16_t port = 0;                        // tcp only

  // One that no call reaches.
  static Endpoint nowhere() { return {Kind::unix_socket, "/dev/null/no-endpoint", 0}; }

  // As DOCKER_HOST writes it, for people.
  std::string text() const;
};

// Reads unix:///path, tcp://address[:port], or address[:port]. The port defaults to 2375; the
// address is numeric or "localhost", for a name server could stall a call beyond its deadline.
// refused: any other form, named in the text.
Result<Endpoint> parse_endpoint(const std::string& host);

// The daemon that the operator means: the -H of CONTAINERIZER_DOCKER_ARGS (options that every
// docker call takes, as its own command line spells them), else DOCKER_HOST, else the default
// socket. refused: an option that is unknown or that asks for something not supported (TLS,
// contexts, client configuration), or an endpoint that cannot be read; the text says which.
Result<Endpoint> choose_endpoint(const std::map<std::string, std::string>& environment);

}  // namespace containerizer

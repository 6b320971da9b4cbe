// Which daemon the operator means.
#pragma once

#include <map>
#include <string>

#include "engine/docker/transport/endpoint.h"

namespace containerizer {

// The daemon that the docker command would ask, given these options (CONTAINERIZER_DOCKER_ARGS)
// and variables: the first of --context, -H, DOCKER_HOST, DOCKER_CONTEXT and the current context of
// its config.json, else the default socket, or localhost with TLS if that is asked for. A context
// brings its own TLS settings; the others go by options and variables.
//
// Reads what it needs of docker's configuration and /etc/hosts, and sees that the files of TLS can
// be read; what is in them is seen when a connection is made. Unlike docker, it takes no interest
// in them when the daemon listens on a unix socket.
//
// refused: an option, variable or file that cannot be honoured; the text names it, and tells why.
Result<Endpoint> choose_endpoint(const std::map<std::string, std::string>& environment);

}  // namespace containerizer

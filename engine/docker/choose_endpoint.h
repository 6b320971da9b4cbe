// Determines the address of the daemon from the operator's settings.
#pragma once

#include <map>
#include <string>

#include "engine/docker/transport/endpoint.h"

namespace containerizer {

// Returns the daemon that the docker command would use with these options
// (CONTAINERIZER_DOCKER_ARGS) and variables. The first of these decides: --context, -H,
// DOCKER_HOST, DOCKER_CONTEXT, the current context in docker's config.json. If there is none, it is
// the default socket, or localhost if TLS is requested. A context contains its own TLS settings;
// otherwise options and variables set them.
//
// Reads docker's configuration and /etc/hosts. Checks that the TLS files can be read; a connection
// reads their content. Unlike docker, it ignores the TLS files if the daemon listens on a unix
// socket.
//
// refused: an option, variable or file is not valid; the text names it and the reason.
Result<Endpoint> choose_endpoint(const std::map<std::string, std::string>& environment);

}  // namespace containerizer

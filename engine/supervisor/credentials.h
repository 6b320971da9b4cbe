// With what a registry is asked for an image: what `docker login` leaves in a configuration of the
// docker command, or a helper named there keeps.
#pragma once

#include <string>
#include <string_view>

#include "engine/docker/docker.h"
#include "host/environment.h"
#include "host/host.h"

namespace containerizer {

// What a configuration says of one registry; both empty when it says nothing.
struct Login {
  RegistryAuth auth;
  std::string helper;  // the program docker-credential-HELPER has the rest
};

// Reads a configuration: `config.json`, or the older `.dockercfg`. refused: it is neither; the text
// tells why, and quotes nothing of it. Pure.
Result<Login> read_login(std::string_view configuration, const std::string& registry);

// What a helper answers to `get`. refused: it is no such answer. Pure.
Result<RegistryAuth> read_helper(std::string_view answer, const std::string& registry);

struct Credentials : RegistryAuth {
  bool is_tasks = false;  // the task brought them along
};

// Those that a task names in its message. Pure.
Credentials credentials_of_task(const std::string& reference, const std::string& user,
                                const std::string& secret);

// Looks, in this order, for `.docker/config.json` and `.dockercfg` in the sandbox, as a task brings
// them along, and for those of the operator: `config.json` where client_directory says, and
// `.dockercfg` in HOME if that is .docker in there. The first configuration that knows the registry
// counts. A task's own cannot name a helper, for helpers run as we do.
//
// Success: the credentials, empty where nobody has any. refused: a configuration, or a helper's
// answer, cannot be read; the text names it, and holds no secret. interrupted: the host's wake
// became readable while a helper was asked.
Result<Credentials> find_credentials(Host& host, const std::string& reference,
                                     const std::string& sandbox, const Environment& environment);

}  // namespace containerizer

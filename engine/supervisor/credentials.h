// Finds the credentials for a registry. `docker login` stores them in a configuration file of the
// docker command, or in a credential helper that this file names.
#pragma once

#include <string>
#include <string_view>

#include "engine/docker/docker.h"
#include "host/environment.h"
#include "host/host.h"

namespace containerizer {

// A configuration's content for one registry. Both members are empty if it has none.
struct Login {
  RegistryAuth auth;
  std::string helper;  // the program docker-credential-HELPER, without the prefix
};

// Reads a configuration: `config.json`, or the older `.dockercfg`. refused: the content is
// malformed. The text says why, and does not quote it. Pure.
Result<Login> read_login(std::string_view configuration, const std::string& registry);

// Reads a helper's answer to `get`. refused: the answer is malformed. Pure.
Result<RegistryAuth> read_helper(std::string_view answer, const std::string& registry);

struct Credentials : RegistryAuth {
  bool is_tasks = false;  // the task supplied them, not the operator
};

// The credentials in a task's message. Pure.
Credentials credentials_of_task(const std::string& reference, const std::string& user,
                                const std::string& secret);

// Reads these files in this order, and returns the credentials of the first one that has any for
// the registry: `.docker/config.json` and `.dockercfg` in the sandbox, which a task can supply;
// `config.json` in the operator's client_directory(); `.dockercfg` in HOME if that directory is
// HOME/.docker. Only the operator's files may name a helper, because helpers run with our rights.
//
// Success: the credentials; all empty if there are none. refused: a file or a helper's answer is
// malformed. The text names it and contains no secret. interrupted: the host's wake became readable
// while a helper ran.
Result<Credentials> find_credentials(Host& host, const std::string& reference,
                                     const std::string& sandbox, const Environment& environment);

}  // namespace containerizer

// Reads the options that every docker command takes from CONTAINERIZER_DOCKER_ARGS. Environment
// variables replace missing options. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "host/result.h"

namespace containerizer {

inline constexpr const char* docker_arguments = "CONTAINERIZER_DOCKER_ARGS";

struct ClientOptions {
  // A file that an option names, or the one at its default place.
  struct File {
    std::string path;
    bool is_given = false;
  };

  std::optional<std::string> host;  // -H, which may be empty
  std::string context;              // -c, --context
  std::string directory;            // as client_directory() returns it
  bool tls = false;                 // --tls, --tlsverify, DOCKER_TLS, DOCKER_TLS_VERIFY
  bool verify = false;              // --tlsverify, DOCKER_TLS_VERIFY
  // --tlscacert, --tlscert, --tlskey. Default: files in the directory DOCKER_CERT_PATH,
  // DOCKER_CONFIG or $HOME/.docker. The docker command does not look for them in --config.
  File ca;
  File certificate;
  File key;
};

// refused: an option is unknown or malformed; the text names it.
Result<ClientOptions> read_client_options(const std::map<std::string, std::string>& environment);

// The directory of docker's own configuration, which contains credentials and contexts: --config,
// DOCKER_CONFIG, or .docker in HOME. "" if none of them is set. Ignores options that cannot be
// read.
std::string client_directory(const std::map<std::string, std::string>& environment);

}  // namespace containerizer

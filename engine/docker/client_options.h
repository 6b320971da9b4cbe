// The options that every docker command takes, as CONTAINERIZER_DOCKER_ARGS gives them, with the
// variables that stand in for those not given. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "host/result.h"

namespace containerizer {

inline constexpr const char* docker_arguments = "CONTAINERIZER_DOCKER_ARGS";

struct ClientOptions {
  // A file by an option, or by its usual place.
  struct File {
    std::string path;
    bool is_given = false;
  };

  std::optional<std::string> host;  // -H, which may be empty
  std::string context;              // -c, --context
  std::string directory;            // as client_directory finds it
  bool tls = false;                 // --tls, --tlsverify, DOCKER_TLS, DOCKER_TLS_VERIFY
  bool verify = false;              // --tlsverify, DOCKER_TLS_VERIFY
  // --tlscacert, --tlscert, --tlskey; else in the directory DOCKER_CERT_PATH, DOCKER_CONFIG or
  // $HOME/.docker. Docker does not look for them where --config points.
  File ca;
  File certificate;
  File key;
};

// refused: an option that is unknown or malformed; the text names it.
Result<ClientOptions> read_client_options(const std::map<std::string, std::string>& environment);

// The directory of docker's own configuration, which has credentials and contexts: --config, else
// DOCKER_CONFIG, else .docker in HOME; "" when there is none of them. Options that cannot be read
// count as not given.
std::string client_directory(const std::map<std::string, std::string>& environment);

}  // namespace containerizer

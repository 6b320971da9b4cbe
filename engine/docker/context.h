// Reads contexts of docker: daemons that `docker context create` has recorded in files below
// docker's configuration directory. Pure: the caller passes the content of the files.
#pragma once

#include <string>
#include <string_view>

#include "host/result.h"

namespace containerizer {

// A context's daemon. Its certificates are in separate files.
struct Context {
  std::string host;  // in the form of DOCKER_HOST; "" for the default socket
  bool skip_verify = false;
};

// Reads a meta.json. refused: the content is malformed, or it does not name a Docker daemon; the
// text says which.
Result<Context> read_context(std::string_view meta);

// The current context in a config.json, "" for none. refused: the content is malformed.
Result<std::string> read_current_context(std::string_view configuration);

// The name of a context's directory below `contexts/meta` and `contexts/tls`.
std::string context_directory(std::string_view name);

}  // namespace containerizer

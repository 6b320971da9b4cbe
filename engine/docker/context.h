// Contexts of docker: daemons that `docker context create` has put on record, in files below the
// directory of its configuration. Pure: the content of files is given.
#pragma once

#include <string>
#include <string_view>

#include "host/result.h"

namespace containerizer {

// What a context says of its daemon; beside it there may be certificates.
struct Context {
  std::string host;  // as DOCKER_HOST writes it; "" for the default socket
  bool skip_verify = false;
};

// Reads a meta.json. refused: it is none, or knows no Docker daemon; the text tells why.
Result<Context> read_context(std::string_view meta);

// The context that a config.json makes the current one, "" for none. refused: it is no such file.
Result<std::string> read_current_context(std::string_view configuration);

// The directory of a context's files, below `contexts/meta` and `contexts/tls`.
std::string context_directory(std::string_view name);

}  // namespace containerizer

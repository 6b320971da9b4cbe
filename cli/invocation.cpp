#include "cli/invocation.h"

#include "host/log.h"

namespace containerizer {

int fail(const std::string& text, int status) {
  log::error("{}", text);
  return status;
}

}  // namespace containerizer

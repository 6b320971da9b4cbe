#include "cli/version.h"

#include "cli/printing.h"
#include "engine/docker/client.h"
#include "store/migrations.h"

namespace containerizer {

std::string version_text() { return PROJECT_VERSION; }

boost::json::object version_document() {
  auto whole = document();
  whole["version"] = PROJECT_VERSION;
  whole["commit"] = PROJECT_COMMIT;
  whole["schema"] = store::embedded_migrations().back().number;
  whole["api"] = {{"oldest", oldest_api_version()}, {"newest", newest_api_version()}};
  return whole;
}

}  // namespace containerizer

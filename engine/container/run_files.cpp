#include "engine/container/run_files.h"

#include <unistd.h>

namespace containerizer {

std::string run_file(const std::string& state_directory, const std::string& container_id,
                     const std::string& suffix) {
  return state_directory + "/run/" + container_id + suffix;
}

void remove_run_files(const std::string& state_directory, const std::string& container_id) {
  for (const char* suffix : {".output", ".facts", ".facts-new", ".executor", ".child", ".lock"}) {
    ::unlink(run_file(state_directory, container_id, suffix).c_str());
  }
}

}  // namespace containerizer

// The facts that `usage` needs about a running container, in a small file beside its lock. A slave
// calls `usage` every second for every container, and opening the database would be most of its
// cost (bench/run usage). The rows remain the truth: if the file does not exist, `usage` reads the
// rows.
#pragma once

#include <optional>
#include <string>

#include "host/process.h"
#include "store/store.h"

namespace containerizer {

struct RunningFacts {
  ProcessId init;
  std::optional<double> cpus;
  std::optional<std::int64_t> hard_memory;  // bytes
};

// Writes the file as a whole. Writes nothing if the row names no init process. An error is not
// reported: the file is then missing, and `usage` reads the database.
void write_running_facts(const std::string& state_directory, const store::Container& container,
                         const store::Limits& limits);

// Deletes the file, for facts that are no longer true.
void forget_running_facts(const std::string& state_directory, const std::string& container_id);

// Nothing if the file does not exist, or is malformed.
std::optional<RunningFacts> read_running_facts(const std::string& state_directory,
                                               const std::string& container_id);

}  // namespace containerizer

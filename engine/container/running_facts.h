// What `usage` must know of a running container, in a small file beside its lock. `usage` is asked
// every second for every container, and opening the database is most of what it would cost
// (bench/run usage). The rows remain the truth: without the file, they are asked.
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

// Written whole or not at all; nothing is written when the row names no process. Trouble is no
// failure: `usage` then asks the database.
void write_running_facts(const std::string& state_directory, const store::Container& container,
                         const store::Limits& limits);

// For facts that are not true any more.
void forget_running_facts(const std::string& state_directory, const std::string& container_id);

std::optional<RunningFacts> read_running_facts(const std::string& state_directory,
                                               const std::string& container_id);

}  // namespace containerizer

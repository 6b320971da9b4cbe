#include "engine/container/running_facts.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "engine/container/life_lock.h"
#include "engine/container/run_files.h"
#include "host/fd.h"
#include "host/file.h"
#include "host/format.h"

namespace containerizer {
namespace {

constexpr const char* suffix = ".facts";

}  // namespace

void write_running_facts(const std::string& state_directory, const store::Container& container,
                         const store::Limits& limits) {
  if (!container.init) return;
  const auto path = run_file(state_directory, container.container_id, suffix);
  const auto unfinished = run_file(state_directory, container.container_id, ".facts-new");
  // -1 means that the row contains no value.
  const auto text = formatted("{} {} {} {}\n", container.init->pid, container.init->start,
                              limits.cpus.value_or(-1), limits.hard_memory.value_or(-1));
  // Renamed when it is complete, because `usage` may read it at any moment.
  const Fd file(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid() || !write_all(file.get(), text) ||
      std::rename(unfinished.c_str(), path.c_str()) != 0) {
    // Old facts would be wrong. Without the file, `usage` reads the database.
    ::unlink(unfinished.c_str());
    ::unlink(path.c_str());
  }
}

void forget_running_facts(const std::string& state_directory, const std::string& container_id) {
  ::unlink(run_file(state_directory, container_id, suffix).c_str());
}

std::optional<RunningFacts> read_running_facts(const std::string& state_directory,
                                               const std::string& container_id) {
  const auto text = read_small_file(run_file(state_directory, container_id, suffix));
  if (!text) return std::nullopt;
  RunningFacts facts;
  double cpus = -1;
  long long memory = -1;
  unsigned long long start = 0;
  // NOLINTNEXTLINE(cert-err34-c): we wrote the file; other than four fields are rejected.
  if (std::sscanf(text->c_str(), "%d %llu %lf %lld", &facts.init.pid, &start, &cpus, &memory) !=
      4) {
    return std::nullopt;
  }
  facts.init.start = start;
  if (cpus >= 0) facts.cpus = cpus;
  if (memory >= 0) facts.hard_memory = memory;
  return facts;
}

}  // namespace containerizer

// Which process of the slave has called a verb: it is recorded, so that others can tell later
// whether that slave still exists.
#pragma once

#include <string>

#include "cli/invocation.h"
#include "host/log.h"

namespace containerizer {

// Records the remembered process of the slave. A failure of the database is logged only: a process
// that is not recorded is taken for one that lives. REQUIRES: slave.remember() was called.
inline void note_slave(Invocation& invocation, const std::string& container_id,
                       store::Purpose purpose) try {
  const auto process = invocation.slave.process();
  if (process) invocation.store.note_caller(container_id, purpose, *process);
} catch (const store::StoreError& error) {
  log::warn("cannot record which slave gave this order: {}", error.what());
}

}  // namespace containerizer

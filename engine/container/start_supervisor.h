// Seeing to it that a container has a supervisor, from any process.
#pragma once

#include <string>

#include "engine/container/services.h"
#include "host/result.h"

namespace containerizer {

// Success when, at some moment during the call, a supervisor owned the container or had nothing
// left to do for it. Starts one if there is none: detached, so that nobody who kills our process
// tree reaches it. Closes the store. refused: it could not be started.
Status ensure_supervisor(const Services& services, const std::string& container_id,
                         const std::string& sandbox);

// Makes the supervisor look at the container's requests, starting one if there is none.
Status wake_supervisor(const Services& services, const std::string& container_id,
                       const std::string& sandbox);

// The supervisor's side: tells whoever started it that the lock is taken (or that there is nothing
// to do). `report` is the supervisor's original standard output.
void report_ready(Fd report);

}  // namespace containerizer

// A slave that has been running for long.
#pragma once

#include "bench/slave.h"

namespace containerizer::bench {

constexpr int many_ended = 100'000;

// One container that has run to its end, and whose end has been delivered.
Task run_to_the_end(const Slave& slave);

// Fills the database with containers that have ended and were delivered: copies of a real one.
// Returns how many bytes one of them takes. Throws std::runtime_error.
double add_many_ended(const Slave& slave);

}  // namespace containerizer::bench

// The database of a slave that has been running for a long time.
#pragma once

#include "bench/slave.h"

namespace containerizer::bench {

constexpr int many_ended = 100'000;

// Runs one container until it ends and its termination is delivered.
Task run_to_the_end(const Slave& slave);

// Fills the database with ended and delivered containers, which are copies of a real one. Returns
// the bytes per container. Throws std::runtime_error.
double add_many_ended(const Slave& slave);

// Adds the rows of so many live containers, which have no processes. Throws std::runtime_error.
void add_live_rows(const Slave& slave, int count);

}  // namespace containerizer::bench

// The environment of the verbs.
#pragma once

#include <chrono>

#include "containerizer.pb.h"
#include "tests/slave/invoke.h"
#include "tests/slave/options.h"

namespace containerizer::player {

// The slave's own environment: what it inherited, --env, and what it exports itself.
Environment slave_environment(const Options& options, Release release, unsigned short port);

// Of every verb: the slave's own and the two directories.
Environment verb_environment(const Environment& own, const Options& options);

// Of `launch`: more, and in newer releases only what the slave's own environment leaves free.
Environment launch_environment(const Environment& own, const Options& options, Release release,
                               const mesos::containerizer::Launch& launch);

// How long an executor is given to shut down.
std::chrono::milliseconds shutdown_grace(const Options& options, Release release,
                                         const mesos::ExecutorInfo& executor);

}  // namespace containerizer::player

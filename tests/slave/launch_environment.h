// The environment of the verbs.
#pragma once

#include <chrono>

#include "containerizer.pb.h"
#include "tests/slave/invoke.h"
#include "tests/slave/options.h"

namespace containerizer::player {

// The slave's own environment: inherited variables, --env, and those that it exports itself.
Environment slave_environment(const Options& options, Release release, unsigned short port);

// The environment of every verb: the slave's own, and the two directories.
Environment verb_environment(const Environment& own, const Options& options);

// The environment of `launch`: more variables. In newer releases, they do not override the slave's
// own.
Environment launch_environment(const Environment& own, const Options& options, Release release,
                               const mesos::containerizer::Launch& launch);

// The grace period of an executor's shutdown.
std::chrono::milliseconds shutdown_grace(const Options& options, Release release,
                                         const mesos::ExecutorInfo& executor);

}  // namespace containerizer::player

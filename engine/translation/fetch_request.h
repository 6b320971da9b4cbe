// Builds the environment with which mesos-fetcher fetches a task's URIs. mesos-fetcher reads its
// whole request from the environment. There are three forms of it from Mesos 0.19 to 1.0. Facts:
// mesos-protocol 7. Pure.
#pragma once

#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "host/environment.h"
#include "host/result.h"

namespace containerizer {

using Uris = std::vector<mesos::CommandInfo::URI>;

// Checks a task's URIs, and the path of the sandbox `directory`.
//
// refused: mesos-fetcher does not accept a URI (it is empty, or contains a backslash, a single
// quote or a NUL), an output file is outside the sandbox, or the sandbox's path contains a single
// quote or a NUL. The text names the first of them.
Status check_uris(const Uris& uris, const std::string& directory);

// Returns an environment that every release understands: the older variables, and
// MESOS_FETCHER_INFO with the field names of all releases. Downloads bypass the slave's cache,
// because only the slave can maintain it. `directory` is the sandbox. `user` becomes the owner of
// the files; "" keeps the owner. The rest is `environment` (the launch's) without_slave_settings().
//
// The form up to 0.21 separates URIs with spaces. If a URI contains a space, that form is omitted.
// A newer fetcher then still works. An older one reports that MESOS_EXECUTOR_URIS is missing, and
// fetch_hint() explains it.
Environment fetcher_environment(const Uris& uris, const std::string& directory,
                                const std::string& user, const Environment& environment);

// A text to append to the message of a failed fetch; "" for none.
std::string fetch_hint(const Uris& uris);

}  // namespace containerizer

// What mesos-fetcher must be told to fetch a task's URIs. It takes everything from its environment,
// in three different forms from 0.19 to 1.0; facts: mesos-protocol 7. Pure.
#pragma once

#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "host/environment.h"
#include "host/result.h"

namespace containerizer {

using Uris = std::vector<mesos::CommandInfo::URI>;

// refused: names the first URI that no fetcher accepts (it is empty, or holds a backslash, a single
// quote or a NUL), or whose output file would not lie in the sandbox `directory`; or the sandbox
// itself, whose path the fetcher hands to a shell between single quotes.
Status check_uris(const Uris& uris, const std::string& directory);

// One environment that every release understands: both spellings of MESOS_FETCHER_INFO in one JSON,
// and the variables from before. Everything is downloaded past the slave's cache, whose books only
// the slave can keep. `directory` is the sandbox; `user` owns the result, "" for nobody in
// particular. Of `environment`, the slave's own settings are dropped (without_slave_settings)
// except MESOS_FRAMEWORKS_HOME.
//
// The form up to 0.21 separates URIs by blanks. When a URI holds one, that form is left out: a new
// fetcher works, an old one says that MESOS_EXECUTOR_URIS is missing, and fetch_hint() says why.
Environment fetcher_environment(const Uris& uris, const std::string& directory,
                                const std::string& user, const Environment& environment);

// What to append to the report of a failed fetch; "" for nothing.
std::string fetch_hint(const Uris& uris);

}  // namespace containerizer

// Runs cases, each in a process of its own, so that a case that hangs costs its time and nothing
// else.
#pragma once

#include <boost/json/object.hpp>

#include "tests/judge/cases.h"

namespace containerizer::judge {

// Makes the images of the cases in the daemon, if they are not there, and returns what the daemon
// has. Throws std::runtime_error with a sentence for people if the daemon or busybox is missing.
std::set<std::string> prepare(const fs::path& scratch);

// Plays the case. The result has these members: name, group, rule, source, outcome ("passed",
// "failed" or "skipped"), expected, seen, seconds, tree, and events (at, took, what, detail).
boost::json::object play(const Case& one, const Setting& setting);

}  // namespace containerizer::judge

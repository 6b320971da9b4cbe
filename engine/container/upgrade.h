// An upgrade replaces the file of this program, and the new program can change the schema of the
// database. A process that must go on then becomes the new program, and keeps its PID, its locks
// and its children. docs/upgrading.md explains the order for the operator.
#pragma once

#include <string>
#include <vector>

#include "engine/container/services.h"
#include "host/result.h"

namespace containerizer {

// The argument that makes every program print the version of its schema.
inline constexpr const char* print_schema = "--schema";

// Becomes the program at our path. `role` contains its arguments after argv[0], and its descriptors
// 0 to 2 as for become() in host/process.h. Returns only if that program cannot take over: it is
// missing or broken, or knows no newer schema than this one.
Failure become_newer_program(const Services& services, Program role, const std::vector<int>& kept);

}  // namespace containerizer

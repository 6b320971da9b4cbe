// The small files in the state directory that belong to a container until it is Gone.
#pragma once

#include <string>

namespace containerizer {

// The path of one of a container's files. `suffix` is one of
//   ".lock"      its life lock,
//   ".output"    the buffer of its output,
//   ".facts"     its running facts,
//   ".executor"  exists once its mesos-executor has started,
//   ".child"     exists while a program that its supervisor waits for may run.
std::string run_file(const std::string& state_directory, const std::string& container_id,
                     const std::string& suffix);

// Deletes all files of a container that is Gone. It may be repeated, and another process may still
// have the lock file open.
void remove_run_files(const std::string& state_directory, const std::string& container_id);

}  // namespace containerizer

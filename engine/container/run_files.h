// The small files that a live container has in the state directory, beside its row.
#pragma once

#include <string>

namespace containerizer {

// The path of one of a container's files. `suffix` is one of
//   ".lock"      its life lock,
//   ".output"    the buffer of its output,
//   ".facts"     its running facts,
//   ".executor"  the mark that its mesos-executor has started.
std::string run_file(const std::string& state_directory, const std::string& container_id,
                     const std::string& suffix);

// Deletes all files of a container that is Gone. Repeating it is harmless, also while another
// process still has the lock file open.
void remove_run_files(const std::string& state_directory, const std::string& container_id);

}  // namespace containerizer

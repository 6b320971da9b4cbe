// Programs that keep the database's write-ahead log from being emptied.
#pragma once

#include <string>

namespace containerizer {

// Logs, at most once a day for all processes, which other programs have the database open. For a
// log that has stayed very large: a reader with an open transaction makes it grow.
void report_readers(const std::string& state_directory);

}  // namespace containerizer

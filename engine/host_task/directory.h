// What is kept of a plain process of the host, which stands in for a container: a directory of its
// name, whose files say what it is, and how far it has come. Each file appears whole.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "host/lock.h"
#include "host/process.h"
#include "host/result.h"

namespace containerizer {

// How its process ended.
struct HostTaskEnd {
  int status = 0;           // of waitpid
  std::string finished_at;  // RFC 3339
};

class HostTaskDirectory {
 public:
  // The directory need not be there.
  explicit HostTaskDirectory(std::string directory);

  const std::string& directory() const { return directory_; }

  // What it was created with; nothing when there is no such place.
  std::optional<boost::json::object> spec() const;
  // Whether its program may have begun.
  bool has_begun() const;
  // Notes that from now on it may have. False when it had been noted before.
  bool begin() const;

  // The process that watches it, and its own.
  std::optional<ProcessId> shim() const { return process("shim"); }
  std::optional<ProcessId> program() const { return process("program"); }
  bool note_shim(const ProcessId& id) const { return note_process("shim", id); }
  bool note_program(const ProcessId& id) const { return note_process("program", id); }

  std::optional<HostTaskEnd> end() const;
  bool note_end(int status) const;
  // Why the program could not be started; "" when it could, or has not been yet.
  std::string failure() const;
  bool note_failure(const std::string& why) const;

  // Held by its keeper for life. refused: it cannot be opened.
  Result<LockFile> lock() const;

 private:
  std::optional<ProcessId> process(const char* name) const;
  bool note_process(const char* name, const ProcessId& id) const;

  std::string directory_;
};

// Writes a file whole, or not at all, to be read by us alone. False (errno set) on failure.
bool write_whole(const std::string& path, std::string_view content);

}  // namespace containerizer

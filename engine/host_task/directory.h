// The directory of one host task: a process on the host that runs in place of a container. Its
// files state what the task is and how far it has come. Each file is written as a whole, so a
// reader never sees part of one.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "host/lock.h"
#include "host/process.h"
#include "host/result.h"

namespace containerizer {

// How the task's program ended.
struct HostTaskEnd {
  int status = 0;           // a wait status, as waitpid() returns it
  std::string finished_at;  // RFC 3339
};

// A view of the files: it caches nothing, so each call reads or writes one file. The record_…
// functions return false, with errno set, if the file cannot be written.
class HostTaskDirectory {
 public:
  // The directory at `path` need not exist.
  explicit HostTaskDirectory(std::string path);

  const std::string& path() const { return path_; }

  // The body of the create request, with the task's name as "Name". Nothing if the task does not
  // exist.
  std::optional<boost::json::object> spec() const;

  // Whether the program may have started.
  bool may_have_started() const;
  // Records that the program may start from now on. False if that was already recorded, or cannot
  // be recorded.
  bool record_start() const;

  // The shim process that runs the program, and the program. Nothing before they are recorded.
  std::optional<ProcessId> shim() const { return process("shim"); }
  std::optional<ProcessId> program() const { return process("program"); }
  bool record_shim(const ProcessId& id) const { return record_process("shim", id); }
  bool record_program(const ProcessId& id) const { return record_process("program", id); }

  // Nothing while the program runs, and if its shim was killed.
  std::optional<HostTaskEnd> end() const;
  // `status` is a wait status. The current time is recorded with it.
  bool record_end(int status) const;

  // Why the program could not be started. "" if it was started, or was not tried yet.
  std::string failure() const;
  bool record_failure(const std::string& why) const;

  // The lock file, not locked yet. The task's shim locks byte 0 for its whole life.
  // refused: the file cannot be opened.
  Result<LockFile> lock() const;

 private:
  std::optional<ProcessId> process(const char* name) const;
  bool record_process(const char* name, const ProcessId& id) const;

  std::string path_;
};

// Replaces a file as a whole, readable by its owner only. False, with errno set, on failure: then
// the old file, if there is one, is unchanged.
bool write_whole(const std::string& path, std::string_view content);

}  // namespace containerizer

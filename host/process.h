// Processes of this host: naming them so that a reused pid is never mistaken, starting them with
// nothing inherited by accident, and signalling them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/fd.h"
#include "host/result.h"

namespace containerizer {

// The kernel's id of this boot. Pids and monotonic times mean nothing beyond it.
std::string boot_id();

// A process of this boot. A pid alone can name another process tomorrow; with its start time (clock
// ticks since boot, /proc/PID/stat field 22) it cannot.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start = 0;
  bool operator==(const ProcessId&) const = default;
};

// The process that has this pid now; nothing when there is none, or only a zombie.
std::optional<ProcessId> identify(pid_t pid);

// A waitpid status for people: "exit code 1", "signal 6", "status unknown".
std::string describe_wait_status(std::optional<int> status);

// The parent of a process that exists.
std::optional<pid_t> parent_of(pid_t pid);

// A pidfd (readable once the process has ended), invalid when it has ended already.
Fd open_process(const ProcessId& process);

// False when the process has ended. Never reaches another process that got the same pid.
bool send_signal(const ProcessId& process, int signal);

// Sends a signal to a process group led by a process that we started in a session of its own.
bool send_group_signal(const ProcessId& leader, int signal);

// Whom a program runs as.
struct Identity {
  uid_t user = 0;
  gid_t group = 0;
};

struct Program {
  std::vector<std::string> arguments;    // arguments[0] is the path, unless `file` is
  std::string file;                      // "" for arguments[0]
  std::vector<std::string> environment;  // NAME=value
  std::string directory;                 // working directory; "" keeps ours
  int input = -1;                        // descriptors for 0, 1, 2; -1 is /dev/null
  int output = -1;
  int error = -1;
  // Created, once permission is there, right before the program begins: as long as it is not there,
  // the program certainly has not. "" for none.
  std::string started_file;
  // Ours without one.
  std::optional<Identity> identity;
  // The program, and what it starts, gains nothing from set-user-id files.
  bool no_new_privileges = false;
  // Killed by the kernel when the process that started it ends.
  bool dies_with_us = false;
  // Not our child: reparented to init, so that nobody who kills our tree reaches it.
  bool detached = false;
};

// A process that has been forked into a session of its own but waits for permission to become the
// program. If its parent dies, or drops this object, before allowing it, it ends without having
// done anything: the parent can record who it is first.
class PreparedProcess {
 public:
  // unavailable: the host cannot fork. REQUIRES: not detached.
  static Result<PreparedProcess> fork(const Program& program);

  const ProcessId& id() const { return id_; }
  // Lets it go. refused: the program could not be started, with the reason.
  // REQUIRES: SIGPIPE is ignored.
  Status allow();

 private:
  PreparedProcess(ProcessId id, Fd gate, Fd report)
      : id_(id), gate_(std::move(gate)), report_(std::move(report)) {}
  ProcessId id_;
  Fd gate_;
  Fd report_;
  std::string path_;
};

// Starts a program in a session of its own with default signal dispositions, an empty signal mask
// and no descriptor but 0, 1 and 2. refused: it cannot be started, with the reason. For a detached
// program the returned id is of no use.
Result<ProcessId> start(const Program& program);

// Reaps a child of ours: its waitpid status, or nothing while it runs.
std::optional<int> reap(pid_t child);

// The absolute path of the running program.
std::string own_program();

}  // namespace containerizer

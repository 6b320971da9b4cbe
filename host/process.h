// Processes of this host: identifying them although PIDs are reused, starting them so that they
// inherit nothing by accident, and signalling them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/fd.h"
#include "host/result.h"

namespace containerizer {

// The kernel's ID of this boot. PIDs and monotonic times are only valid within one boot. Throws
// std::system_error if the ID cannot be read; a later call tries again.
std::string boot_id();

// A process of this boot. The kernel reuses PIDs, but no two processes have the same PID and the
// same start time (clock ticks since boot, field 22 of /proc/PID/stat).
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start = 0;
  bool operator==(const ProcessId&) const = default;
};

// The process that has this PID now. Empty if there is none, if it is a zombie, or if that cannot
// be told. To conclude that a process is gone, ask life_of().
std::optional<ProcessId> identify(pid_t pid);

// The three answers to the question whether a process exists. unknown: the kernel did not answer,
// for example because this process has no descriptor left. Unknown is never dead.
enum class Life { alive, gone, unknown };
const char* name_of(Life life);
Life life_of(const ProcessId& process);

// A waitpid status as text: "exit code 1", "signal 6", or "status unknown" if it is empty.
std::string describe_wait_status(std::optional<int> status);

// The PID of a process's parent. Empty if the process does not exist.
std::optional<pid_t> parent_of(pid_t pid);

// Opens a pidfd, which is readable once the process has exited. The caller owns it.
// not_found: the process has exited. unavailable: the kernel gives no descriptor (Linux before 5.3
// has none), so whether the process exists is only known from life_of().
Result<Fd> open_process(const ProcessId& process);

// Sends a signal. Returns false if the process has exited, or may not be signalled. The signal
// never reaches another process that has the same PID by now. A kernel without pidfds could only
// be wrong if the PID is reused between two system calls.
bool send_signal(const ProcessId& process, int signal);

// Sends a signal to the process group of `leader`. Returns false if `leader` has exited, or the
// group may not be signalled. REQUIRES: this program started `leader`, so it is the leader of its
// own session. The kernel does not reuse its PID as long as its group exists.
bool send_group_signal(const ProcessId& leader, int signal);

// The user and group that a program runs as.
struct Identity {
  uid_t user = 0;
  gid_t group = 0;
};

struct Program {
  std::vector<std::string> arguments;    // argv
  std::string file;                      // path of the executable; "" for arguments[0]
  std::vector<std::string> environment;  // NAME=value
  std::string directory;                 // working directory; "" keeps ours
  int input = -1;                        // descriptors for 0, 1 and 2; -1 for /dev/null
  int output = -1;
  int error = -1;
  // A file that is created right before the program starts (for a PreparedProcess: after allow()).
  // As long as it does not exist, the program has certainly not started. "" for no file.
  std::string started_file;
  // Empty: our own user and groups. Otherwise the program has no supplementary group except that
  // one.
  std::optional<Identity> identity;
  // The program, and what it starts, gains nothing from set-user-id files.
  bool no_new_privileges = false;
  // The kernel kills the process when the thread that started it ends.
  bool dies_with_us = false;
  // The process is not our child. Init adopts it, so it survives a process that kills our tree.
  bool detached = false;
};

// A process that has been forked into its own session, and waits for permission to become the
// program. The parent can therefore record its ID first. If the parent dies, or destroys this
// object, before allow(), the process exits without having done anything.
class PreparedProcess {
 public:
  // unavailable: the host cannot fork, or the process exited at once. REQUIRES: not detached.
  static Result<PreparedProcess> fork(const Program& program);

  const ProcessId& id() const { return id_; }
  // Starts the program. Returns once it runs. refused: it could not be started, with the reason.
  // REQUIRES: SIGPIPE is ignored, because the process may have exited. Call it at most once.
  Status allow();

 private:
  PreparedProcess(ProcessId id, Fd gate, Fd report)
      : id_(id), gate_(std::move(gate)), report_(std::move(report)) {}
  ProcessId id_;
  Fd gate_;
  Fd report_;
  std::string path_;
};

// Starts a program in its own session, with default signal dispositions, an empty signal mask and
// no descriptors except 0, 1 and 2. Returns once the program runs. The caller reaps it, unless it
// is detached; for a detached program, the returned ID is meaningless. refused: it cannot be
// started, with the reason. unavailable: the host cannot fork.
Result<ProcessId> start(const Program& program);

// Replaces the program of this process. PID, parent, session, children, signal mask and pending
// signals stay. Descriptors 0 to 2 become those of `program`, where -1 keeps ours. Those in `kept`
// stay open, with their numbers and locks. Only arguments, file, environment and descriptors of
// `program` count. Returns only if the program cannot be executed; then this process goes on as
// before. REQUIRES: nobody uses SIGALRM or SIGIO now.
Failure become(const Program& program, const std::vector<int>& kept);

// Closes all descriptors of this process from `first` on. May be called between fork and exec.
void close_descriptors_from(int first);

// The processes of this host, except this one.
std::vector<ProcessId> other_processes();

// The processes of this host whose environment contains `variable` (NAME=value), except this one.
// Processes that this one may not look into are left out. Source: proc(5), /proc/PID/environ.
std::vector<ProcessId> processes_with(const std::string& variable);

// An open file of a process, with its number there.
struct OpenFile {
  ProcessId process;
  int descriptor = -1;
};
// Where the processes of this host, except this one, have the file at `path` open. A link is
// followed. Processes that this one may not look into are left out. Source: proc(5), /proc/PID/fd.
std::vector<OpenFile> openings_of(const std::string& path);

// Reaps a child of this process and returns its waitpid status. Empty while it runs, and if it is
// not a child of this process.
std::optional<int> reap(pid_t child);

// The absolute path of this program's executable, also after an upgrade has replaced the file: then
// it is the path of the new one.
std::string own_program();

}  // namespace containerizer

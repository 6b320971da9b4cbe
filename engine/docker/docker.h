// The interface to Docker. Besides the client of the daemon, host tasks and the simulation
// implement it.
//
// Every call ends within the implementation's deadline for calls, whatever the daemon does. A call
// without an answer fails with Fault::unavailable: its effect is unknown, and the caller must
// inspect the container before it concludes anything. A Docker belongs to one thread.
// Facts: Docker Engine API 1.24 to 1.41. JSON fields have the names that this API gives them.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/result.h"

namespace containerizer {

// The progress of a pull, for the operator.
struct PullNews {
  std::string line;  // one line without control characters
  // The completed part, from 0 to 1; set in lines that repeat as the pull advances.
  std::optional<double> fraction;
};
using PullListener = std::function<void(const PullNews&)>;

// The part of the answer to `inspect` that decisions need.
struct ContainerFacts {
  std::string id;      // 64 hexadecimal digits
  std::string name;    // without the leading slash
  std::string status;  // created, running, paused, restarting, removing, exited, dead
  std::map<std::string, std::string> labels;
  bool started = false;  // it was started at least once
  bool oom_killed = false;
  int exit_code = 0;        // valid if status is exited or dead
  std::string error;        // why the last start failed: the daemon's message
  std::int64_t pid = 0;     // of the first process, on the daemon's host; 0 if it does not run
  std::string stop_signal;  // "" for the default
  std::int64_t memory_limit = 0;  // the hard limit in bytes; 0 for none, and always 0 in lists
  std::int64_t swap_limit = 0;    // memory and swap together, in bytes; -1 for none, 0 for unknown
  std::int64_t cpu_quota = 0;     // microseconds per period; 0 for none
  std::string finished_at;        // RFC 3339, unchanged; "" if the daemon does not know it
};

// The protocols (tcp, udp, sctp) of the ports that an image declares (EXPOSE), by their numbers.
using ExposedPorts = std::map<std::uint32_t, std::vector<std::string>>;

// What the daemon reports about itself. A text is "" if it does not report it.
struct DaemonInfo {
  std::string version;        // of the daemon
  std::string api;            // the version of the API in use
  bool live_restore = false;  // containers survive a restart of the daemon
  std::string log_driver;
  std::string storage_driver;
  std::string cgroup_version;  // "1" or "2"
  std::string cgroup_driver;
  std::string system;  // the host's distribution
  std::string kernel;
};

enum class OutputStream { out, err };

// Bytes that a container writes, as they come.
struct OutputPiece {
  OutputStream stream = OutputStream::out;
  std::string_view bytes;
};

// What a container writes from now on, byte for byte. The daemon keeps about a megabyte that is not
// read; then the container's next write blocks. An idle attachment has no buffers.
class Attachment {
 public:
  virtual ~Attachment() = default;
  // Readable when next() may have a piece. Wait for it only after next() had none.
  virtual int fd() const = 0;
  // Without blocking: a piece, which is valid until the next call; an empty optional when there is
  // none yet; not_found at the end, which the daemon's own end brings, too; unavailable when the
  // connection broke. A failure is final.
  virtual Result<std::optional<OutputPiece>> next() = 0;
};

// One line (or piece of a long line) in the daemon's log of a container.
struct LogEntry {
  OutputStream stream = OutputStream::out;
  std::string timestamp;  // RFC 3339, as the daemon wrote it
  std::string bytes;      // as the container wrote them, where the log driver keeps them so
};

// The entries of a log at one moment, in the daemon's order.
class LogReader {
 public:
  virtual ~LogReader() = default;
  // Readable when next() may have an entry. Wait for it only after next() had none: entries may
  // have arrived together.
  virtual int fd() const = 0;
  // Without blocking: an entry; an empty optional when there is none yet; not_found at the end;
  // unavailable when the connection broke; refused when the daemon has no log to read (its log
  // driver keeps none). A failure is final.
  virtual Result<std::optional<LogEntry>> next() = 0;
};

// Waits until a container no longer runs.
class ExitStream {
 public:
  virtual ~ExitStream() = default;
  // Readable when ended() may return something new.
  virtual int fd() const = 0;
  // Returns whether the container has ended. Does not block. not_found: there is no such
  // container. unavailable: the connection broke. Every result except false is final.
  virtual Result<bool> ended() = 0;
};

// Credentials for a registry: the content of the X-Registry-Auth header. All empty for none.
struct RegistryAuth {
  std::string username;
  std::string password;
  std::string server;
  std::string identity_token;  // replaces username and password

  bool empty() const { return username.empty() && password.empty() && identity_token.empty(); }
};

class Docker {
 public:
  virtual ~Docker() = default;

  // Creates a container. `body` is the body of POST /containers/create. Success: the container's
  // ID. not_found: no such image. conflict: the name is taken. refused: the daemon rejects the
  // request.
  virtual Result<std::string> create(const std::string& name, const boost::json::object& body) = 0;

  // Starts a created container. Success also if it runs already. not_found: no such container.
  // refused: it cannot start (unknown entrypoint, bad mount, port taken, …).
  virtual Status start(const std::string& container) = 0;

  // `container` is an ID or a name, here and below. not_found: no such container.
  virtual Result<ContainerFacts> inspect(const std::string& container) = 0;

  // All containers with label=value, running or not. Only id, name, status, started and labels are
  // set.
  virtual Result<std::vector<ContainerFacts>> list(const std::string& label,
                                                   const std::string& value) = 0;

  // Sends a signal ("SIGTERM", "15"). Success also if the container no longer runs or exists.
  virtual Status kill(const std::string& container, const std::string& signal) = 0;

  // Removes a container with its anonymous volumes, and kills it if needed. Success also if it does
  // not exist, or if a removal that is already in progress ends before the deadline.
  virtual Status remove(const std::string& container) = 0;

  // Changes limits. `body` is the body of POST /containers/{id}/update. unsupported: the daemon has
  // no such call.
  virtual Status update(const std::string& container, const boost::json::object& body) = 0;

  // Returns whether the daemon has the image.
  virtual Result<bool> has_image(const std::string& reference) = 0;

  // The ports that the image declares. not_found: the daemon does not have it.
  virtual Result<ExposedPorts> exposed_ports(const std::string& reference) = 0;

  // Pulls an image and reports the progress to `listener`, which may be empty. A pull may take any
  // time, as long as the daemon sends something. unavailable: it sent nothing for the time that the
  // implementation allows. interrupted: `interrupt` (a descriptor, -1 for none) became readable.
  // not_found: the registry does not have the image, or requires credentials. refused: the daemon
  // or the registry rejects the pull; the text is the daemon's message.
  virtual Status pull(const std::string& reference, const RegistryAuth& auth, int interrupt,
                      const PullListener& listener) = 0;

  // Attaches to a container's output, also before its start: then nothing is missed. Null for one
  // whose program writes to the sandbox itself. not_found: no such container. refused: the daemon
  // does not attach, or the container has exited and the daemon is Podman, which would forget its
  // exit code.
  virtual Result<std::unique_ptr<Attachment>> attach(const std::string& container) = 0;

  // The log of a container: the entries with timestamp >= `since` ("" for all), of these the newest
  // `most` (0 for all), which is much cheaper where the log is long.
  virtual Result<std::unique_ptr<LogReader>> read_log(const std::string& container,
                                                      const std::string& since,
                                                      std::size_t most) = 0;

  // REQUIRES: the container was started. A container that was only created appears to have ended.
  virtual Result<std::unique_ptr<ExitStream>> open_exit_stream(const std::string& container) = 0;

  // The signals that clients have sent to a container that has ended: their numbers, the oldest
  // first. Empty if the daemon does not remember them: Docker remembers its last 256 events.
  virtual Result<std::vector<int>> signals_sent(const ContainerFacts& ended) = 0;

  // Success if the daemon answers.
  virtual Status ping() = 0;

  virtual Result<DaemonInfo> info() = 0;
};

}  // namespace containerizer

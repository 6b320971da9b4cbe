// The daemon's view of Docker: one interface, so that a simulation can stand in for the daemon.
//
// Every call ends within the deadline that the implementation was given for calls, whatever the
// daemon does. A call whose answer did not arrive is Fault::unavailable: its effect is unknown, and
// the caller must look (inspect) before it concludes anything. One thread, one Docker.
// Facts: Docker Engine API 1.24 to 1.41; names of JSON fields as there.
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

// News of a pull, for people: one line without control characters.
struct PullNews {
  std::string line;
  // How far it has come, from 0 to 1, in lines that come again and again to say so.
  std::optional<double> fraction;
};
using PullListener = std::function<void(const PullNews&)>;

// What `inspect` says of a container, reduced to what decisions need.
struct ContainerFacts {
  std::string id;      // 64 hexadecimal digits
  std::string name;    // without the leading slash
  std::string status;  // created, running, paused, restarting, removing, exited, dead
  std::map<std::string, std::string> labels;
  bool started = false;  // has been started at least once
  bool oom_killed = false;
  int exit_code = 0;     // meaningful when status is exited or dead
  std::string error;     // why the last start failed, in the daemon's words
  std::int64_t pid = 0;  // the first process, as the daemon's host numbers it; 0 when not running
  std::string stop_signal;        // "" for the default
  std::int64_t memory_limit = 0;  // the hard limit in bytes; 0 for none, and in lists
  std::int64_t swap_limit = 0;    // memory and swap together; -1 for none, 0 for unknown
  std::int64_t cpu_quota = 0;     // microseconds of each period; 0 for none
  std::string finished_at;        // RFC 3339, as given; "" where the daemon does not know
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

// The pending answer to "tell me when this container is not running".
class ExitStream {
 public:
  virtual ~ExitStream() = default;
  virtual int fd() const = 0;
  // Without blocking: true once the container has ended; false for not yet; Fault::not_found when
  // there is no such container; Fault::unavailable when the connection broke. Final once not false.
  virtual Result<bool> ended() = 0;
};

// Credentials for a registry, as the X-Registry-Auth header carries them; empty for none.
struct RegistryAuth {
  std::string username;
  std::string password;
  std::string server;
  std::string identity_token;  // in place of the two

  bool empty() const { return username.empty() && password.empty() && identity_token.empty(); }
};

class Docker {
 public:
  virtual ~Docker() = default;

  // Creates a container from the request body of POST /containers/create. Success: its id.
  // not_found: no such image. conflict: the name is taken (also for old daemons that answer 400 or
  // 500 with that text). refused: the daemon rejects the request.
  virtual Result<std::string> create(const std::string& name, const boost::json::object& body) = 0;

  // Starts a created container. Success also when it runs already. not_found: no such container.
  // refused: it cannot start (unknown entrypoint, bad mount, port taken, …).
  virtual Status start(const std::string& container) = 0;

  // `container` is an id or a name. not_found: it does not exist.
  virtual Result<ContainerFacts> inspect(const std::string& container) = 0;

  // All containers, running or not, that carry label=value. Facts hold id, name, status, labels.
  virtual Result<std::vector<ContainerFacts>> list(const std::string& label,
                                                   const std::string& value) = 0;

  // Sends a signal ("SIGTERM", "15"). Success also when it does not run any more or is gone.
  virtual Status kill(const std::string& container, const std::string& signal) = 0;

  // Removes a container with its anonymous volumes, killing it if needed. Success also when it is
  // gone, or its removal is under way already and has ended by the deadline.
  virtual Status remove(const std::string& container) = 0;

  // Changes limits: the request body of POST /containers/{id}/update.
  virtual Status update(const std::string& container, const boost::json::object& body) = 0;

  // Success with false when the image is not there.
  virtual Result<bool> has_image(const std::string& reference) = 0;

  // Pulls an image, and tells the listener, if there is one. Ends early with
  // Fault::interrupted when `interrupt` (a descriptor, -1 for none) becomes readable. The time is
  // bounded only by the daemon's silence: it fails as unavailable when nothing arrives for as long
  // as the implementation was told to bear. refused: the daemon or the registry cannot, in the
  // daemon's words. not_found: the registry has no such image, or wants credentials for it.
  virtual Status pull(const std::string& reference, const RegistryAuth& auth, int interrupt,
                      const PullListener& listener) = 0;

  // Attaches to a container's output, also before its start: then nothing is missed. Null for one
  // whose program writes to the sandbox itself. not_found: no such container. refused: the daemon
  // does not attach.
  virtual Result<std::unique_ptr<Attachment>> attach(const std::string& container) = 0;

  // The log of a container: the entries with timestamp >= `since` ("" for all), of these the newest
  // `most` (0 for all), which is much cheaper where the log is long.
  virtual Result<std::unique_ptr<LogReader>> read_log(const std::string& container,
                                                      const std::string& since,
                                                      std::size_t most) = 0;

  // REQUIRES: the container has been started; a container that was only created looks ended.
  virtual Result<std::unique_ptr<ExitStream>> open_exit_stream(const std::string& container) = 0;

  // Success when the daemon answers.
  virtual Status ping() = 0;
};

}  // namespace containerizer

// The containers of one slave instance, as rows. docs/schema.md and migrations/ describe the
// tables. States, events and kinds are stored as their stable names, whose meaning engine/lifecycle
// defines.
//
// Only a container's supervisor writes its row, which `version` guards. Other processes write
// requests, limits and deliveries beside it. Every function throws StoreError if the database
// fails; then it has changed nothing. A Store belongs to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/process.h"
#include "host/result.h"
#include "store/database.h"
#include "store/figures.h"

namespace containerizer::store {

// Another process has changed a row that only its supervisor may change.
class OwnershipLost : public StoreError {
 public:
  using StoreError::StoreError;
};

// Both clocks at one instant, in milliseconds.
struct Instant {
  std::int64_t wall = 0;       // since 1970
  std::int64_t monotonic = 0;  // since boot
};

struct Container {
  std::string container_id;  // the slave's ID of it
  std::string state;
  std::int64_t version = 1;  // grows by one with each change of the row
  Instant since;             // when it entered its state
  std::string kind;
  std::string slave_id;
  std::string framework_id;
  std::string executor_id;
  std::optional<std::string> task_id;
  std::optional<std::string> task_name;
  std::optional<std::string> user;
  std::string directory;  // the sandbox
  std::string nonce;
  std::string boot_id;
  std::int64_t created_at = 0;  // ms since 1970
  std::optional<std::string> image;
  std::optional<std::string> docker_id;
  std::optional<ProcessId> init;             // the container's first process
  std::optional<ProcessId> executor;         // mesos-executor, for a command task
  std::optional<std::int64_t> delivered_at;  // ms since 1970; empty: the slave has not read the end
};

struct Launch {
  std::string request;         // the message as received; empty once the container is Gone
  std::string environment;     // NAME=value, with a zero byte after each; emptied likewise
  std::string request_hash{};  // the SHA-256 of the request; "" if an older program recorded it
};

struct Limits {
  std::int64_t ticket = 0;  // number of the last set_limits()
  std::optional<double> cpus;
  std::optional<std::int64_t> memory;       // bytes; as the slave wants it
  std::optional<std::int64_t> hard_memory;  // bytes; the limit that the daemon enforces
};

struct Termination {
  std::string kind;
  std::optional<std::string> step;
  std::optional<int> exit_code;
  std::optional<int> signal;
  std::string message;
  std::int64_t recorded_at = 0;  // ms since 1970
  // Who ended it: "task", "slave", "operator", "daemon" or "kernel". Empty: nobody knows.
  std::optional<std::string> ended_by = {};
  std::optional<std::int64_t> peak_memory = {};  // bytes
  // The word for this end, such as "exit 3" or "killed". The database sets it (migrations/).
  std::string ending = {};
};

// Whether an end is neither a success nor what the slave or a person wanted.
inline bool is_failure(const Termination& termination) {
  return termination.ending != "exit 0" && termination.ending != "killed";
}

struct Requests {
  bool stop = false;
  bool destroy = false;
};

struct HistoryEntry {
  std::int64_t sequence = 0;
  std::string container_id;
  std::optional<std::string> from_state;
  std::string event;
  std::string to_state;
  Instant at;
  std::string actor;
  std::string detail;
};

// The supervisor that was recorded last. It may have exited since.
struct Supervisor {
  ProcessId process;
  std::string boot_id;
  std::int64_t since = 0;  // ms since 1970
};

// Everything about one container that a list shows.
struct Record {
  Container container;
  std::optional<Termination> termination;
  Limits limits;
  std::optional<Supervisor> supervisor;
};

// What a process of the slave has done about a container.
enum class Purpose { launch, update, destroy, end };  // end: it has read the termination

// A process of the slave that has read a container's termination.
struct Reading {
  std::string container_id;
  ProcessId reader;
};

// Which containers to list. An empty member selects all.
struct Selection {
  enum class Scope {
    active,  // those in the view of this name
    live,    // also those that wait for their removal
    all,     // also those that are Gone
  };
  Scope scope = Scope::active;
  bool failed = false;  // only failures
  std::string container_id = {};
  std::string state = {};
  std::string framework = {};
  std::string image = {};
  std::optional<std::int64_t> since = {};  // ms since 1970: in their state since then
  std::int64_t most = -1;                  // only the first ones, in the order of the answer
};

// Which entries of the history to read. An empty member selects all.
struct HistorySelection {
  std::optional<std::string> container_id = {};
  std::optional<std::int64_t> since = {};  // ms since 1970
  std::optional<std::int64_t> until = {};
  std::int64_t after = 0;  // only with a higher sequence
};

// One step of a lifecycle: the new state, its history entry and, with some events, the termination.
// It is committed as a whole.
struct Advance {
  std::string event;
  std::string to_state;
  std::string actor;
  std::string detail;
  std::optional<Termination> termination;  // ignored if one is already recorded
  Durability durability = Durability::process;
};

class Store {
 public:
  // Does not open the database; the first use does.
  explicit Store(DatabaseSettings settings);
  // From now on, each opening of the database calls `check` first, and throws UnsafeDirectory with
  // its text until `check` succeeds once.
  void open_only_if(std::function<Status()> check);
  virtual ~Store() = default;

  // Closes the connection; the next call opens it again. Call it before blocking for long and
  // before a fork.
  void close();

  // --- launch ---
  // Adds a container and sets its `since` and `created_at` to the current time. Returns false,
  // without changing anything, if a container with this ID already exists. Durable on disk.
  bool insert(Container container, const Launch& launch, const Limits& limits,
              const std::string& actor);

  // --- reading ---
  // One container by its ID. Empty if no such row exists.
  std::optional<Container> find(const std::string& container_id);
  // Whether a container of any id has this nonce.
  bool has_nonce(const std::string& nonce);
  std::optional<Launch> launch_of(const std::string& container_id);
  std::optional<Limits> limits_of(const std::string& container_id);
  std::optional<Termination> termination_of(const std::string& container_id);
  Requests requests_of(const std::string& container_id);
  // The supervisor that was recorded last, if that was in this boot. It may have exited since.
  std::optional<ProcessId> supervisor_of(const std::string& container_id);
  // The newest `most` entries of one container, or of all; oldest entry first.
  std::vector<HistoryEntry> history(const std::optional<std::string>& container_id,
                                    std::int64_t most);
  // The newest `most` of the selected entries; oldest entry first.
  std::vector<HistoryEntry> last_entries(const HistorySelection& selection, std::int64_t most);
  // The oldest `most` of the selected entries; oldest entry first.
  std::vector<HistoryEntry> first_entries(const HistorySelection& selection, std::int64_t most);
  // Whether the history of the container contains the event.
  bool has_event(const std::string& container_id, const std::string& event);
  // Containers that are not Gone, oldest first.
  std::vector<Container> live();
  // Containers that a person can mean by `text`: the one with this ID; otherwise those whose ID or
  // Docker ID starts with it, or whose task has this name, oldest first.
  std::vector<Container> matching(const std::string& text);
  // The newest launch first if all are selected, otherwise the oldest.
  std::vector<Record> records(const Selection& selection);
  // All containers, oldest first.
  std::vector<Container> everything();
  // IDs of the containers whose termination the slave has not read yet, including those that are
  // not Gone.
  std::vector<std::string> undelivered();

  // The process that note_caller() or deliver() recorded last, if that was in this boot. It may
  // have exited since.
  std::optional<ProcessId> caller_of(const std::string& container_id, Purpose purpose);
  // The terminations that were read in this boot, at most `span` before the last thing that the
  // reading process did.
  std::vector<Reading> last_readings(Duration span);

  // Everything that `metrics` reports of the database.
  Figures figures();

  // --- the supervisor ---
  // Commits a step: the new state, plus docker_id, image, init, executor and boot_id as the caller
  // has set them in `container`. Then updates `container` to the new row. Throws OwnershipLost if
  // another process has changed the row since `container` was read. REQUIRES: the caller owns the
  // container's life lock.
  void advance(Container& container, const Advance& step);
  // Writes the same columns without a step: neither state nor history changes. Otherwise the same.
  void amend(Container& container);
  // Records the supervisor and its boot, for supervisor_of().
  void set_supervisor(const std::string& container_id, const ProcessId& supervisor);
  void set_hard_memory(const std::string& container_id, std::int64_t bytes);

  // --- other processes ---
  // Adds a request ("stop" or "destroy"). Returns false if it already exists. Durable on disk.
  bool request(const std::string& container_id, const std::string& kind);
  // Records new limits; an empty value leaves the limit as it is. Returns the new ticket: of two
  // changes, the one with the higher ticket is the newer. Returns 0 if no such container exists.
  std::int64_t set_limits(const std::string& container_id, std::optional<double> cpus,
                          std::optional<std::int64_t> memory);
  // Records that the slave has read the termination, and which process of it, if that is known. The
  // first time and the last process are kept. Durable on disk.
  void deliver(const std::string& container_id, const std::optional<ProcessId>& reader = {});
  // Records which process of the slave gave an order now. The last one of each purpose is kept.
  // Does nothing if no such container exists.
  void note_caller(const std::string& container_id, Purpose purpose, const ProcessId& caller);

  // Records that the slave's containers were recovered now, in this boot, and forgets recoveries
  // and returns of the daemon before `oldest` (ms since 1970).
  void note_recovery(const std::string& boot, std::int64_t oldest);

  // Records that the daemon responds again now, unless another supervisor did so in the last
  // minute.
  void note_daemon_return();

  // --- housekeeping ---
  // SQLite's first complaint about the database's content; "" if it is sound. Reads all of it.
  std::string integrity();
  // Renames a database that cannot be read, so that the next call creates a new one. Returns the
  // path of the renamed one.
  std::string set_aside();
  // Deletes up to `most` containers that are Gone and were delivered before `wall` (ms since 1970),
  // with all their rows. Returns how many.
  int prune(std::int64_t wall, int most);
  // Closes the connection, and empties the write-ahead log if it has become large. Returns false if
  // the log is very large and stays so.
  virtual bool checkpoint();

  // The time for new rows. A simulation overrides it with its own time.
  virtual Instant now() const;

 protected:
  // Returns the open connection. Every function calls it first, so a simulation can override it to
  // fail or to stop the process there.
  virtual Database& database();

  const DatabaseSettings& settings() const { return settings_; }

 private:
  DatabaseSettings settings_;
  std::function<Status()> check_;
  std::unique_ptr<Database> database_;
};

}  // namespace containerizer::store

// The containers of one slave instance, as rows. What each table means: migrations/ and
// docs/schema.md. States, events and kinds are their stable names; their meaning is the daemon's.
//
// A container's row is written by its supervisor alone (guarded by `version`); other processes
// leave requests, limits and deliveries beside it. Every function throws StoreError when the
// database does not do what is asked; nothing is half done then. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/process.h"
#include "store/database.h"

namespace containerizer::store {

// A row that only its supervisor may change was changed by somebody else.
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
  std::string container_id;
  std::string state;
  std::int64_t version = 1;
  Instant since;  // when it entered its state
  std::string kind;
  std::string slave_id;
  std::string framework_id;
  std::string executor_id;
  std::optional<std::string> task_id;
  std::optional<std::string> task_name;
  std::optional<std::string> user;
  std::string directory;
  std::string nonce;
  std::string boot_id;
  std::int64_t created_at = 0;
  std::optional<std::string> image;
  std::optional<std::string> docker_id;
  std::optional<ProcessId> init;
  std::optional<ProcessId> executor;
  std::optional<std::int64_t> delivered_at;
};

struct Launch {
  std::string request;      // the message as received
  std::string environment;  // NAME=value, each ended by a zero byte
};

struct Limits {
  std::int64_t ticket = 0;
  std::optional<double> cpus;
  std::optional<std::int64_t> memory;       // bytes
  std::optional<std::int64_t> hard_memory;  // bytes, in force
};

struct Termination {
  std::string kind;
  std::optional<std::string> step;
  std::optional<int> exit_code;
  std::optional<int> signal;
  std::string message;
  std::int64_t recorded_at = 0;
};

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

// One step of a lifecycle, committed as a whole: the new state, its history entry, and whatever the
// event brought along.
struct Advance {
  std::string event;
  std::string to_state;
  std::string actor;
  std::string detail;
  std::optional<Termination> termination;  // kept only if none is recorded yet
  Durability durability = Durability::process;
};

class Store {
 public:
  // Opens at the first use.
  explicit Store(DatabaseSettings settings);
  virtual ~Store() = default;

  // Closes the connection; the next call opens it again. To be called before blocking for long and
  // before a fork.
  void close();

  // --- launch ---
  // Adds a container that has just arrived: its times are set. False, changing nothing, when the id
  // is there already. Durable on disk.
  bool insert(Container container, const Launch& launch, const Limits& limits,
              const std::string& actor);

  // --- reading ---
  std::optional<Container> find(const std::string& container_id);
  // Whether a container of any id has this nonce.
  bool has_nonce(const std::string& nonce);
  std::optional<Launch> launch_of(const std::string& container_id);
  std::optional<Limits> limits_of(const std::string& container_id);
  std::optional<Termination> termination_of(const std::string& container_id);
  Requests requests_of(const std::string& container_id);
  std::optional<ProcessId> supervisor_of(const std::string& container_id);
  // Of one container, or of all; oldest first; at most `most` (the newest ones).
  std::vector<HistoryEntry> history(const std::optional<std::string>& container_id,
                                    std::int64_t most);
  bool has_event(const std::string& container_id, const std::string& event);
  std::vector<Container> live();        // not Gone
  std::vector<Container> everything();  // oldest first
  std::vector<std::string> undelivered();

  // --- the supervisor ---
  // Moves `container` on and updates it to the row that results, with whatever of docker_id, image,
  // init, executor and boot_id the caller changed in it.
  // REQUIRES: the caller owns the container. Throws OwnershipLost when the row was changed
  // meanwhile.
  void advance(Container& container, const Advance& step);
  // The same columns, without a step.
  void amend(Container& container);
  void set_supervisor(const std::string& container_id, const ProcessId& supervisor);
  void set_hard_memory(const std::string& container_id, std::int64_t bytes);

  // --- other processes ---
  // False when it was there already.
  bool request(const std::string& container_id, const std::string& kind);
  // Takes a ticket for a change of limits. Values that are absent stay as they were.
  std::int64_t set_limits(const std::string& container_id, std::optional<double> cpus,
                          std::optional<std::int64_t> memory);
  // Durable on disk.
  void deliver(const std::string& container_id);

  // --- housekeeping ---
  // Renames a database that cannot be read, so that the next call begins a new one. Returns its new
  // path.
  std::string set_aside();
  // Deletes containers that are Gone and were delivered before `wall` (ms since 1970), with all
  // that belongs to them, at most `most`. Returns how many.
  int prune(std::int64_t wall, int most);
  // Empties the write-ahead log when it has grown; closes first.
  virtual void checkpoint();

  // The time that rows are given. A simulation has a time of its own.
  virtual Instant now() const;

 protected:
  // Every function passes here before it does anything: a simulation interferes.
  virtual Database& database();

 private:
  DatabaseSettings settings_;
  std::unique_ptr<Database> database_;
};

}  // namespace containerizer::store

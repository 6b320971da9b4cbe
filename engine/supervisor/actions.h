// The action of each state of a container's life, one function per state. In the order of a life,
// they are in prepare.cpp (until the container exists), start.cpp, run.cpp, stop.cpp and
// finish.cpp. actions.cpp contains the functions that they share.
//
// An action closes the store before each call that can block. An open connection holds a lock that
// delays checkpoints of the database (store/database.h).
//
// Each action is idempotent, because a supervisor that died may have done it already, completely or
// in part.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/container/services.h"
#include "engine/lifecycle/lifecycle.h"
#include "engine/lifecycle/reconcile.h"
#include "engine/supervisor/monitor.h"
#include "engine/supervisor/output.h"
#include "engine/supervisor/step.h"
#include "engine/translation/launch_plan.h"
#include "host/retry.h"

namespace containerizer {

// The daemon's answer about a container at one moment.
struct Sight {
  Observation seen = Observation::unknown;
  std::optional<ContainerFacts> facts;  // set if the container exists
};

class Actions {
 public:
  // `container` is the container's row. The actions change it, and it must outlive them.
  // REQUIRES: the caller owns the container.
  Actions(const Services& services, store::Container& container);

  // Runs the action of the container's state and returns its outcome. Blocks until the action ends.
  // A request of another process ends it early. REQUIRES: the state is not Gone.
  Step act();

  // Asks the daemon about the container.
  Sight look();

  // Returns the event and the termination of a container that has ended with these facts.
  Step exited_step(ContainerFacts facts);

  // Records a running container's first process, and its limits.
  void note_process(const ContainerFacts& facts);

 private:
  // Empty: nothing has happened yet, and the action goes on.
  using MaybeStep = std::optional<Step>;

  // prepare.cpp
  Step accept();
  Step fetch();
  MaybeStep fetch_one(const mesos::CommandInfo::URI& uri);
  Step pull();
  Step create();
  Status guard();
  MaybeStep run_hook_before_creation();
  Result<std::string> adopt_or_create();
  // start.cpp
  Step start();
  MaybeStep start_container();
  Status start_once();
  MaybeStep start_executor();
  // run.cpp
  Step run();
  MaybeStep monitor_until(Deadline deadline);
  MaybeStep ended_step();
  MaybeStep vanished_step();
  // stop.cpp
  Step stop();
  Duration stop_grace();
  void send_signal(const std::string& signal);
  // finish.cpp
  Step drain();
  bool has_run();
  void copy_last_output();
  void end_executor();
  void run_hook_after_end();
  Step remove();

  // --- Shared by the states: actions.cpp

  // The retries of one call to the daemon. They end CONTAINERIZER_DAEMON_RETRY after the first
  // failure.
  struct RetryWindow {
    std::optional<Deadline> end;
    Backoff backoff{Duration(50), Duration(5'000)};
  };
  // Pauses after a failure. Returns false, without a pause, when the window is over.
  bool pause_before_retry(RetryWindow& window, const Failure& failure);

  // The launch as a plan. Computed at the first call.
  Result<const LaunchPlan*> plan();
  // The event of a request that is legal in this state and has not been applied yet.
  MaybeStep new_request();
  bool is_destroy_requested();
  // Returns true once for a destroy request that has not been applied as an event yet.
  bool take_destroy_request();
  // Ends early when another process wakes us. The caller then checks for requests.
  void pause(Duration duration);
  // The container's ID if it is known, otherwise its name.
  std::string reference() const;
  // Created at the first call.
  Monitor& monitor();

  Services services_;
  store::Container& container_;
  std::optional<LaunchPlan> plan_;
  mesos::containerizer::Launch launch_;                // set with plan_
  Environment environment_;                            // set with plan_
  std::map<std::string, std::string> guarded_mounts_;  // guard_mounts()
  bool fresh_ = false;               // this process created the container and has not started it
  bool create_unanswered_ = false;   // create got no answer: a container may still appear
  bool destroy_seen_ = false;        // the destroy request has been applied as an event
  bool has_run_end_hook_ = false;    // in this process
  std::optional<Deadline> kill_at_;  // Stopping: the end of the grace period
  OutputCopy output_;
  std::unique_ptr<Monitor> monitor_;
};

}  // namespace containerizer

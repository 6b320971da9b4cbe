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

#include "engine/container/life_lock.h"
#include "engine/container/services.h"
#include "engine/lifecycle/lifecycle.h"
#include "engine/lifecycle/reconcile.h"
#include "engine/lifecycle/termination.h"
#include "engine/supervisor/hand_over.h"
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

// Throws Abandoned if the state directory was removed.
void check_not_abandoned(const Services& services, const LifeLock& lock);

class Actions {
 public:
  // `container` is the container's row. The actions change it. Both references must outlive them.
  // REQUIRES: the caller owns the container by `lock`.
  Actions(const Services& services, store::Container& container, const LifeLock& lock);

  // Runs the action of the container's state and returns its outcome. Blocks until the action ends.
  // A request of another process ends it early. Throws Abandoned if the state directory was
  // removed. REQUIRES: the state is not Gone.
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
  Status pair_with_image(boost::json::object& body);
  MaybeStep run_hook_before_creation();
  Result<std::string> adopt_or_create();
  // start.cpp
  Step start();
  MaybeStep start_container();
  Status start_once();
  bool end_unknown_processes();
  MaybeStep start_executor();
  // run.cpp
  Step run();
  // `also`: a descriptor whose readability ends the wait, too.
  MaybeStep monitor_until(Deadline deadline, int also = -1);
  MaybeStep ended_step();
  MemoryVerdict judge_end(const ContainerFacts& facts, const store::Requests& requests);
  MaybeStep vanished_step();
  Circumstances circumstances_of(const ContainerFacts& facts, const store::Termination& end);
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

  // The retries of one call to the daemon. Without `end`, they end CONTAINERIZER_DAEMON_RETRY after
  // the first failure.
  struct RetryWindow {
    std::optional<Deadline> end;
    std::optional<Deadline> last_failure;
    Backoff backoff{Duration(50), Duration(5'000)};
  };
  // For a call before the slave's first answer: the retries end CONTAINERIZER_DAEMON_RETRY after
  // the launch, before the slave's registration timeout hides the reason.
  RetryWindow retries_since_launch() const;
  // Pauses after a failure. Returns false, without a pause, when the window is over, or would be
  // before another try that takes as long as the last one.
  bool pause_before_retry(RetryWindow& window, const Failure& failure);

  // The launch as a plan. Computed at the first call.
  Result<const LaunchPlan*> plan();
  // The event of a request that is legal in this state and has not been applied yet.
  MaybeStep new_request();
  Duration since_launch() const;
  bool is_destroy_requested();
  // Returns true once for a destroy request that has not been applied as an event yet.
  bool take_destroy_request();
  // Ends early when another process wakes us. The caller then checks for requests.
  void pause(Duration duration);
  // The container's ID if it is known, otherwise its name.
  std::string reference() const;
  // Created at the first call.
  Monitor& monitor();
  HandOver& hand_over();

  Services services_;
  store::Container& container_;
  const LifeLock& lock_;
  std::optional<LaunchPlan> plan_;
  mesos::containerizer::Launch launch_;                // set with plan_
  Environment environment_;                            // set with plan_
  std::map<std::string, std::string> guarded_mounts_;  // guard_mounts() and find_or_make()
  // The launch; or the start of this process, if it continues what another has begun.
  Deadline begun_at_;
  bool fresh_ = false;               // this process created the container and has not started it
  bool create_unanswered_ = false;   // create got no answer: a container may still appear
  bool destroy_seen_ = false;        // the destroy request has been applied as an event
  bool has_run_end_hook_ = false;    // in this process
  bool daemon_was_away_ = false;     // when it was asked about a reported end
  std::optional<Deadline> kill_at_;  // Stopping: the end of the grace period
  OutputCopy output_;
  std::unique_ptr<Monitor> monitor_;
  std::optional<HandOver> hand_over_;
};

}  // namespace containerizer

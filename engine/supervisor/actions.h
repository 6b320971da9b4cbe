// The work of each state of a container's life: one function per state. prepare.cpp has the states
// before the container exists, then start.cpp, run.cpp, stop.cpp and finish.cpp follow in the order
// of a life. actions.cpp has what they share.
//
// Each action is idempotent: a supervisor that died may have done it already, wholly or in part.
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
  std::optional<ContainerFacts> facts;  // when the container exists
};

class Actions {
 public:
  // `container` is the container's row. The actions change it, and it must outlive them.
  // REQUIRES: the caller owns the container.
  Actions(const Services& services, store::Container& container);

  // Does the work of the container's state and returns its outcome. Blocks until the work is done;
  // a request of another process cuts it short. REQUIRES: the state is not Gone.
  Step act();

  // Asks the daemon about the container.
  Sight look();

  // The event and the termination of a container that has ended with these facts.
  Step exited_step(ContainerFacts facts);

  // Records the process of a running container, and the limits that it runs under.
  void note_process(const ContainerFacts& facts);

 private:
  // Empty: nothing has happened yet.
  using MaybeStep = std::optional<Step>;

  // prepare.cpp
  Step accept();
  Step fetch();
  MaybeStep fetch_one(const mesos::CommandInfo::URI& uri);
  Step pull();
  Step create();
  MaybeStep guard();
  MaybeStep accompany_launch();
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
  void copy_last_output();
  void end_executor();
  void accompany_end();
  Step remove();

  // --- Shared by the states: actions.cpp

  // One series of retries of a call to the daemon. It ends CONTAINERIZER_DAEMON_RETRY after the
  // first failure.
  struct RetryWindow {
    std::optional<Deadline> end;
    Backoff backoff{Duration(50), Duration(5'000)};
  };
  // Pauses after a failure. Returns false, without a pause, when the window is over.
  bool pause_before_retry(RetryWindow& window, const Failure& failure);

  // The request as data, made once.
  Result<const LaunchPlan*> plan();
  // The event of a request that is legal in this state and has not been applied yet.
  MaybeStep new_request();
  bool is_destroy_requested();
  // True once: for a destroy request that no event has applied yet.
  bool take_destroy_request();
  // Ends early when another process wakes us; the caller then looks at the requests.
  void pause(Duration duration);
  // The name or id by which the daemon knows the container.
  std::string reference() const;
  // Opened at the first use.
  Monitor& monitor();

  Services services_;
  store::Container& container_;
  std::optional<LaunchPlan> plan_;
  mesos::containerizer::Launch launch_;                // set with plan_
  Environment environment_;                            // set with plan_
  std::map<std::string, std::string> guarded_mounts_;  // guard_mounts()
  bool fresh_ = false;               // this process created it, so nothing has started it yet
  bool create_unanswered_ = false;   // a create request may still take effect
  bool destroy_seen_ = false;        // the event of the destroy request has been applied
  bool end_accompanied_ = false;     // this process has run the end hook
  std::optional<Deadline> kill_at_;  // Stopping: when the grace period ends
  OutputCopy output_;
  std::unique_ptr<Monitor> monitor_;
};

}  // namespace containerizer

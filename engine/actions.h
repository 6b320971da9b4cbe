// What is done in each state of a container's life: one function per state, in the order of that
// life. Each is idempotent: it may have been done already, wholly or in part, by an owner that
// died.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/ending.h"
#include "engine/lifecycle.h"
#include "engine/output.h"
#include "engine/reconcile.h"
#include "engine/translation/launch_plan.h"
#include "engine/watch.h"
#include "engine/world.h"

namespace containerizer {

// The outcome of an action.
struct Step {
  Event event;
  std::string detail;  // for the history
  std::optional<store::Termination> ending;
};

// What the engine says of a container at a moment.
struct Sight {
  Observation seen = Observation::unknown;
  std::optional<ContainerFacts> facts;  // when it exists
};

class Actions {
 public:
  // `container` is the row of the container, and changes with it. REQUIRES: the caller owns it.
  Actions(const World& world, store::Container& container);

  // Does what the container's state asks for, and says what came of it. Blocks as long as that
  // takes; requests of other processes cut it short. REQUIRES: the state is not terminal.
  Step act();

  // Asks the engine.
  Sight look();

  // The event, with its termination, for a container that has ended as these facts say.
  Step exited_step(ContainerFacts facts);

  // Takes note of which process a container that runs has, and of what that process is held to.
  void note_process(const ContainerFacts& facts);

 private:
  // Where an action would block for as long as nothing happens, "nothing yet" is an absent step.
  using MaybeStep = std::optional<Step>;

  Step accept();
  Step fetch();
  Step pull();
  Step create();
  Step start();
  Step run();
  Step stop();
  Step drain();
  Step remove();

  // What the engine did not answer is tried again for as long as the operator's patience lasts,
  // from the first failure on.
  struct Patience {
    std::optional<Deadline> until;
    Duration pause{50};
  };
  // Pauses, and says whether to try again.
  bool keep_trying(Patience& patience, const Failure& failure);

  Result<const LaunchPlan*> plan();
  MaybeStep new_request();
  bool is_destroy_requested();
  // True once for a destroy request that no event has told of.
  bool take_destroy_request();

  MaybeStep accompany_launch();
  void accompany_end();
  Result<std::string> adopt_or_create();
  MaybeStep start_container();
  Status start_once();
  MaybeStep start_executor();
  MaybeStep watch_until(Deadline deadline);
  MaybeStep ended_step();
  MaybeStep vanished_step();
  Duration stop_grace();
  void send_signal(const std::string& signal);
  void copy_last_output();
  void end_executor();

  void pause(Duration duration);
  std::string reference() const;
  Watch& watch();

  World world_;
  store::Container& container_;
  std::optional<LaunchPlan> plan_;
  mesos::containerizer::Launch launch_;  // with plan_
  Environment environment_;              // with plan_
  bool fresh_ = false;                   // created by us in this life: nobody can have started it
  bool create_unanswered_ = false;       // a container may come to be that nobody knows of
  bool destroy_seen_ = false;            // its event has been applied
  bool end_accompanied_ = false;         // by the operator's hook, in this life
  std::optional<Deadline> kill_at_;      // Stopping: when the grace is over
  OutputCopy output_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace containerizer

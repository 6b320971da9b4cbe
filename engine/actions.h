// What is done in each state of a container's life: one function per state, in the order of that
// life. Each is idempotent: it may have been done already, wholly or in part, by an owner that
// died.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/config.h"
#include "engine/docker/docker.h"
#include "engine/ending.h"
#include "engine/host/host.h"
#include "engine/launch_plan.h"
#include "engine/lifecycle.h"
#include "engine/output.h"
#include "engine/watch.h"
#include "store/store.h"

namespace containerizer {

// The outcome of an action.
struct Step {
  Event event;
  std::string detail;  // for the history
  std::optional<store::Termination> ending;
};

// Where the actions act. All outlive them.
struct World {
  store::Store& store;
  Docker& docker;
  Host& host;
  const Config& config;
  std::string program;  // the absolute path of this program, for the executor to observe with
};

class Actions {
 public:
  // `container` is the row of the container, and changes with it. REQUIRES: the caller owns it.
  Actions(const World& world, store::Container& container);

  // Does what the container's state asks for, and says what came of it. Blocks as long as that
  // takes; requests of other processes cut it short. REQUIRES: the state is not terminal.
  Step act();

  // What the engine says of the container at this moment.
  struct Sight {
    bool known = false;  // the engine answered
    std::optional<ContainerFacts> facts;
  };
  Sight look();

  // The event, with its termination, for a container that has ended as these facts say.
  Step exited_step(const ContainerFacts& facts);

 private:
  Step accept();
  Step fetch();
  Step pull();
  Step create();
  Step start();
  Step run();
  Step stop();
  Step drain();
  Step remove();

  // Tries, for as long as the operator's patience lasts, again what the engine did not answer.
  struct Patience {
    Deadline until;
    Duration pause{50};
  };
  Patience new_patience() const;
  std::optional<Step> wait_for_engine(Patience& patience, const std::string& step,
                                      const Failure& failure);

  const LaunchPlan* plan();

  Result<std::string> adopt_or_create();
  std::optional<Step> start_container();
  std::optional<Step> start_executor();
  void apply_limits();
  Step watch_until(Deadline deadline, bool& time_is_up);
  Step ended_step();
  void end_executor(Duration grace);
  bool is_destroy_requested();
  std::optional<Step> new_request();
  void pause(Duration duration);
  std::string reference() const;
  Watch& watch();

  World world_;
  store::Container& container_;
  std::optional<LaunchPlan> plan_;
  std::string plan_problem_;  // why there is none
  std::optional<mesos::containerizer::Launch> launch_;
  EnvironmentMap environment_;
  bool fresh_ = false;         // created by us in this life: nobody can have started it
  bool destroy_seen_ = false;  // its event has been applied
  OutputCopy output_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace containerizer

// The external-containerizer component of the slave: knows containers and the order of their verbs,
// nothing of tasks.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "containerizer.pb.h"
#include "tests/slave/events.h"
#include "tests/slave/invoke.h"

namespace containerizer::player {

// How a verb ended. Without a status it was never started, or was not to be answered for.
struct Outcome {
  std::optional<int> status;
  std::string failure;

  bool ok() const { return status == 0 && failure.empty(); }
  // exit=0, signal=9, or failure="words".
  std::string text() const;
  // The same for people.
  std::string words() const;
};

// An Outcome with the message that came with it, present only when all went well.
template <class T>
struct Reply {
  Outcome outcome;
  std::optional<T> message;
};

using Termination = mesos::containerizer::Termination;

// What the slave knows of a container when it recovers.
struct KnownContainer {
  std::string id;
  Sandbox sandbox;
};

// An actor. Every method may be called by any thread and returns at once; `done` functions run on a
// worker, once.
class ExternalContainerizer {
 public:
  ExternalContainerizer(Runtime& runtime, Invoker& invoker, Events& events, Release release,
                        Environment environment)
      : invoker_(invoker),
        events_(events),
        release_(release),
        environment_(std::move(environment)),
        strand_(runtime.make_strand()) {}

  // `recover`, then `containers`: the known ones in the reply become active, what else is in it is
  // an orphan and is waited for and destroyed. Done when all orphans are gone, with the words of
  // the failure or none, and how many became active.
  void recover(const std::vector<KnownContainer>& known,
               const std::function<void(std::string failure, std::size_t active)>& done);

  // `started` is called with the pid right after the fork. Everything else about the container
  // waits for the success of this; after a failure the container is unknown.
  void launch(const mesos::containerizer::Launch& launch, const Environment& environment,
              const std::function<void(pid_t)>& started, const std::function<void(Outcome)>& done);

  // The termination of the container: at most one process however often it is called. What `wait`
  // itself says is ignored once `destroy` was started.
  void wait(const std::string& id, const std::function<void(Reply<Termination>)>& done);

  void update(const std::string& id, const mesos::containerizer::Update& update,
              const std::function<void(Outcome)>& done);
  void usage(const std::string& id,
             const std::function<void(Reply<mesos::ResourceStatistics>)>& done);

  // Runs `destroy` and, whatever becomes of that, kills everything around the `wait` process. A
  // second call while the first runs is dropped (`done` gets a failure).
  void destroy(const std::string& id, const std::function<void(Outcome)>& done);

  void containers(const std::function<void(Reply<mesos::containerizer::Containers>)>& done);

  // The pid of the running `wait`, -1 if there is none.
  void wait_pid(const std::string& id, const std::function<void(pid_t)>& done);

 private:
  struct Container {
    std::optional<Sandbox> sandbox;  // None for an orphan.
    bool launched = false;
    std::vector<std::function<void(Container*)>> behind_launch;
    pid_t wait_pid = -1;
    std::vector<std::function<void(Reply<Termination>)>> waiting;
    bool destroying = false;
  };
  using OnContainer = std::function<void(Container*)>;

  Call call(const Container* container, std::string verb) const;
  // Runs `action` in the strand once the container is launched; with null if it is unknown.
  void when_launched(const std::string& id, const OnContainer& action);
  void launch_ended(const std::string& id, const Outcome& outcome);
  void wait_ended(const std::string& id, const Answer& answer);
  void forget(const std::string& id, const Reply<Termination>& termination);
  void settle_orphans(const mesos::containerizer::Containers& reported,
                      const std::vector<KnownContainer>& known,
                      const std::function<void(std::string, std::size_t)>& done);
  // Starts a call whose answer is only an exit status, handed to `done` in the strand.
  pid_t run(const Call& call, const std::function<void(Outcome)>& done);
  template <class T>
  void ask(const Call& call, bool (*complete)(const T&), const std::function<void(Reply<T>)>& done);
  Container* find(const std::string& id);

  Invoker& invoker_;
  Events& events_;
  const Release release_;
  const Environment environment_;
  const Strand strand_;
  std::map<std::string, Container> containers_;
};

}  // namespace containerizer::player

// The slave's external containerizer. It knows containers and the order of their verbs, but no
// tasks.
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

// How a verb ended. Without a status, it was never started, or its exit was not observed.
struct Outcome {
  std::optional<int> status;
  std::string failure;

  bool ok() const { return status == 0 && failure.empty(); }
  // exit=0, signal=9, or failure="…".
  std::string text() const;
  // The same without the form, for messages.
  std::string words() const;
};

// An Outcome and the reply's message. The message is present only after a success.
template <class T>
struct Reply {
  Outcome outcome;
  std::optional<T> message;
};

using Termination = mesos::containerizer::Termination;

// A container that the slave knows at a recovery.
struct KnownContainer {
  std::string id;
  Sandbox sandbox;
};

// An actor. Any thread may call the methods, which return at once. A `done` function runs once, on
// a worker.
class ExternalContainerizer {
 public:
  ExternalContainerizer(Runtime& runtime, Invoker& invoker, Events& events, Release release,
                        Environment environment)
      : invoker_(invoker),
        events_(events),
        release_(release),
        environment_(std::move(environment)),
        strand_(runtime.make_strand()) {}

  // Runs `recover`, then `containers`. Known containers in the reply become active. The others are
  // orphans: it runs `wait` and `destroy` for them. `done` runs when all orphans are gone. It gets
  // the failure's message or "", and the number of active containers.
  void recover(const std::vector<KnownContainer>& known,
               const std::function<void(std::string failure, std::size_t active)>& done);

  // Calls `started` with the PID right after the fork. All other calls for the container wait until
  // the launch has succeeded. After a failure, the container is unknown.
  void launch(const mesos::containerizer::Launch& launch, const Environment& environment,
              const std::function<void(pid_t)>& started, const std::function<void(Outcome)>& done);

  // The termination of the container. Several calls share one process. After the start of
  // `destroy`, the reply of `wait` is ignored.
  void wait(const std::string& id, const std::function<void(Reply<Termination>)>& done);

  void update(const std::string& id, const mesos::containerizer::Update& update,
              const std::function<void(Outcome)>& done);
  void usage(const std::string& id,
             const std::function<void(Reply<mesos::ResourceStatistics>)>& done);

  // Runs `destroy`, and then kills the tree of the `wait` process, even if `destroy` has failed. A
  // second call while the first one runs fails.
  void destroy(const std::string& id, const std::function<void(Outcome)>& done);

  void containers(const std::function<void(Reply<mesos::containerizer::Containers>)>& done);

  // The PID of the running `wait`; -1 if there is none.
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
  // Runs `action` in the strand once the container is launched; with nullptr if it is unknown.
  void when_launched(const std::string& id, const OnContainer& action);
  void launch_ended(const std::string& id, const Outcome& outcome);
  void wait_ended(const std::string& id, const Answer& answer);
  void forget(const std::string& id, const Reply<Termination>& termination);
  void settle_orphans(const mesos::containerizer::Containers& reported,
                      const std::vector<KnownContainer>& known,
                      const std::function<void(std::string, std::size_t)>& done);
  // Starts a call without a reply message. `done` gets its exit status, in the strand.
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

#include "engine/lifecycle/lifecycle.h"

#include <array>
#include <boost/mpl/for_each.hpp>
#include <boost/mpl/identity.hpp>
#include <boost/mpl/vector.hpp>
#include <boost/msm/back/state_machine.hpp>
#include <boost/msm/front/functor_row.hpp>
#include <boost/msm/front/state_machine_def.hpp>
#include <boost/msm/front/states.hpp>

namespace containerizer {
namespace {

namespace mpl = boost::mpl;
namespace msm = boost::msm;
using msm::front::Row;

// --- States: the name in the database, and the action

template <State value>
struct Stage : msm::front::state<> {
  static constexpr State id = value;
};

struct Accepted : Stage<State::accepted> {
  static constexpr auto name = "Accepted", action = "plan the launch";
};
struct Fetching : Stage<State::fetching> {
  static constexpr auto name = "Fetching", action = "fetch the task's URIs";
};
struct Pulling : Stage<State::pulling> {
  static constexpr auto name = "Pulling", action = "pull the image, unless it is on the host";
};
struct Creating : Stage<State::creating> {
  static constexpr auto name = "Creating", action = "create the container";
};
struct Starting : Stage<State::starting> {
  static constexpr auto name = "Starting", action = "start the container, then mesos-executor";
};
struct Running : Stage<State::running> {
  static constexpr auto name = "Running", action = "copy the output, wait for the exit";
};
struct Stopping : Stage<State::stopping> {
  static constexpr auto name = "Stopping", action = "send the stop signal, then SIGKILL";
};
struct Exited : Stage<State::exited> {
  static constexpr auto name = "Exited", action = "copy the last output, wait for mesos-executor";
};
struct Removing : Stage<State::removing> {
  static constexpr auto name = "Removing", action = "remove the container";
};
struct Gone : Stage<State::gone> {
  static constexpr auto name = "Gone", action = "";
};

using States = mpl::vector<Accepted, Fetching, Pulling, Creating, Starting, Running, Stopping,
                           Exited, Removing, Gone>;

// --- Events

template <Event value>
struct Signal {
  static constexpr Event id = value;
};

// clang-format off
struct Begin            : Signal<Event::begin>             { static constexpr auto name = "Begin"; };
struct Fetched          : Signal<Event::fetched>           { static constexpr auto name = "Fetched"; };
struct Pulled           : Signal<Event::pulled>            { static constexpr auto name = "Pulled"; };
struct Created          : Signal<Event::created>           { static constexpr auto name = "Created"; };
struct Started          : Signal<Event::started>           { static constexpr auto name = "Started"; };
struct ProcessExited    : Signal<Event::exited>            { static constexpr auto name = "Exited"; };
struct Drained          : Signal<Event::drained>           { static constexpr auto name = "Drained"; };
struct Removed          : Signal<Event::removed>           { static constexpr auto name = "Removed"; };
struct Failed           : Signal<Event::failed>            { static constexpr auto name = "Failed"; };
struct StopRequested    : Signal<Event::stop_requested>    { static constexpr auto name = "StopRequested"; };
struct DestroyRequested : Signal<Event::destroy_requested> { static constexpr auto name = "DestroyRequested"; };
struct ExecutorEnded    : Signal<Event::executor_ended>    { static constexpr auto name = "ExecutorEnded"; };
struct Lost             : Signal<Event::lost>              { static constexpr auto name = "Lost"; };
struct Rebooted         : Signal<Event::rebooted>          { static constexpr auto name = "Rebooted"; };
// clang-format on

using Events =
    mpl::vector<Begin, Fetched, Pulled, Created, Started, ProcessExited, Drained, Removed, Failed,
                StopRequested, DestroyRequested, ExecutorEnded, Lost, Rebooted>;

// --- The table

struct LifecycleTable : msm::front::state_machine_def<LifecycleTable> {
  using initial_state = Accepted;
  // An exception must reach the caller. By default MSM swallows it and reports the event as
  // handled.
  using no_exception_thrown = int;
  // A queued event would be lost: the machine exists for one call only.
  using no_message_queue = int;

  // An event that the table does not list for a state is illegal there, and next_state() returns
  // nothing. MSM's default is an assertion.
  template <class AnyEvent, class Machine>
  void no_transition(const AnyEvent& /*event*/, Machine& /*machine*/, int /*state*/) {}

  // clang-format off
  using transition_table = mpl::vector<
  //    Source     Event              Target
  //  +-----------+------------------+-----------+
  Row < Accepted  , Begin            , Fetching  >,
  Row < Accepted  , Failed           , Removing  >,
  Row < Accepted  , DestroyRequested , Removing  >,
  Row < Accepted  , Rebooted         , Removing  >,
  //  +-----------+------------------+-----------+
  Row < Fetching  , Fetched          , Pulling   >,
  Row < Fetching  , Failed           , Removing  >,
  Row < Fetching  , DestroyRequested , Removing  >,
  Row < Fetching  , Rebooted         , Removing  >,
  //  +-----------+------------------+-----------+
  Row < Pulling   , Pulled           , Creating  >,
  Row < Pulling   , Failed           , Removing  >,
  Row < Pulling   , DestroyRequested , Removing  >,
  Row < Pulling   , Rebooted         , Removing  >,
  //  +-----------+------------------+-----------+
  Row < Creating  , Created          , Starting  >,
  Row < Creating  , Failed           , Removing  >,
  Row < Creating  , DestroyRequested , Removing  >,
  Row < Creating  , Rebooted         , Removing  >,
  //  +-----------+------------------+-----------+
  Row < Starting  , Started          , Running   >,
  Row < Starting  , Failed           , Exited    >,
  Row < Starting  , DestroyRequested , Exited    >,
  Row < Starting  , Lost             , Exited    >,
  Row < Starting  , Rebooted         , Exited    >,
  //  +-----------+------------------+-----------+
  Row < Running   , ProcessExited    , Exited    >,
  Row < Running   , StopRequested    , Stopping  >,
  Row < Running   , DestroyRequested , Stopping  >,
  Row < Running   , ExecutorEnded    , Stopping  >,
  Row < Running   , Lost             , Exited    >,
  Row < Running   , Rebooted         , Exited    >,
  //  +-----------+------------------+-----------+
  Row < Stopping  , ProcessExited    , Exited    >,
  Row < Stopping  , DestroyRequested , Stopping  >,
  Row < Stopping  , Lost             , Exited    >,
  Row < Stopping  , Rebooted         , Exited    >,
  //  +-----------+------------------+-----------+
  Row < Exited    , Drained          , Removing  >,
  Row < Exited    , DestroyRequested , Exited    >,
  //  +-----------+------------------+-----------+
  Row < Removing  , Removed          , Gone      >,
  Row < Removing  , DestroyRequested , Removing  >
  //  +-----------+------------------+-----------+
  >;
  // clang-format on
};

using Machine = msm::back::state_machine<LifecycleTable>;

// --- Between MSM's types and our values

template <class Sequence, class Visitor>
void for_each_type(Visitor visitor) {
  mpl::for_each<Sequence, mpl::make_identity<mpl::_1>>(
      [&](auto wrapped) { visitor.template operator()<typename decltype(wrapped)::type>(); });
}

// MSM numbers the states in the order of the table, so a new row can change the numbers. They never
// leave this file.
int msm_number_of(State state) {
  int number = -1;
  for_each_type<States>([&]<class S>() {
    if (S::id == state) number = msm::back::get_state_id<Machine::stt, S>::value;
  });
  return number;
}

std::optional<State> state_numbered(int number) {
  std::optional<State> found;
  for_each_type<States>([&]<class S>() {
    if (msm::back::get_state_id<Machine::stt, S>::value == number) found = S::id;
  });
  return found;
}

// Puts a machine into a state without running any action. MSM can only restore a state through its
// serialization, and this is the archive that it reads from. MSM reads the array of active states,
// which becomes `number`, and then flags, which stay unchanged.
class Restore {
 public:
  explicit Restore(int number) : number_(number) {}
  template <std::size_t regions>
  Restore& operator&(int (&active)[regions]) {
    active[0] = number_;
    return *this;
  }
  template <class Other>
  Restore& operator&(Other& /*unchanged*/) {
    return *this;
  }

 private:
  int number_;
};

}  // namespace

std::optional<State> next_state(State from, Event event) {
  // start() is not called: it would put the machine into its initial state.
  Machine machine;
  Restore restore(msm_number_of(from));
  machine.serialize(restore, 0);
  auto outcome = msm::back::HANDLED_FALSE;
  for_each_type<Events>([&]<class E>() {
    if (E::id == event) outcome = machine.process_event(E{});
  });
  // MSM has more results than HANDLED_FALSE for an event that changed nothing, such as a rejection
  // by a guard. Only HANDLED_TRUE is a transition.
  if (outcome != msm::back::HANDLED_TRUE) return std::nullopt;
  return state_numbered(machine.current_state()[0]);
}

const std::vector<State>& all_states() {
  static const auto all = [] {
    std::vector<State> states;
    for_each_type<States>([&]<class S>() { states.push_back(S::id); });
    return states;
  }();
  return all;
}

const std::vector<Event>& all_events() {
  static const auto all = [] {
    std::vector<Event> events;
    for_each_type<Events>([&]<class E>() { events.push_back(E::id); });
    return events;
  }();
  return all;
}

const std::vector<Transition>& all_transitions() {
  static const auto all = [] {
    std::vector<Transition> rows;
    for_each_type<LifecycleTable::transition_table>([&]<class R>() {
      rows.push_back({R::Source::id, R::Evt::id, R::Target::id});
    });
    return rows;
  }();
  return all;
}

const char* name_of(State state) {
  const char* name = "";
  for_each_type<States>([&]<class S>() {
    if (S::id == state) name = S::name;
  });
  return name;
}

const char* name_of(Event event) {
  const char* name = "";
  for_each_type<Events>([&]<class E>() {
    if (E::id == event) name = E::name;
  });
  return name;
}

const char* action_in(State state) {
  const char* action = "";
  for_each_type<States>([&]<class S>() {
    if (S::id == state) action = S::action;
  });
  return action;
}

std::optional<State> state_named(std::string_view name) {
  for (const State state : all_states()) {
    if (name == name_of(state)) return state;
  }
  return std::nullopt;
}

}  // namespace containerizer

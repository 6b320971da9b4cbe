// The lifecycle of a container: its states, the action of each state, and the events that lead from
// one state to the next. lifecycle.cpp contains the table, in Boost.MSM; the rest of the program
// uses this header only. Pure: no I/O, no clock, no memory between calls.
//
// A container is in one state. Each state except the last has one action. The result of the action
// is an event, and the event leads to the next state. docs/lifecycle.md is printed from the table.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace containerizer {

enum class State {
  accepted,
  fetching,
  pulling,
  creating,
  starting,
  running,
  stopping,
  exited,
  removing,
  gone,
};

enum class Event {
  begin,              // a supervisor has taken the container, and its request is valid
  fetched,            // the task's URIs are in the sandbox
  pulled,             // the image is on the host
  created,            // the container exists
  started,            // its process runs, and so does mesos-executor of a command task
  exited,             // its process has exited
  drained,            // the last output is in the sandbox, and mesos-executor has exited
  removed,            // the container no longer exists
  failed,             // the state's action cannot succeed
  stop_requested,     // the task proxy got SIGTERM
  destroy_requested,  // the slave wants the container removed
  executor_ended,     // mesos-executor exited before its task, or will never get it
  lost,               // the daemon no longer has the container, or reports an impossible state
  rebooted,           // the host was restarted since the last step
};

// Stable names, which the database and the documentation contain.
const char* name_of(State state);
const char* name_of(Event event);

// The state with that name. Nothing if there is none.
std::optional<State> state_named(std::string_view name);

// The action of a state, as a short text for operators; "" for Gone, which has none.
const char* action_in(State state);

// The state that `event` leads to. Nothing if the table has no such row: then the event is illegal
// in that state.
std::optional<State> next_state(State from, Event event);

const std::vector<State>& all_states();
const std::vector<Event>& all_events();

struct Transition {
  State from;
  Event event;
  State to;
};

// The rows of the table, in the table's order.
const std::vector<Transition>& all_transitions();

enum class LifecycleFormat { table, dot, mermaid, json };

// The whole table as text.
std::string draw_lifecycle(LifecycleFormat format);

// Whether everything that the slave waits for has happened: the termination is recorded, and
// mesos-executor, if there was one, has exited. From then on `wait` may send its full reply.
inline bool is_settled(State state) { return state == State::removing || state == State::gone; }

// Whether the container's process runs, or may run, in this state. A supervisor that takes over
// must then ask the daemon about it.
inline bool may_run(State state) {
  return state == State::starting || state == State::running || state == State::stopping;
}

}  // namespace containerizer

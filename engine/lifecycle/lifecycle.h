// The lifecycle of a container: which states there are, what is done in each, and which event leads
// where. The table itself, in Boost.MSM, is in lifecycle.cpp; this header is all that the rest of
// the program sees of it. Pure: no I/O, no clock, no memory between calls.
//
// A container is in one state. Each but the last has one action. The outcome of the action is an
// event, and the event leads to the next state. Docs: docs/lifecycle.md, printed from the table.
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
  begin,              // a supervisor has taken the container on
  fetched,            // the task's URIs are in the sandbox
  pulled,             // the image is there
  created,            // the container exists
  started,            // its process runs, and so does the executor of a command task
  exited,             // its process has ended
  drained,            // the last output is in the sandbox and the executor is gone
  removed,            // the container does not exist any more
  failed,             // the state's action cannot succeed
  stop_requested,     // the task is to be killed
  destroy_requested,  // the slave wants nothing left of the container
  executor_ended,     // mesos-executor ended before its task
  lost,               // the daemon has no such container any more
  rebooted,           // the host has been restarted since
};

// Stable names, as they stand in the database and in the documentation.
const char* name_of(State state);
const char* name_of(Event event);

// The state of that name, if there is one.
std::optional<State> state_named(std::string_view name);

// What is done in a state, in a few words for people; "" in the terminal one.
const char* action_in(State state);

// The state that `event` leads to, or nothing when the table has no such row: the event is illegal
// in that state.
std::optional<State> next_state(State from, Event event);

const std::vector<State>& all_states();
const std::vector<Event>& all_events();

struct Transition {
  State from;
  Event event;
  State to;
};

// The rows of the table, in its order.
const std::vector<Transition>& all_transitions();

enum class LifecycleFormat { table, dot, mermaid, json };

// The whole table as text.
std::string draw_lifecycle(LifecycleFormat format);

// Whether the outcome for the slave is settled: the termination is recorded, and mesos-executor,
// where there was one, is gone. Only then may `wait` answer in full.
inline bool is_settled(State state) { return state == State::removing || state == State::gone; }

// Whether the container has, or may have, a process to watch.
inline bool may_run(State state) {
  return state == State::starting || state == State::running || state == State::stopping;
}

}  // namespace containerizer

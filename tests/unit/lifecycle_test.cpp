#include "engine/lifecycle/lifecycle.h"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "store/migrations.h"

using namespace containerizer;

namespace {

using Names = std::vector<std::string>;
using Arrow = std::pair<std::string, std::string>;

const Names state_names{"Accepted", "Fetching", "Pulling", "Creating", "Starting",
                        "Running",  "Stopping", "Exited",  "Removing", "Gone"};
const Names event_names{"Begin",   "Fetched",       "Pulled",           "Created",
                        "Started", "Exited",        "Drained",          "Removed",
                        "Failed",  "StopRequested", "DestroyRequested", "ExecutorEnded",
                        "Lost",    "Rebooted"};

// The possible outcomes of each state's action, apart from requests and reboots.
const std::map<State, std::vector<Event>> outcomes{
    {State::accepted, {Event::begin, Event::failed}},
    {State::fetching, {Event::fetched, Event::failed}},
    {State::pulling, {Event::pulled, Event::failed}},
    {State::creating, {Event::created, Event::failed}},
    {State::starting, {Event::started, Event::failed, Event::lost}},
    {State::running, {Event::exited, Event::executor_ended, Event::lost}},
    {State::stopping, {Event::exited, Event::lost}},
    {State::exited, {Event::drained}},
    {State::removing, {Event::removed}},
    {State::gone, {}},
};

Names split(const std::string& text, const std::string& separator) {
  Names parts;
  for (std::size_t start = 0;;) {
    const auto end = text.find(separator, start);
    parts.push_back(text.substr(start, end - start));
    if (end == std::string::npos) return parts;
    start = end + separator.size();
  }
}

std::multiset<std::string> rows_of_the_table() {
  std::multiset<std::string> rows;
  for (const auto& row : all_transitions()) {
    rows.insert(std::string(name_of(row.from)) + " " + name_of(row.event) + " " + name_of(row.to));
  }
  return rows;
}

// The transitions of a drawing: the lines that match the pattern of an arrow (from, to, labels).
std::multiset<std::string> rows_of_arrows(const std::string& drawing, const std::regex& arrow,
                                          const std::string& separator) {
  std::multiset<std::string> rows;
  std::istringstream lines(drawing);
  std::smatch found;
  for (std::string line; std::getline(lines, line);) {
    if (!std::regex_match(line, found, arrow)) continue;
    for (const auto& event : split(found[3], separator)) {
      rows.insert(found[1].str() + " " + event + " " + found[2].str());
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("names of states and events are those in databases and documents") {
  Names states;
  for (const State state : all_states()) states.emplace_back(name_of(state));
  CHECK(states == state_names);
  Names events;
  for (const Event event : all_events()) events.emplace_back(name_of(event));
  CHECK(events == event_names);
  CHECK(std::set<std::string>(states.begin(), states.end()).size() == states.size());
  CHECK(std::set<std::string>(events.begin(), events.end()).size() == events.size());
}

TEST_CASE("a state is found by its exact name only") {
  for (const State state : all_states()) CHECK(state_named(name_of(state)) == state);
  for (const char* name : {"", "accepted", "Accepted ", "Accept", "Unknown"}) {
    CHECK(!state_named(name));
  }
}

TEST_CASE("the database accepts exactly the states of the table") {
  const auto& sql = store::embedded_migrations().front().sql;
  const std::regex list(R"(CHECK \(state IN \(([^)]*)\))");
  std::smatch found;
  REQUIRE(std::regex_search(sql, found, list));
  Names names;
  const std::regex quoted("'([^']*)'");
  const std::string text = found[1];
  for (std::sregex_iterator name(text.begin(), text.end(), quoted), end; name != end; ++name) {
    names.push_back((*name)[1]);
  }
  CHECK(names == state_names);
}

TEST_CASE("every pair of state and event is one row or a rejection") {
  std::map<std::pair<State, Event>, State> rows;
  for (const auto& row : all_transitions()) {
    INFO(name_of(row.from) << " " << name_of(row.event));
    CHECK(rows.emplace(std::pair(row.from, row.event), row.to).second);
  }
  for (const State state : all_states()) {
    for (const Event event : all_events()) {
      INFO(name_of(state) << " " << name_of(event));
      const auto row = rows.find({state, event});
      const auto expected = row == rows.end() ? std::nullopt : std::optional(row->second);
      CHECK(next_state(state, event) == expected);
      CHECK(next_state(state, event) == expected);  // the first call left no state
    }
  }
}

TEST_CASE("a container without failures passes its states in order") {
  State state = State::accepted;
  for (const Event event : {Event::begin, Event::fetched, Event::pulled, Event::created,
                            Event::started, Event::exited, Event::drained, Event::removed}) {
    INFO(name_of(state) << " " << name_of(event));
    const auto next = next_state(state, event);
    REQUIRE(next);
    state = *next;
  }
  CHECK(state == State::gone);
}

TEST_CASE("no row leaves Gone, none goes back, and only a repeated destroy stays",
          "[scenario-37]") {
  for (const auto& row : all_transitions()) {
    INFO(name_of(row.from) << " " << name_of(row.event) << " " << name_of(row.to));
    CHECK(row.from != State::gone);
    CHECK(row.to >= row.from);
    CHECK((row.to != row.from || row.event == Event::destroy_requested));
  }
}

TEST_CASE("a destroy is legal in every state except the last", "[scenario-31]") {
  for (const State state : all_states()) {
    INFO(name_of(state));
    CHECK(next_state(state, Event::destroy_requested).has_value() == (state != State::gone));
  }
}

TEST_CASE("every outcome of an action is legal in its state") {
  for (const auto& [state, events] : outcomes) {
    for (const Event event : events) {
      INFO(name_of(state) << " " << name_of(event));
      CHECK(next_state(state, event));
    }
  }
}

namespace {

// Follows every outcome of every action from `state` on.
void every_way_ends(State state) {
  if (state == State::gone) return;
  INFO("from " << name_of(state));
  REQUIRE_FALSE(outcomes.at(state).empty());
  for (const Event event : outcomes.at(state)) {
    const auto next = next_state(state, event);
    REQUIRE(next);
    REQUIRE(*next > state);
    every_way_ends(*next);
  }
}

}  // namespace

TEST_CASE("after a destroy, every path ends in Gone and starts nothing new", "[scenario-31]") {
  for (const State state : all_states()) {
    if (state == State::gone) continue;
    INFO("destroyed in " << name_of(state));
    const auto next = next_state(state, Event::destroy_requested);
    REQUIRE(next);
    CHECK(*next >= State::stopping);
    every_way_ends(*next);
  }
}

TEST_CASE("after a reboot, nothing is started or signalled", "[scenario-26]") {
  for (const State state : all_states()) {
    INFO(name_of(state));
    const auto next = next_state(state, Event::rebooted);
    CHECK(next.has_value() == (state < State::exited));
    if (next) CHECK(*next >= State::exited);
  }
}

TEST_CASE("the meaning of the states for other code") {
  for (const State state : all_states()) {
    INFO(name_of(state));
    CHECK(is_settled(state) == (state >= State::removing));
    CHECK(may_run(state) == (state >= State::starting && state <= State::stopping));
    CHECK((*action_in(state) == '\0') == (state == State::gone));
  }
}

TEST_CASE("the JSON form has every row of the table") {
  std::multiset<std::string> rows;
  const auto drawn = boost::json::parse(draw_lifecycle(LifecycleFormat::json)).at("transitions");
  for (const auto& row : drawn.as_array()) {
    const auto text = [&](const char* key) {
      return std::string(row.as_object().at(key).as_string());
    };
    rows.insert(text("from") + " " + text("event") + " " + text("to"));
  }
  CHECK(rows == rows_of_the_table());
}

TEST_CASE("the drawings have every row of the table") {
  const std::regex dot(R"re(  (\w+) -> (\w+) \[label="([^"]*)"\];)re");
  CHECK(rows_of_arrows(draw_lifecycle(LifecycleFormat::dot), dot, "\\n") == rows_of_the_table());
  const std::regex mermaid(R"(  (\w+) --> (\w+) : (.*))");
  const auto text = draw_lifecycle(LifecycleFormat::mermaid);
  CHECK(rows_of_arrows(text, mermaid, ", ") == rows_of_the_table());
  CHECK(text.find("  [*] --> Accepted\n") != std::string::npos);
  CHECK(text.find("  Gone --> [*]\n") != std::string::npos);
}

TEST_CASE("the printed table has every row below its state") {
  std::multiset<std::string> rows;
  std::istringstream lines(draw_lifecycle(LifecycleFormat::table));
  std::string line;
  std::getline(lines, line);  // the heading
  for (std::string from; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first;
    std::string second;
    words >> first;
    if (line[0] != ' ') {
      from = first.substr(0, first.find(':'));
      continue;
    }
    words >> second;
    rows.insert(from + " " + first + " " + second);
  }
  CHECK(rows == rows_of_the_table());
}

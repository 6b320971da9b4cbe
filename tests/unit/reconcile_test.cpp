#include "engine/lifecycle/reconcile.h"

#include <array>
#include <catch2/catch.hpp>

using namespace containerizer;

namespace {

constexpr std::array<Observation, 5> observations{Observation::unknown, Observation::absent,
                                                  Observation::created, Observation::running,
                                                  Observation::ended};

struct Row {
  State recorded;
  bool same_boot;
  std::array<const char*, 5> events;  // "": no event, the state's action continues
};

// clang-format off
const std::vector<Row> table{
    //  recorded          same    unknown      absent       created      running      ended
    {State::accepted,  true,  {"",          "",          "",          "",          ""}},
    {State::fetching,  true,  {"",          "",          "",          "",          ""}},
    {State::pulling,   true,  {"",          "",          "",          "",          ""}},
    {State::creating,  true,  {"",          "",          "",          "",          ""}},
    {State::starting,  true,  {"",          "Lost",      "",          "",          ""}},
    {State::running,   true,  {"",          "Lost",      "Lost",      "",          "Exited"}},
    {State::stopping,  true,  {"",          "Lost",      "Lost",      "",          "Exited"}},
    {State::exited,    true,  {"",          "",          "",          "",          ""}},
    {State::removing,  true,  {"",          "",          "",          "",          ""}},
    {State::gone,      true,  {"",          "",          "",          "",          ""}},
    {State::accepted,  false, {"Rebooted",  "Rebooted",  "Rebooted",  "Rebooted",  "Rebooted"}},
    {State::fetching,  false, {"Rebooted",  "Rebooted",  "Rebooted",  "Rebooted",  "Rebooted"}},
    {State::pulling,   false, {"Rebooted",  "Rebooted",  "Rebooted",  "Rebooted",  "Rebooted"}},
    {State::creating,  false, {"Rebooted",  "Rebooted",  "Rebooted",  "Rebooted",  "Rebooted"}},
    {State::starting,  false, {"Rebooted",  "Rebooted",  "Rebooted",  "Rebooted",  "Rebooted"}},
    {State::running,   false, {"Rebooted",  "Rebooted",  "Rebooted",  "Rebooted",  "Rebooted"}},
    {State::stopping,  false, {"Rebooted",  "Rebooted",  "Rebooted",  "Rebooted",  "Rebooted"}},
    {State::exited,    false, {"",          "",          "",          "",          ""}},
    {State::removing,  false, {"",          "",          "",          "",          ""}},
    {State::gone,      false, {"",          "",          "",          "",          ""}},
};
// clang-format on

}  // namespace

TEST_CASE("the event for each state, observation and boot",
          "[scenario-26][scenario-29][scenario-42][scenario-43]") {
  CHECK(table.size() == all_states().size() * 2);
  for (const auto& row : table) {
    for (std::size_t i = 0; i < observations.size(); ++i) {
      INFO(name_of(row.recorded) << (row.same_boot ? ", same boot" : ", other boot")
                                 << ", observation " << i);
      const auto event = reconcile(row.recorded, observations[i], row.same_boot);
      CHECK(std::string(event ? name_of(*event) : "") == row.events[i]);
      if (event) CHECK(next_state(row.recorded, *event));
    }
  }
}

TEST_CASE("a daemon that does not respond never ends a container", "[scenario-43]") {
  for (const State state : all_states()) {
    INFO(name_of(state));
    CHECK(!reconcile(state, Observation::unknown, true));
  }
}

TEST_CASE("the observation from each reply of the daemon") {
  const auto seen = [](bool started, const char* status) {
    ContainerFacts facts;
    facts.started = started;
    facts.status = status;
    return observation_of(facts);
  };
  CHECK(seen(false, "created") == Observation::created);
  CHECK(seen(true, "created") == Observation::absent);
  for (const char* status : {"running", "paused", "restarting"}) {
    CHECK(seen(true, status) == Observation::running);
  }
  for (const char* status : {"exited", "dead"}) CHECK(seen(true, status) == Observation::ended);
}

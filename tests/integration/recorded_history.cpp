#include "tests/integration/recorded_history.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "engine/lifecycle.h"

namespace containerizer::integration {
namespace {

bool is_legal(const std::string& from, const std::string& event, const std::string& to) {
  const auto& table = all_transitions();
  return std::any_of(table.begin(), table.end(), [&](const Transition& row) {
    return from == name_of(row.from) && event == name_of(row.event) && to == name_of(row.to);
  });
}

}  // namespace

void check_history(const WorkDirectory& place, const std::string& container_id) {
  const auto ran = run({program(), "history", container_id, "--json"}, place.variables());
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  std::string before;
  const auto history = json::parse(ran.out);
  for (const auto& entry : history.as_array()) {
    const auto& from = entry.at("from");
    const std::string now(entry.at("to").as_string());
    CHECK((from.is_null() ? std::string() : std::string(from.as_string())) == before);
    if (!before.empty()) CHECK(is_legal(before, std::string(entry.at("event").as_string()), now));
    before = now;
  }
}

}  // namespace containerizer::integration

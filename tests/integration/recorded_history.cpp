#include "tests/integration/recorded_history.h"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include "tests/unit/transitions.h"

namespace containerizer::integration {

void check_history(const WorkDirectory& place, const std::string& container_id) {
  const auto ran = run({program(), "history", container_id, "--json"}, place.variables());
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  std::string before;
  const auto history = json::parse(ran.out);
  for (const auto& entry : history.at("events").as_array()) {
    const auto& from = entry.at("from");
    const std::string now(entry.at("to").as_string());
    CHECK((from.is_null() ? std::string() : std::string(from.as_string())) == before);
    if (!before.empty())
      CHECK(is_in_table(before, std::string(entry.at("event").as_string()), now));
    before = now;
  }
}

}  // namespace containerizer::integration

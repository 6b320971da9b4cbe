// The JSON of the commands. The documents of a database with fixed content are compared with files
// in tests/golden/. GOLDEN_UPDATE=1 writes these files: read the difference before you commit it.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <regex>
#include <set>

#include "tests/integration/daemon.h"
#include "tests/integration/direct_launch.h"

using namespace containerizer::integration;
using Catch::Contains;

namespace {

const fs::path golden = SOURCE_DIR "/tests/golden";

// A container that was killed, one that never ran, and their history.
const char* const content = R"SQL(
INSERT INTO containers VALUES
  ('c1', 'Gone', 9, 1700000060000, 60000, 'command', 'S0', 'F0', 'E0', 'T0', 'web', 'root',
   '/no/such/sandbox', '00000000000000000000000000000001', 'another boot', 1700000000000,
   'busybox:test', '1111111111111111111111111111111111111111111111111111111111111111',
   4242, 1, 4243, 2, 1700000061000),
  ('c2', 'Gone', 5, 1700000070000, 70000, 'custom', 'S0', 'F0', 'E1', NULL, NULL, NULL,
   '/no/such/sandbox', '00000000000000000000000000000002', 'another boot', 1700000065000,
   'registry.example/no:1', NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO limits VALUES ('c1', 1, 0.5, 67108864, 67108864), ('c2', 0, NULL, NULL, NULL);
INSERT INTO supervisors VALUES ('c1', 4244, 3, 'another boot', 1700000000100);
INSERT INTO requests VALUES ('c2', 'destroy', 1700000069000);
INSERT INTO terminations
  (container_id, kind, step, exit_code, signal, message, recorded_at, ended_by, peak_memory) VALUES
  ('c1', 'oom', NULL, NULL, 9, 'the container was killed because it exceeded its memory limit',
   1700000059000, 'kernel', 67000000),
  ('c2', 'failed', 'pull', NULL, NULL, 'pull: manifest unknown', 1700000068000, NULL, NULL);
INSERT INTO history VALUES
  (1, 'c1', NULL, 'Launch', 'Accepted', 1700000000000, 1000, 'launch', ''),
  (2, 'c1', 'Starting', 'Started', 'Running', 1700000010000, 11000, 'supervise', 'pid 4242'),
  (3, 'c1', 'Running', 'Exited', 'Exited', 1700000059000, 60000, 'supervise', 'ended'),
  (4, 'c2', NULL, 'Launch', 'Accepted', 1700000065000, 66000, 'launch', '');
)SQL";

void check_golden(const std::string& name, const std::string& text) {
  const auto path = golden / (name + ".json");
  if (std::getenv("GOLDEN_UPDATE") != nullptr) write_file(path, text);
  CHECK(text == read_file(path));
}

// The names of all members of a document and of what it contains.
void collect(const json::value& value, std::set<std::string>& names) {
  if (const auto* array = value.if_array()) {
    for (const auto& one : *array) collect(one, names);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      names.insert(member.key());
      collect(member.value(), names);
    }
  }
}

void check_documented(const std::string& text) {
  static const auto page = read_file(SOURCE_DIR "/docs/json.md");
  std::set<std::string> names;
  for (const auto& line : lines_of(text)) {
    const auto document = json::parse(line);
    CHECK(document.at("format").as_int64() == 1);
    collect(document, names);
  }
  for (const auto& name : names) {
    CAPTURE(name);
    CHECK_THAT(page, Contains("`" + name + "`"));
  }
}

}  // namespace

TEST_CASE("the JSON of recorded containers is as it was") {
  WorkDirectory place;
  place.set("TZ", "UTC");
  REQUIRE(place.call("containers").status == 0);
  place.sql(content);
  check_golden("ps", place.ask({"ps", "--all", "--json"}));
  check_golden("show", place.ask({"show", "c1", "--json"}));
  check_golden("why-oom", place.ask({"why", "c1", "--json"}));
  check_golden("why-pull", place.ask({"why", "c2", "--json"}));
  check_golden("history", place.ask({"history", "--json"}));
  check_golden("events", place.ask({"events", "--after=1", "c1"}));
  check_golden("lifecycle", place.ask({"lifecycle", "--json"}));
}

TEST_CASE("every member of a command's JSON is documented") {
  WorkDirectory place;
  place.set("MESOS_LIBEXEC_DIRECTORY", place.launcher("1.0.4"));
  const Registry registry(place);
  start_directly(place, "c1", "exec sleep 1000");
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"ps", "--json"},
                                             {"show", "c1", "--json"},
                                             {"why", "c1", "--json"},
                                             {"history", "--json"},
                                             {"events"},
                                             {"top", "--once", "--json"},
                                             {"doctor", "--json"},
                                             {"pull", registry.image(), "--json"},
                                             {"lifecycle", "--json"},
                                             {"--version", "--json"}}) {
    CAPTURE(words[0]);
    check_documented(place.ask(words));
  }
}

// Invalid input: each verb fails with one clear line and the documented exit status, and changes
// nothing.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "cli/exit_status.h"
#include "tests/integration/direct_launch.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

std::string any_verb_with_message() {
  return GENERATE(as<std::string>(), "launch", "update", "usage", "wait", "destroy");
}

std::string length_of(std::uint32_t length) {
  std::string bytes(sizeof length, '\0');
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes;
}

void check_one_line(const std::string& text) {
  INFO(text);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.size() < 5000);
}

void check_nothing_known(const WorkDirectory& place) {
  CHECK(place.call("containers").out == std::string(4, '\0'));
}

}  // namespace

TEST_CASE("standard input that is not a request") {
  const auto verb = any_verb_with_message();
  struct Input {
    const char* what;
    std::string bytes;
  };
  const std::vector<Input> inputs{
      {"nothing", ""},
      {"half a length", "\1"},
      {"a length alone", length_of(100)},
      {"a message cut short", length_of(100) + "abc"},
      {"an empty message", length_of(0)},
      {"garbage", length_of(8) + "\377\376garbag"},
      {"text", "GET / HTTP/1.1\r\n\r\n"},
      {"more than a message may have", length_of(largest_frame + 1) + "abc"},
      {"4 GiB", length_of(0xffffffff) + "abc"},
  };
  const WorkDirectory place;
  for (const auto& input : inputs) {
    INFO(verb << " gets " << input.what);
    const auto ran = run({program(), verb}, place.variables(), input.bytes, true);
    CHECK(ran.status == exit_bad_request);
    CHECK(ran.out.empty());
    check_one_line(ran.err);
  }
  check_nothing_known(place);
}

TEST_CASE("verb that does not exist") {
  const WorkDirectory place;
  for (const std::string verb : {"", "lunch", "--launch", "launch launch"}) {
    const auto ran = place.call(verb);
    INFO(ran.err);
    CHECK(ran.status == exit_usage);
    CHECK(ran.out.empty());
    CHECK_THAT(ran.err, Contains("--help"));
  }
}

TEST_CASE("container IDs that no slave uses") {
  const std::vector<std::string> ids{"../../../etc/passwd",
                                     "a/b",
                                     "..",
                                     "x'; DROP TABLE containers; --",
                                     std::string("a\0b", 3),
                                     std::string(10'000, 'x'),
                                     "-rf",
                                     " ",
                                     "a\nb",
                                     "\x1b[31m"};
  const WorkDirectory place;
  for (const auto& id : ids) {
    INFO(id.substr(0, 40));
    const auto launched = place.call("launch", frame_of(custom_launch(place, id, "true")));
    CHECK(launched.status == exit_bad_request);
    check_one_line(launched.err);
    CHECK(place.call_for("update", id).status == exit_ok);
    CHECK(place.call_for("destroy", id).status == exit_ok);
    CHECK(place.call_for("usage", id).status == exit_failed);
    const auto waited = place.call_for("wait", id);
    CHECK(waited.status == exit_ok);
    check_one_line(waited.err);
  }
  check_nothing_known(place);
  CHECK(fs::is_empty(place.state() / "run"));
}

TEST_CASE("launch that lacks what every slave sends") {
  const auto missing = GENERATE(as<std::string>(), "directory", "executor");
  INFO("without " << missing);
  const WorkDirectory place;
  auto launch = custom_launch(place, "c1", "true");
  if (missing == "directory") launch.clear_directory();
  if (missing == "executor") launch.clear_executor_info();
  const auto ran = place.call("launch", frame_of(launch));
  CHECK(ran.status == exit_bad_request);
  check_one_line(ran.err);
  check_nothing_known(place);
}

TEST_CASE("launch that comes twice") {
  const WorkDirectory place;
  const auto launch = custom_launch(place, "c1", "echo once; sleep 1000");
  CHECK(place.call("launch", frame_of(launch)).status == exit_ok);
  CHECK(place.call("launch", frame_of(launch)).status == exit_ok);
  place.await_state("c1", "Running");
  const auto other = place.call("launch", frame_of(custom_launch(place, "c1", "echo other")));
  CHECK(other.status == exit_failed);
  check_one_line(other.err);
  CHECK_THAT(other.err, Contains("c1 was already launched"));
  CHECK(place.docker_containers().size() == 1);
  CHECK(place.state_of("c1") == "Running");
}

TEST_CASE("launches of one container at the same time") {
  const WorkDirectory place;
  const auto frame = frame_of(custom_launch(place, "c1", "sleep 1000"));
  std::vector<std::unique_ptr<Child>> launchers;
  for (int i = 0; i < 8; ++i) {
    launchers.push_back(
        std::make_unique<Child>(std::vector<std::string>{program(), "launch"}, place.variables()));
    launchers.back()->send(frame);
  }
  for (const auto& one : launchers) {
    REQUIRE(one->await_end());
    INFO(one->err());
    CHECK(one->ended() == exit_ok);
  }
  place.await_state("c1", "Running");
  CHECK(place.docker_containers().size() == 1);
  CHECK(place.processes({"supervise", "c1"}).size() == 1);
}

TEST_CASE("operator's commands with invalid arguments") {
  const WorkDirectory place;
  place.call("containers");
  for (const std::vector<std::string>& words : {std::vector<std::string>{"ps", "--frobnicate"},
                                                {"show"},
                                                {"show", "a", "b"},
                                                {"history", "--last=none"},
                                                {"history", "a", "b"},
                                                {"lifecycle", "--format=png"}}) {
    auto line = words;
    line.insert(line.begin(), program());
    const auto ran = run(line, place.variables());
    INFO(words[0] << ": " << ran.err);
    CHECK(ran.status == exit_usage);
    CHECK(ran.out.empty());
    check_one_line(ran.err);
  }
}

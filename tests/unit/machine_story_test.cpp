// The judge of tests/machine finds each broken promise in what a machine has said.
#include <catch2/catch.hpp>
#include <sstream>

#include "tests/machine/story.h"

namespace containerizer::machine {
namespace {

const std::string id = "11111111-2222-3333-4444-555555555555";

// A task that was running when the power was cut.
const std::string first_boot =
    "boot 1 aaaa\nno database\nintegrity after ok\nforeign other 7 exited 5\nchecked\n"
    "launching b1-n1-e7-t9 container_id=" +
    id + " sandbox=/s\nlaunched b1-n1-e7-t9 container_id=" + id + " sandbox=/s\n";

struct SecondBoot {
  std::string integrity = "ok";
  std::string listed = "listed " + id + "\n";
  std::string second_wait = "reply=00";
  std::string row = "row " + id + " Gone delivered=1 kind=rebooted exit= signal= message=x\n";
  std::string foreign = "foreign other 7 exited 5\n";
  std::string more;

  std::string text() const {
    return "boot 2 bbbb\nintegrity before " + integrity + "\nstate " + id + " Running 0\n" +
           "verb recover - exit=0 reply=\nverb containers - exit=0 reply=00\n" + listed +
           "verb wait " + id + " exit=0 reply=00\nverb wait " + id + " exit=0 " + second_wait +
           "\nintegrity after ok\n" + row + foreign + more + "checked\n";
  }
};

// What the judge says of the two boots.
std::string verdict(const SecondBoot& second, const std::string& before = "",
                    const std::string& start = "ran b1-n1-e7-t9\n") {
  std::ostringstream out;
  Story story(out);
  std::istringstream lines(first_boot + start + before + second.text());
  for (std::string line; std::getline(lines, line);) story.read(line);
  CHECK(story.restarts() == 1);
  CHECK((story.broken() == 0) == out.str().empty());
  return out.str();
}

bool finds(const std::string& said, const std::string& word) {
  INFO(said);
  return said.find("LOST in boot ") == 0 && said.find(word) != std::string::npos;
}

std::string row_with(const std::string& columns) {
  return "row " + id + " " + columns + " message=x\n";
}

}  // namespace

TEST_CASE("the machine's judge accepts a machine that keeps its promises") {
  CHECK(verdict({}).empty());
  SecondBoot second;
  second.row = row_with("Gone delivered=1 kind=exited exit=7 signal=");
  CHECK(verdict(second, "ends b1-n1-e7-t9 7\n").empty());
}

TEST_CASE("the machine's judge finds each broken promise") {
  SecondBoot second;
  std::string before;
  std::string start = "ran b1-n1-e7-t9\n";
  std::string word;
  SECTION("a damaged database") {
    second.integrity = "row 3 missing";
    word = "integrity before row 3 missing";
  }
  SECTION("a launch that is forgotten") {
    second.row.clear();
    word = "is not known";
  }
  SECTION("an end of which the slave does not learn") {
    second.listed.clear();
    word = "is not listed";
  }
  SECTION("a container that is not finished") {
    second.row = row_with("Removing delivered=0 kind=rebooted exit= signal=");
    word = "is still Removing";
  }
  SECTION("an exit code that is invented") {
    second.row = row_with("Gone delivered=1 kind=exited exit=255 signal=");
    word = "cannot have ended so";
  }
  SECTION("an exit code of a task that has not run") {
    second.row = row_with("Gone delivered=1 kind=exited exit=7 signal=");
    start.clear();
    word = "has not run";
  }
  SECTION("a task that starts a second time") {
    second.row = row_with("Gone delivered=1 kind=exited exit=7 signal=");
    second.more = "ran b1-n1-e7-t9\n";
    word = "started a second time";
  }
  SECTION("an end that was reported in another way") {
    before = "status b1-n1-e7-t9 TASK_FAILED message=\"Command exited with status 7\"\n";
    word = "was reported with exit code 7";
  }
  SECTION("a failure of a launch that could succeed") {
    second.row = row_with("Gone delivered=1 kind=failed exit= signal=");
    word = "has failed";
  }
  SECTION("an end that nobody knows") {
    second.row = row_with("Gone delivered=1 kind= exit= signal=");
    word = "nothing says how";
  }
  SECTION("waits that differ") {
    second.second_wait = "reply=11";
    word = "two waits differ";
  }
  SECTION("a container that is left") {
    second.more = "left container containerizer-" + id + "\n";
    word = "left container";
  }
  SECTION("a foreign container that was touched") {
    second.foreign = "foreign other 7 exited 137\n";
    word = "foreign other 7 exited 5";
  }
  SECTION("a foreign container that is gone") {
    second.foreign.clear();
    word = "other is gone";
  }
  SECTION("a verb that fails") {
    second.more = "verb destroy " + id + " exit=1 reply=\n";
    word = "the verb failed";
  }
  CHECK(finds(verdict(second, before, start), word));
}

}  // namespace containerizer::machine

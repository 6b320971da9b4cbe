// SIGKILL at every system call of every verb and of the supervisor, each time followed by what a
// slave does that comes back: recover, containers, wait, destroy. Nothing may be lost, told
// wrongly, done twice or left behind.
//
// CRASH_POINTS: how many points to try of each program, spread over all that it has, or `all`.
// CRASH_SEED shifts them. TEST_CONTAINERIZER: the program to judge, not built with sanitizers (they
// do not work under a tracer).
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <iostream>
#include <set>

#include "containerizer.pb.h"
#include "proto/record_io.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/slave.h"
#include "tests/integration/trial.h"

using namespace containerizer;
using namespace containerizer::integration;

namespace {

const char* const id = "c1";
constexpr int ended_with_7 = 7 << 8;

// Whose system calls are counted, and in which call of the slave's.
struct Victim {
  const char* name;
  const char* verb;
  const char* word;  // of its command line; "" for the verb itself
};

std::string setting(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : fallback;
}

// One task and the verbs about it, one of which is killed at a point.
class Life {
 public:
  Life(const Victim& victim, long point) : victim_(victim), point_(point) {
    place_.set("CONTAINERIZER_STOP_TIMEOUT", "10secs");
  }

  // How many system calls the victim has begun.
  long live() {
    begin();
    if (std::string(victim_.verb) != "launch" && std::string(victim_.verb) != "wait") {
      place_.await_state(id, "Running");
      call(victim_.verb);
    }
    if (runs_to_its_end()) {
      eventually("the task runs or its supervisor is dead",
                 [&] { return fs::exists(count_file()) || state() == "Running"; });
      write_file(sandbox() / "go", "");
    }
    eventually("the victim has ended", [&] {
      // A slave reads what it is told.
      if (waiter_) waiter_->pump(deadline_in(Duration(0)));
      return fs::exists(count_file());
    });
    if (waiter_) told_ = !waiter_->out().empty();
    waiter_.reset();
    return std::atol(read_file(count_file()).c_str());
  }

  // What a slave does after its restart.
  void come_back() {
    write_file(sandbox() / "go", "");
    REQUIRE(place_.call("recover").status == 0);
    const auto listed = containers();
    CHECK(listed.size() <= 1);
    if (launched_ && !may_be_delivered()) CHECK(listed == std::set<std::string>{id});
    if (!listed.empty()) check_end();
    const auto destroyed = place_.call_for("destroy", id);
    INFO(destroyed.err);
    CHECK(destroyed.status == 0);
    CHECK(containers().empty());
    check_runs();
    check_history(place_, id);
  }

 private:
  fs::path count_file() const { return place_.scratch() / "count"; }
  fs::path sandbox() const { return place_.scratch() / "sandbox"; }

  // The supervisor, or a `wait`, ends only when the task does.
  bool runs_to_its_end() const {
    return *victim_.word != '\0' || std::string(victim_.verb) == "wait";
  }

  // The slave has been told of the end, or has not asked to be.
  bool may_be_delivered() const { return told_ || std::string(victim_.verb) == "destroy"; }

  std::string state() const {
    const auto shown = run({program(), "show", id, "--json"}, place_.variables());
    return shown.status == 0 ? std::string(json::parse(shown.out).at("state").as_string()) : "";
  }

  std::vector<std::string> words_for(const std::string& verb) const {
    if (verb != victim_.verb) return {program(), verb};
    return {slave_binaries() + "/../kill-at",
            std::to_string(point_),
            count_file(),
            victim_.word,
            program(),
            verb};
  }

  std::string message_for(const std::string& verb) const {
    if (verb == "recover" || verb == "containers") return "";
    if (verb == "launch") {
      return frame_of(custom_launch(place_, id,
                                    "echo ran >> $MESOS_SANDBOX/ran; echo up; trap 'exit 7' TERM;"
                                    "until [ -e $MESOS_SANDBOX/go ]; do sleep 0.02; done; exit 7"));
    }
    mesos::containerizer::Update message;
    message.mutable_container_id()->set_value(id);
    if (verb == "update") {
      auto& memory = *message.add_resources();
      memory.set_name("mem");
      memory.set_type(mesos::Value::SCALAR);
      memory.mutable_scalar()->set_value(96);
    }
    return to_frame(message.SerializeAsString());
  }

  Ran call(const std::string& verb) {
    return run(words_for(verb), place_.variables(), message_for(verb));
  }

  void begin() {
    launched_ = call("launch").status == 0;
    if (!launched_) return;
    waiter_ = std::make_unique<Child>(words_for("wait"), place_.variables());
    waiter_->send(message_for("wait"));
  }

  std::set<std::string> containers() const {
    const auto ran = place_.call("containers");
    INFO(ran.err);
    REQUIRE(ran.status == 0);
    std::set<std::string> ids;
    const auto message = message_in<mesos::containerizer::Containers>(ran.out);
    for (const auto& one : message.containers()) ids.insert(one.value());
    return ids;
  }

  // Two waits, which must agree.
  void check_end() const {
    const auto first = place_.call_for("wait", id);
    REQUIRE(first.status == 0);
    const auto told = message_in<mesos::containerizer::Termination>(first.out);
    INFO(told.message());
    CHECK(told.status() == ended_with_7);
    CHECK(place_.call_for("wait", id).out == first.out);
  }

  void check_runs() const {
    const auto runs = read_file(sandbox() / "ran");
    CHECK((runs.empty() || runs == "ran\n"));
    if (launched_) CHECK(runs == "ran\n");
    if (launched_) CHECK(read_file(sandbox() / "stdout") == "up\n");
  }

  WorkDirectory place_;
  Victim victim_;
  long point_;
  bool launched_ = false;
  bool told_ = false;  // by a `wait` of before
  std::unique_ptr<Child> waiter_;
};

// Points of 1 to `last`, spread evenly.
std::vector<long> points_up_to(long last) {
  const auto wanted = setting("CRASH_POINTS", "4");
  const long count = wanted == "all" ? last : std::min(last, std::atol(wanted.c_str()));
  const long shift = std::atol(setting("CRASH_SEED", "0").c_str());
  std::vector<long> points;
  for (long i = 0; i < count; ++i) points.push_back((i * last / count + shift) % last + 1);
  return points;
}

long system_calls_of(const Victim& victim) {
  Life life(victim, 0);
  const auto count = life.live();
  life.come_back();
  return count;
}

}  // namespace

TEST_CASE("killed at a system call") {
  const auto victim = GENERATE(values<Victim>({{"launch", "launch", ""},
                                               {"supervise", "launch", "supervise"},
                                               {"update", "update", ""},
                                               {"usage", "usage", ""},
                                               {"wait", "wait", ""},
                                               {"destroy", "destroy", ""},
                                               {"containers", "containers", ""},
                                               {"recover", "recover", ""}}));
  const auto begun = std::chrono::steady_clock::now();
  const auto all = system_calls_of(victim);
  const auto points = points_up_to(all);
  for (const auto point : points) {
    INFO(victim.name << " killed at its system call " << point << " of " << all);
    Life life(victim, point);
    life.live();
    life.come_back();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  std::cout << victim.name << ": killed at " << points.size() << " of " << all
            << " system calls, survived all, " << static_cast<int>(took.count()) << " s\n";
}

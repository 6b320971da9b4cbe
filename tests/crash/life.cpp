#include "tests/crash/life.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <sstream>

#include "containerizer.pb.h"
#include "proto/frame.h"
#include "tests/integration/direct_launch.h"
#include "tests/integration/recorded_history.h"

namespace containerizer::crash {

using namespace integration;

namespace {

const char* const id = "c1";
constexpr int ended_with_7 = 7 << 8;
constexpr int failed_launch = 1 << 8;
const char* const supervisor = "supervise";
constexpr Duration look_again{20};
constexpr long most_refusals = 2'000;

// Writes a line at each start, and exits with 7 once the test allows it. Containerizers use
// different variables for the sandbox.
const char* const task =
    "cd ${MESOS_SANDBOX:-${MESOS_DIRECTORY:-.}}; echo ran >> ran; echo up; trap 'exit 7' TERM;"
    "until [ -e go ]; do sleep 0.02; done; exit 7";

// The command line of a supervisor contains this word.
std::string word_of_supervisors() {
  const char* other = std::getenv("CRASH_SUPERVISOR");
  return other != nullptr ? other : supervisor;
}

// Whether the bytes are exactly one frame.
bool is_frame(const std::string& bytes) {
  constexpr std::size_t length_size = 4;
  return bytes.size() > length_size && bytes == to_frame(bytes.substr(length_size));
}

Kill to_kill(const std::string& text) {
  const auto colon = text.find(':');
  REQUIRE(colon != std::string::npos);
  const auto mark = std::min(text.find('!'), text.size());
  return {text.substr(0, colon), std::atol(text.c_str() + colon + 1), text.substr(mark)};
}

std::string to_text(const Kill& kill) {
  return kill.victim + ":" + std::to_string(kill.point) + kill.error;
}

}  // namespace

std::string to_text(const Kills& kills) {
  return to_text(kills.operation) + (kills.recovery ? " " + to_text(*kills.recovery) : "");
}

Kills to_kills(const std::string& text) {
  std::istringstream words(text);
  std::string first, second;
  words >> first >> second;
  Kills kills{to_kill(first), {}};
  if (!second.empty()) kills.recovery = to_kill(second);
  return kills;
}

// The standard input is closed: another program may not know the verb and wait for a message.
bool is_ours() {
  static const auto version = run({program(), "--version"}, {}, "", true).out;
  return version.starts_with("docker-containerizer ");
}

const std::vector<std::string>& operation_victims() {
  static const std::vector<std::string> all{"launch", supervisor, "update",     "usage",
                                            "wait",   "destroy",  "containers", "recover"};
  return all;
}

const std::vector<std::string>& recovery_victims() {
  static const std::vector<std::string> all{"recover", supervisor, "containers", "wait", "destroy"};
  return all;
}

Life::Life() {
  place_.set("CONTAINERIZER_STOP_TIMEOUT", "10secs");
  for (const auto& one : new_containers()) others_.insert(one);
}

Life::~Life() {
  if (std::uncaught_exceptions() == 0) check_nothing_left();
  for (const auto& one : new_containers()) run({"docker", "rm", "-f", one});
}

void Life::trace(const Kill& kill, const std::string& starter) {
  const bool below = kill.victim == supervisor;
  traced_ = Traced{below ? starter : kill.victim, below ? word_of_supervisors() : "",
                   std::to_string(kill.point) + kill.error};
  has_error_ = has_error_ || !kill.error.empty();
}

Trace Life::end_of_trace() {
  std::istringstream counts(read_file(count_file()));
  Trace trace;
  counts >> trace.calls >> trace.refused;
  char colon = 0;
  for (long call = 0, count = 0; counts >> call >> colon >> count;) trace.by_number[call] = count;
  fs::remove(count_file());
  // A process that meets an error again and again waits in between.
  CHECK(trace.refused < most_refusals);
  traced_.reset();
  return trace;
}

std::vector<std::string> Life::words_for(const std::string& verb) const {
  if (!traced_ || verb != traced_->verb) return {program(), verb};
  return {slave_binaries() + "/../kill-at",
          traced_->point,
          count_file(),
          traced_->word,
          program(),
          verb};
}

std::string Life::message_for(const std::string& verb) const {
  if (verb == "recover" || verb == "containers") return "";
  if (verb == "launch") return frame_of(custom_launch(place_, id, task));
  if (verb == "update") return frame_of(update_of(id, 96));
  return frame_for(id);
}

Ran Life::call(const std::string& verb) const {
  return run(words_for(verb), place_.variables(), message_for(verb));
}

// Our program records it shortly after the start of the task, and its verbs use the record.
bool Life::is_running() const {
  if (read_file(sandbox() / "ran").empty()) return false;
  if (!is_ours()) return true;
  const auto shown = run({program(), "show", id, "--json"}, place_.variables());
  return shown.status == 0 && json::parse(shown.out).at("state") == "Running";
}

void Life::begin() {
  launched_ = call("launch").status == 0;
  const bool may_fail = traced_->verb == "launch" && traced_->point != "0";
  REQUIRE((launched_ || may_fail));
  if (!launched_) return;
  waiter_ = std::make_unique<Child>(words_for("wait"), place_.variables());
  waiter_->send(message_for("wait"));
}

Trace Life::operate(const Kill& kill) {
  trace(kill, "launch");
  begin();
  if (traced_->verb != "launch" && traced_->verb != "wait") {
    eventually("the task runs", [&] { return is_running(); });
    const auto ran = call(traced_->verb);
    if (!kill.error.empty()) std::cout << ran.err;
    if (kill.point == 0) CHECK(ran.status == 0);
    destroyed_ = traced_->verb == "destroy";
  } else if (!traced_->word.empty() || traced_->verb == "wait") {
    // These exit only when the task has ended.
    eventually("the task runs or the victim is dead",
               [&] { return has_victim_ended() || is_running(); });
    let_it_end();
  }
  await_victim();
  if (waiter_) take_answer({waiter_->ended().value_or(-1), waiter_->out(), ""});
  waiter_.reset();
  return end_of_trace();
}

// A slave reads a reply at once.
void Life::await_victim() {
  const auto deadline = deadline_in(bound);
  while (!has_victim_ended()) {
    INFO(traced_->verb << " does not end");
    REQUIRE(time_left(deadline) > Duration::zero());
    if (waiter_ && !waiter_->ended()) {
      waiter_->pump(deadline_in(look_again));
    } else {
      sleep_for(look_again);
    }
  }
  if (waiter_) waiter_->pump(deadline_in(Duration(0)));
}

void Life::take_answer(const Ran& wait) {
  if (!is_frame(wait.out)) return;
  told_ = true;
  if (wait.status == 0) answer_ = wait.out;
}

Trace Life::recover_under(const Kill& kill) {
  trace(kill, "recover");
  for (const std::string verb : {"recover", "containers", "wait", "destroy"}) {
    if (verb == "wait") let_it_end();
    if (verb == "destroy") destroyed_ = true;
    const auto ran = call(verb);
    if (verb == "wait") take_answer(ran);
    if (verb == traced_->verb && traced_->word.empty()) break;
  }
  await_victim();
  return end_of_trace();
}

void Life::recover() {
  let_it_end();
  const auto recovered = call("recover");
  INFO(recovered.err);
  REQUIRE(recovered.status == 0);
  if (launched_ && !answer_.empty()) check_status(answer_);
  const auto listed = containers();
  CHECK(listed.size() <= 1);
  if (launched_ && !told_ && !destroyed_) CHECK(listed == std::set<std::string>{id});
  if (!listed.empty()) check_end();
  const auto destroyed = call("destroy");
  INFO(destroyed.err);
  CHECK(destroyed.status == 0);
  CHECK(containers().empty());
  check_runs();
  if (is_ours()) check_history();
}

std::set<std::string> Life::containers() const {
  const auto ran = call("containers");
  INFO(ran.err);
  REQUIRE(ran.status == 0);
  std::set<std::string> ids;
  const auto message = message_in<mesos::containerizer::Containers>(ran.out);
  for (const auto& one : message.containers()) ids.insert(one.value());
  return ids;
}

// Two waits, which must return the same, also as an earlier wait.
void Life::check_end() const {
  const auto first = call("wait");
  INFO(first.err);
  REQUIRE(first.status == 0);
  check_status(first.out);
  CHECK(call("wait").out == first.out);
  if (!answer_.empty()) CHECK(answer_ == first.out);
}

void Life::check_status(const std::string& answer) const {
  const auto message = message_in<mesos::containerizer::Termination>(answer);
  INFO(message.message());
  // A containerizer may destroy a task without SIGTERM. Ours sends SIGTERM first.
  // A launch that an error stopped is reported as failed. Its task never ran.
  const bool failed = has_error_ && read_file(sandbox() / "ran").empty();
  if (failed) CHECK(message.status() == failed_launch);
  if (!failed && (!destroyed_ || is_ours())) CHECK(message.status() == ended_with_7);
}

void Life::check_runs() const {
  const auto runs = read_file(sandbox() / "ran");
  CHECK((runs.empty() || runs == "ran\n"));
  if (runs.empty() && has_error_) return;
  if (launched_) CHECK(runs == "ran\n");
  if (launched_) CHECK(read_file(sandbox() / "stdout") == "up\n");
}

void Life::check_history() const {
  // A launch that died before its commit has no record.
  const auto ran = run({program(), "history", id}, place_.variables());
  if (launched_ || ran.status == 0) integration::check_history(place_, id);
}

// Processes first: a living one may still create a container.
void Life::check_nothing_left() const {
  const auto deadline = deadline_in(bound);
  while (!place_.processes({}).empty() && time_left(deadline) > Duration::zero()) {
    sleep_for(look_again);
  }
  CHECK(place_.processes({}).empty());
  CHECK(new_containers() == std::vector<std::string>{});
}

std::vector<std::string> Life::new_containers() const {
  std::istringstream ids(docker({"ps", "-aq", "--no-trunc"}));
  std::vector<std::string> found;
  for (std::string one; ids >> one;) {
    if (others_.count(one) == 0) found.push_back(one);
  }
  return found;
}

}  // namespace containerizer::crash

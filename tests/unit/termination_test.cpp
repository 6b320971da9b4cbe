#include "engine/lifecycle/termination.h"

#include <sys/wait.h>

#include <catch2/catch.hpp>

using namespace containerizer;
using Message = mesos::containerizer::Termination;

namespace {

ContainerFacts ended_with(int exit_code, bool oom_killed = false) {
  ContainerFacts facts;
  facts.started = true;
  facts.status = "exited";
  facts.exit_code = exit_code;
  facts.oom_killed = oom_killed;
  return facts;
}

store::Termination exited(const ContainerFacts& facts, bool destroyed) {
  EndEvidence evidence;
  evidence.was_asked = destroyed;
  return exited_termination(facts, judge_memory(facts, evidence), destroyed);
}

std::vector<store::Termination> one_of_each_kind() {
  return {exited(ended_with(0), false),
          exited(ended_with(3), false),
          exited(ended_with(143), false),
          exited(ended_with(137, true), false),
          failed_termination("pull", "no such image"),
          destroyed_termination(State::pulling, Duration(0)),
          exited(ended_with(0), true),
          exited(ended_with(137), true),
          lost_termination(),
          rebooted_termination(),
          unknown_termination("the exit was not seen")};
}

bool knows_its_status(const store::Termination& termination) {
  return termination.exit_code.has_value() || termination.signal.has_value();
}

}  // namespace

TEST_CASE("an exit code is an exit, above 128 a signal", "[scenario-23]") {
  struct Case {
    int code;
    std::string kind;
    std::optional<int> exit_code;
    std::optional<int> signal;
  };
  const auto example = GENERATE(values<Case>({
      {0, "exited", 0, {}},
      {1, "exited", 1, {}},
      {127, "exited", 127, {}},
      {128, "exited", 128, {}},
      {129, "signalled", {}, 1},
      {137, "signalled", {}, 9},
      {143, "signalled", {}, 15},
      {192, "signalled", {}, 64},
      {193, "exited", 193, {}},
      {255, "exited", 255, {}},
      {-1, "exited", 255, {}},
  }));
  INFO("code " << example.code);
  const auto termination = exited(ended_with(example.code), false);
  CHECK(termination.kind == example.kind);
  CHECK(termination.exit_code == example.exit_code);
  CHECK(termination.signal == example.signal);
  CHECK(!termination.step);
  CHECK(!termination.message.empty());
}

TEST_CASE("an exit because of a lack of memory is reported as such", "[scenario-24]") {
  const auto termination = exited(ended_with(137, true), false);
  CHECK(termination.kind == "oom");
  CHECK(termination.signal == 9);
  CHECK(termination.message.find("memory") != std::string::npos);

  const auto survived = exited(ended_with(3, true), false);
  CHECK(survived.kind == "exited");
  CHECK(survived.exit_code == 3);
  CHECK(survived.message.find("memory") != std::string::npos);
}

TEST_CASE("a destroyed container is reported as destroyed, with its exit code", "[scenario-34]") {
  const auto termination = exited(ended_with(137), true);
  CHECK(termination.kind == "destroyed");
  CHECK(termination.signal == 9);
  CHECK(exited(ended_with(0), true).exit_code == 0);
}

TEST_CASE("who ended a container") {
  struct Case {
    int code;
    Circumstances circumstances;
    std::optional<std::string> by;
  };
  const auto example = GENERATE(values<Case>({
      {0, {}, "task"},
      {3, {}, "task"},
      {137, {}, {}},
      {143, {}, {}},
      {139, {}, "task"},
      {134, {}, "task"},
      {153, {}, "kernel"},
      {159, {}, "kernel"},
      {143, {.stopped = true}, "slave"},
      {0, {.stopped = true}, "slave"},
      {143, {.daemon_restarted = true}, "daemon"},
      {137, {.signals = {1, 9}}, "operator"},
      {137, {.signals = {1}}, {}},
      {139, {.signals = {15}}, "task"},
      {3, {.signals = {15}}, "operator"},
      {3, {.signals = {15, 1}}, "task"},
      {0, {.signals = {15}}, "task"},
  }));
  INFO("code " << example.code);
  CHECK(who_ended(exited(ended_with(example.code), false), example.circumstances) == example.by);
  CHECK(who_ended(exited(ended_with(137, true), false), {}) == "kernel");
  CHECK(who_ended(exited(ended_with(example.code), true), {}) == "slave");
  CHECK(destroyed_termination(State::pulling, Duration(0)).ended_by == "slave");
  CHECK(!who_ended(lost_termination(), example.circumstances));
  CHECK(!who_ended(failed_termination("pull", "no such image"), example.circumstances));
}

TEST_CASE("an exit code is invented if a daemon that was away dates the exit after its return") {
  // 10 s after 1970 on both clocks.
  constexpr std::int64_t now = 10'000;
  const auto reported = [](int code, const char* finished_at) {
    auto facts = ended_with(code);
    facts.finished_at = finished_at;
    return facts;
  };
  const auto* const at_8 = "1970-01-01T00:00:08Z";
  for (const int code : {0, 255}) {
    CHECK(is_invented(reported(code, at_8), Duration(2'501), now));
    CHECK_FALSE(is_invented(reported(code, at_8), Duration(2'500), now));
    CHECK_FALSE(is_invented(reported(code, at_8), Duration(2'000), now));
    CHECK_FALSE(is_invented(reported(code, at_8), std::nullopt, now));
    CHECK_FALSE(is_invented(reported(code, ""), Duration(9'000), now));
    CHECK_FALSE(is_invented(reported(code, "0001-01-01T00:00:00Z"), Duration(9'000), now));
  }
  for (const int code : {1, 7, 137, 143}) {
    CHECK_FALSE(is_invented(reported(code, at_8), Duration(9'000), now));
  }
  const auto termination = invented_termination(reported(0, at_8), false);
  CHECK(termination.kind == "lost");
  CHECK_FALSE(termination.exit_code);
  CHECK(invented_termination(reported(0, at_8), true).kind == "destroyed");
}

TEST_CASE("every termination has all five fields and can be sent", "[scenario-23]") {
  for (const auto& termination : one_of_each_kind()) {
    for (const TaskKind kind : {TaskKind::command, TaskKind::custom}) {
      for (const bool stopped : {false, true}) {
        INFO(termination.kind << ": " << termination.message);
        const auto message = to_message(termination, kind, stopped);
        CHECK(message.has_killed());
        CHECK(message.has_message());
        CHECK_FALSE(message.message().empty());
        CHECK(message.has_status());
        CHECK(message.has_state());
        CHECK(message.reasons_size() > 0);
        Message again;
        REQUIRE(again.ParseFromString(message.SerializeAsString()));
        CHECK(again.SerializeAsString() == message.SerializeAsString());
      }
    }
  }
  const auto early = early_termination_message();
  CHECK((early.has_killed() && early.has_message() && early.has_status() && early.has_state()));
  CHECK(early.reasons_size() > 0);
  CHECK(early.status() == -1);
}

TEST_CASE("a status decodes as waitpid's", "[scenario-23]") {
  for (int code = 0; code <= 255; ++code) {
    INFO("code " << code);
    const auto termination = exited(ended_with(code), false);
    const int status = to_message(termination, TaskKind::command, false).status();
    if (termination.signal) {
      CHECK(WIFSIGNALED(status));
      CHECK_FALSE(WIFEXITED(status));
      CHECK(WTERMSIG(status) == code - 128);
    } else {
      CHECK(WIFEXITED(status));
      CHECK_FALSE(WIFSIGNALED(status));
      CHECK(WEXITSTATUS(status) == code);
    }
  }
  const int failed = to_message(failed_termination("pull", "x"), TaskKind::command, false).status();
  CHECK(WIFEXITED(failed));
  CHECK(WEXITSTATUS(failed) == 1);
}

TEST_CASE("an unknown exit is never a success", "[scenario-28]") {
  for (const auto& termination : one_of_each_kind()) {
    if (knows_its_status(termination) || termination.kind == "failed") continue;
    for (const TaskKind kind : {TaskKind::command, TaskKind::custom}) {
      for (const bool stopped : {false, true}) {
        INFO(termination.kind);
        const auto message = to_message(termination, kind, stopped);
        CHECK(message.status() == -1);
        CHECK(message.state() != mesos::TASK_FINISHED);
        CHECK(exit_status_for(termination, stopped) != 0);
      }
    }
  }
}

TEST_CASE("only a command task that exited with 0 without a kill is finished") {
  for (const auto& termination : one_of_each_kind()) {
    for (const TaskKind kind : {TaskKind::command, TaskKind::custom}) {
      for (const bool stopped : {false, true}) {
        INFO(termination.kind << (kind == TaskKind::command ? " command" : " custom")
                              << (stopped ? " stopped" : ""));
        const bool finished =
            termination.kind == "exited" && termination.exit_code == 0 && !stopped;
        const auto state = to_message(termination, kind, stopped).state();
        CHECK((state == mesos::TASK_FINISHED) == (finished && kind == TaskKind::command));
        CHECK((exit_status_for(termination, stopped) == 0) == finished);
      }
    }
  }
}

TEST_CASE("states and reasons of all kinds") {
  const auto message = [](const store::Termination& termination, TaskKind kind, bool stopped) {
    return to_message(termination, kind, stopped);
  };
  const auto command = TaskKind::command;
  CHECK(message(exited(ended_with(3), false), command, false).state() == mesos::TASK_FAILED);
  CHECK(message(exited(ended_with(143), false), command, true).state() == mesos::TASK_KILLED);
  CHECK(message(destroyed_termination(State::pulling, Duration(0)), command, false).state() ==
        mesos::TASK_LOST);

  const auto oom = message(exited(ended_with(137, true), false), command, true);
  CHECK(oom.state() == mesos::TASK_FAILED);
  CHECK(oom.killed());
  REQUIRE(oom.reasons_size() == 2);
  CHECK(oom.reasons(0) == mesos::REASON_CONTAINER_LIMITATION_MEMORY);
  CHECK(oom.reasons(1) == mesos::REASON_CONTAINER_LIMITATION);

  const auto failed = message(failed_termination("pull", "no such image"), command, false);
  CHECK(failed.reasons(0) == mesos::REASON_CONTAINER_LAUNCH_FAILED);
  CHECK(failed.message() == "pull: no such image");
  CHECK_FALSE(failed.killed());
  CHECK(message(lost_termination(), command, false).reasons(0) ==
        mesos::REASON_EXECUTOR_TERMINATED);
  CHECK(message(lost_termination(), TaskKind::custom, false).reasons(0) ==
        mesos::REASON_EXECUTOR_TERMINATED);
}

TEST_CASE("a task is killed only if it was asked to stop, and lost if it was only destroyed") {
  for (const auto& termination : one_of_each_kind()) {
    for (const TaskKind kind : {TaskKind::command, TaskKind::custom}) {
      INFO(termination.kind << ": " << termination.message);
      CHECK(to_message(termination, kind, false).state() != mesos::TASK_KILLED);
      CHECK((to_message(termination, kind, false).state() == mesos::TASK_LOST) ==
            (termination.kind == "destroyed"));
      CHECK((to_message(termination, kind, true).state() == mesos::TASK_KILLED) ==
            (termination.kind != "oom"));
    }
  }
}

TEST_CASE("the task proxy exits as the container did", "[scenario-28]") {
  CHECK(exit_status_for(exited(ended_with(0), false), false) == 0);
  CHECK(exit_status_for(exited(ended_with(0), false), true) == 143);
  CHECK(exit_status_for(exited(ended_with(3), false), false) == 3);
  CHECK(exit_status_for(exited(ended_with(3), true), false) == 3);
  CHECK(exit_status_for(exited(ended_with(137), false), false) == 137);
  CHECK(exit_status_for(exited(ended_with(137, true), false), false) == 137);
  CHECK(exit_status_for(exited(ended_with(0), true), false) == 143);
  CHECK(exit_status_for(destroyed_termination(State::pulling, Duration(0)), false) == 143);
  CHECK(exit_status_for(lost_termination(), false) == 1);
  CHECK(exit_status_for(lost_termination(), true) == 143);
  CHECK(exit_status_for(rebooted_termination(), false) == 1);
  CHECK(exit_status_for(failed_termination("start", "x"), false) == 1);
  CHECK(exit_status_for(unknown_termination("x"), false) == 1);
}

TEST_CASE("a launch that a slave destroys after a while names the slave's timeout") {
  const auto said = [](Duration since_launch) {
    return destroyed_termination(State::pulling, since_launch).message;
  };
  CHECK(said(Duration(29'999)) == "destroyed before the container ran");
  CHECK(said(Duration(60'000)).find("60 s after the launch, in the state Pulling") !=
        std::string::npos);
  CHECK(said(Duration(60'000)).find("--executor_registration_timeout") != std::string::npos);
}

TEST_CASE("the kernel's log tells who was killed, when, and whose limit was reached") {
  using Kind = MemoryVerdict::Kind;
  auto facts = ended_with(137, true);
  facts.id = "abc123";
  const Deadline end(Duration(100'000));
  const auto kill = [](pid_t victim, const char* limit, int seconds) {
    return OomKill{victim, "/docker/abc123", limit, Deadline(Duration(seconds * 1'000))};
  };
  const auto judge = [&](const std::vector<OomKill>& kills, bool was_asked = false) {
    return judge_memory(facts, {kills, 7, end, was_asked}).kind;
  };
  CHECK(judge({kill(7, "/docker/abc123", 99)}) == Kind::own_limit);
  CHECK(judge({kill(7, "/docker/abc123", 99)}, true) == Kind::own_limit);
  CHECK(judge({kill(7, "/docker", 99)}) == Kind::limit_of_others);
  CHECK(judge({kill(7, "", 99)}) == Kind::host);
  // A child, on whose death its shell has ended.
  CHECK(judge({kill(8, "/docker/abc123", 99)}) == Kind::own_limit);
  CHECK(judge({kill(8, "/docker/abc123", 99)}, true) == Kind::not_killed);
  // A child long ago: the daemon's flag stays.
  CHECK(judge({kill(8, "/docker/abc123", 50)}) == Kind::not_killed);
  CHECK(judge({kill(8, "/docker/abc123", 50), kill(7, "", 99)}) == Kind::host);
  // The log tells of others only, or cannot be read.
  CHECK(judge({OomKill{7, "/docker/other", "", end}}) == Kind::own_limit);
  CHECK(judge({}, true) == Kind::not_killed);
  CHECK(judge_memory(facts, {std::nullopt, 7, end, false}).kind == Kind::own_limit);
  facts.oom_killed = false;
  CHECK(judge({kill(7, "/docker/abc123", 99)}) == Kind::own_limit);
  CHECK(judge({}) == Kind::not_killed);
  facts.exit_code = 1;
  CHECK(judge({kill(8, "/docker/abc123", 99)}) == Kind::not_killed);
}

TEST_CASE("a kill for memory that is not the container's own is no OOM of the task") {
  using Kind = MemoryVerdict::Kind;
  const auto facts = ended_with(137, true);
  const auto of_parent = exited_termination(facts, {Kind::limit_of_others, "/batch.slice"}, false);
  CHECK(of_parent.kind == "signalled");
  CHECK(of_parent.message.find("/batch.slice") != std::string::npos);
  const auto of_host = exited_termination(facts, {Kind::host, ""}, false);
  CHECK(of_host.kind == "signalled");
  CHECK(of_host.message.find("the host ran out of memory") != std::string::npos);
  const auto later = exited_termination(facts, {}, false);
  CHECK(later.kind == "signalled");
  CHECK(later.message.find("before that, a process in it") != std::string::npos);
}

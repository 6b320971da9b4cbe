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

std::vector<store::Termination> one_of_each_kind() {
  return {exited_termination(ended_with(0), false),
          exited_termination(ended_with(3), false),
          exited_termination(ended_with(143), false),
          exited_termination(ended_with(137, true), false),
          failed_termination("pull", "no such image"),
          destroyed_termination(),
          exited_termination(ended_with(0), true),
          exited_termination(ended_with(137), true),
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
  const auto termination = exited_termination(ended_with(example.code), false);
  CHECK(termination.kind == example.kind);
  CHECK(termination.exit_code == example.exit_code);
  CHECK(termination.signal == example.signal);
  CHECK(!termination.step);
  CHECK(!termination.message.empty());
}

TEST_CASE("an exit because of a lack of memory is reported as such", "[scenario-24]") {
  const auto termination = exited_termination(ended_with(137, true), false);
  CHECK(termination.kind == "oom");
  CHECK(termination.signal == 9);
  CHECK(termination.message.find("memory") != std::string::npos);

  const auto survived = exited_termination(ended_with(3, true), false);
  CHECK(survived.kind == "exited");
  CHECK(survived.exit_code == 3);
  CHECK(survived.message.find("memory") != std::string::npos);
}

TEST_CASE("a destroyed container is reported as destroyed, with its exit code", "[scenario-34]") {
  const auto termination = exited_termination(ended_with(137), true);
  CHECK(termination.kind == "destroyed");
  CHECK(termination.signal == 9);
  CHECK(exited_termination(ended_with(0), true).exit_code == 0);
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
    const auto termination = exited_termination(ended_with(code), false);
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
  CHECK(message(exited_termination(ended_with(3), false), command, false).state() ==
        mesos::TASK_FAILED);
  CHECK(message(exited_termination(ended_with(143), false), command, true).state() ==
        mesos::TASK_KILLED);
  CHECK(message(destroyed_termination(), command, false).state() == mesos::TASK_KILLED);

  const auto oom = message(exited_termination(ended_with(137, true), false), command, true);
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

TEST_CASE("the task proxy exits as the container did", "[scenario-28]") {
  CHECK(exit_status_for(exited_termination(ended_with(0), false), false) == 0);
  CHECK(exit_status_for(exited_termination(ended_with(0), false), true) == 143);
  CHECK(exit_status_for(exited_termination(ended_with(3), false), false) == 3);
  CHECK(exit_status_for(exited_termination(ended_with(3), true), false) == 3);
  CHECK(exit_status_for(exited_termination(ended_with(137), false), false) == 137);
  CHECK(exit_status_for(exited_termination(ended_with(137, true), false), false) == 137);
  CHECK(exit_status_for(exited_termination(ended_with(0), true), false) == 143);
  CHECK(exit_status_for(destroyed_termination(), false) == 143);
  CHECK(exit_status_for(lost_termination(), false) == 1);
  CHECK(exit_status_for(lost_termination(), true) == 143);
  CHECK(exit_status_for(rebooted_termination(), false) == 1);
  CHECK(exit_status_for(failed_termination("start", "x"), false) == 1);
  CHECK(exit_status_for(unknown_termination("x"), false) == 1);
}

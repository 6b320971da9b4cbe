#include "engine/lifecycle/cause.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/lifecycle/pull_cause.h"
#include "engine/lifecycle/termination.h"

using namespace containerizer;
using Catch::Contains;

namespace {

// A container with this end. The database would set the word.
Story story_of(store::Termination end, std::string ending = "") {
  Story story;
  story.container.container_id = "c1";
  story.container.state = "Gone";
  story.container.image = "busybox:test";
  end.ending = std::move(ending);
  end.recorded_at = 60'000;
  story.termination = std::move(end);
  return story;
}

void add(Story& story, const std::string& from, const std::string& event, const std::string& to,
         std::int64_t wall) {
  store::HistoryEntry entry;
  entry.sequence = static_cast<std::int64_t>(story.history.size()) + 1;
  if (!from.empty()) entry.from_state = from;
  entry.event = event;
  entry.to_state = to;
  entry.at = {wall, wall};
  story.history.push_back(entry);
}

store::Termination exit_of(int code, std::optional<std::string> by) {
  ContainerFacts facts;
  facts.exit_code = code;
  auto end = exited_termination(facts, {}, false);
  end.ended_by = std::move(by);
  return end;
}

std::string all_text(const Explanation& why) {
  auto text = why.summary;
  for (const auto& list : {why.evidence, why.advice}) {
    for (const auto& one : list) text += "\n" + one;
  }
  return text;
}

bool is_listed(const std::string& cause) {
  const auto all = all_causes();
  return std::find(all.begin(), all.end(), cause) != all.end();
}

}  // namespace

TEST_CASE("each end has its cause") {
  struct Case {
    store::Termination end;
    std::string cause;
    std::string part;  // of the text
  };
  store::Termination oom;
  oom.kind = "oom";
  oom.peak_memory = 8 << 20;
  auto destroyed = exit_of(137, "slave");
  destroyed.kind = "destroyed";
  auto orphaned = failed_termination("executor", "mesos-executor ended before its task");
  for (const auto& [end, cause, part] : {
           Case{exit_of(0, "task"), "success", "means success"},
           Case{exit_of(3, "task"), "exit code", "exit code 3"},
           Case{exit_of(127, "task"), "exit code", "command does not exist"},
           Case{exit_of(126, "task"), "exit code", "cannot be executed"},
           Case{exit_of(139, "task"), "signal of the task", "memory that is not its own"},
           Case{exit_of(153, "kernel"), "signal of the kernel", "ulimit"},
           Case{exit_of(137, {}), "signal of unknown origin", "does not tell who sent it"},
           Case{exit_of(143, "slave"), "killed by the slave", "asked to stop the task"},
           Case{exit_of(143, "slave"), "killed by the slave",
                "systemd asks when the host shuts down"},
           Case{exit_of(137, "operator"), "killed by an operator", "docker kill"},
           Case{exit_of(143, "daemon"), "daemon restarted", "live-restore"},
           Case{oom, "out of memory", "The most that it used was 8.0 MiB"},
           Case{destroyed, "destroyed by the slave", "while it ran"},
           Case{destroyed, "destroyed by the slave", "after a failed update"},
           Case{orphaned, "executor failed", "could not be started"},
           Case{failed_termination("pull", "manifest unknown"), "pull refused: no such image",
                "manifest unknown"},
           Case{failed_termination("pull",
                                   "image x is not on this host, and CONTAINERIZER_PULL=never "
                                   "forbids pulling it"),
                "pull forbidden", "Load the image on this host"},
           Case{failed_termination("start", "exec: \"/no\": stat /no: no such file or directory"),
                "no such program", "ENTRYPOINT"},
           Case{failed_termination("start", "exec: \"/x\": permission denied: unknown"),
                "program not executable", "mode"},
           Case{failed_termination("start",
                                   "error setting rlimit type 7: operation not permitted: OCI "
                                   "permission denied"),
                "start failed", "rlimit"},
           Case{failed_termination("start", "error mounting \"/x\": no such file or directory"),
                "start failed", "/x"},
           Case{failed_termination("start", "port is already allocated"), "port taken", "port"},
           Case{failed_termination("start", "something else"), "start failed", "something else"},
           Case{failed_termination("fetch", "x"), "fetch failed", "URI"},
           Case{failed_termination("hook", "x"), "refused by the launch hook", "hook"},
           Case{failed_termination("create", "x"), "create failed", "x"},
           Case{failed_termination("record", "x"), "not recorded", "database refused"},
           Case{failed_termination("plan", "x"), "launch refused", "x"},
           Case{rebooted_termination(), "reboot", "restarted"},
           Case{lost_termination(), "lost", "no longer has the container"},
           Case{unknown_termination("x"), "unknown", "does not say how"},
       }) {
    CAPTURE(cause);
    const auto why = explain(story_of(end));
    CHECK(why.cause == cause);
    CHECK(is_listed(why.cause));
    CHECK_THAT(all_text(why), Contains(part));
    CHECK((why.advice.empty() == (cause == "success")));
  }
}

TEST_CASE("a destroy before the container ran is explained by its state") {
  auto story = story_of(destroyed_termination(State::pulling, Duration(0)));
  add(story, "", "Launch", "Accepted", 0);
  add(story, "Accepted", "Begin", "Fetching", 100);
  const auto early = [&] { return explain(story); };
  SECTION("while the image was pulled") {
    add(story, "Fetching", "Fetched", "Pulling", 1'000);
    add(story, "Pulling", "DestroyRequested", "Removing", 61'000);
    CHECK(early().cause == "registration timeout");
    CHECK_THAT(all_text(early()), Contains("1 min after the launch") &&
                                      Contains("--executor_registration_timeout") &&
                                      Contains("The pull of busybox:test had taken 1 min"));
  }
  SECTION("in another state") {
    add(story, "Fetching", "DestroyRequested", "Removing", 2'000);
    CHECK(early().cause == "destroyed before it ran");
    CHECK_THAT(all_text(early()), Contains("in state Fetching"));
  }
  CHECK(is_listed(early().cause));
}

TEST_CASE("the cause of an orphaned task is its executor") {
  auto story = story_of(failed_termination("executor", "mesos-executor ended before its task"));
  add(story, "Running", "ExecutorEnded", "Stopping", 1'000);
  const auto why = explain(story);
  CHECK(why.cause == "executor exited first");
  CHECK(is_listed(why.cause));
}

TEST_CASE("the cause of a task that mesos-executor never got is its slave") {
  auto story = story_of(failed_termination("executor", "the slave died"));
  add(story, "Running", "ExecutorEnded", "Stopping", 1'000);
  story.history.back().detail = "the slave died before mesos-executor got the task";
  const auto why = explain(story);
  CHECK(why.cause == "task never handed over");
  CHECK(is_listed(why.cause));
}

TEST_CASE("the time of a reboot comes from the two clocks") {
  auto story = story_of(rebooted_termination());
  add(story, "Starting", "Started", "Running", 1'000);
  add(story, "Running", "Rebooted", "Removing", 100'000);
  story.history.back().at.monotonic = 40'000;
  CHECK_THAT(all_text(explain(story)), Contains("The host started at 1970-01-01T") &&
                                           Contains("01:00.000") && Contains("Started at"));
}

TEST_CASE("a container that has not ended says what it does") {
  Story story;
  story.container.state = "Pulling";
  story.container.image = "busybox:test";
  story.now = 32'000;
  const auto why = explain(story);
  CHECK(why.cause == "not ended");
  CHECK(is_listed(why.cause));
  CHECK_THAT(all_text(why), Contains("Pulling since") && Contains("32.0 s"));
}

TEST_CASE("a forced pull that the operator forbids is not explained by a missing image") {
  const auto why = explain(story_of(failed_termination(
      "pull", "image x: the launch forces a pull, and CONTAINERIZER_PULL=never forbids pulling")));
  CHECK(why.cause == "pull forbidden");
  CHECK_THAT(all_text(why), Contains("forces a pull") && Contains("Remove force_pull_image"));
  CHECK_THAT(all_text(why), !Contains("not on this host") && !Contains("Load the image"));
}

TEST_CASE("the reason of a failed pull is in the daemon's message") {
  const auto unreachable = PullCause::registry_unreachable;
  struct Case {
    const char* message;
    PullCause cause;
  };
  for (const auto& [message, cause] : {
           Case{"image x is not on this host, and CONTAINERIZER_PULL=never forbids pulling it",
                PullCause::forbidden},
           Case{"image x: the launch forces a pull, and CONTAINERIZER_PULL=never forbids pulling",
                PullCause::forced},
           // As an older program has recorded it.
           Case{"image x: the task forces a pull, and CONTAINERIZER_PULL=never forbids pulling",
                PullCause::forced},
           Case{"no connection to the Docker daemon at unix:///x: Connection refused",
                PullCause::daemon_unreachable},
           Case{"Head \"https://r/v2/x\": no basic auth credentials", PullCause::credentials},
           Case{"unauthorized: authentication required", PullCause::credentials},
           Case{"pull access denied for x, repository does not exist", PullCause::credentials},
           Case{"manifest for x:1 not found: manifest unknown", PullCause::no_such_image},
           Case{"Get \"https://registry.invalid/v2/\": dial tcp: lookup: no such host",
                unreachable},
           Case{"dial tcp 127.0.0.1:5000: connect: connection refused", unreachable},
           Case{"x509: certificate signed by unknown authority", unreachable},
           Case{"no space left on device", PullCause::other},
       }) {
    CAPTURE(message);
    CHECK(pull_cause_of(message) == cause);
  }
}

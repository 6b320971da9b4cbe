// wait: tells the slave how a container ended. Passive: it owns nothing, for the slave kills it
// with all its process tree after a destroy.
//
// A slave reads each answer with a blocking read on one of few threads, and freezes when all of
// them wait (mesos-protocol 1.6). So the answer can come early: the whole frame at once, then the
// process stays until the end. What it then cannot say, mesos-executor has said to the slave
// itself.
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <thread>

#include "cli/call.h"
#include "engine/ending.h"
#include "engine/host/file.h"
#include "engine/host/log.h"
#include "engine/life_lock.h"
#include "engine/supervision.h"
#include "proto/record_io.h"

namespace containerizer {
namespace {

using mesos::containerizer::Termination;

bool reader_is_gone(int output, Duration patience) {
  pollfd end{output, 0, 0};
  return ::poll(&end, 1, static_cast<int>(patience.count())) == 1 && (end.revents & POLLERR) != 0;
}

// Writes the frame, and returns whether the slave has taken it out of the pipe: only then has it
// been delivered.
bool hand_over(int output, const Termination& message) {
  if (!write_all(output, to_frame(message.SerializeAsString()))) return false;
  const auto deadline = deadline_in(Duration(10'000));
  int unread = 0;
  while (::ioctl(output, FIONREAD, &unread) == 0 && unread > 0) {
    if (reader_is_gone(output, Duration(2)) || time_left(deadline) == Duration::zero())
      return false;
  }
  return true;
}

// One of the places for waits that may keep a thread of the slave busy.
class LatePlace {
 public:
  explicit LatePlace(const Config& config) : file_(config.state_directory() + "/late.lock", true) {
    // A slave has max(8, CPUs) threads: half of them stay free.
    const int half = static_cast<int>(std::max(8U, std::thread::hardware_concurrency()) / 2);
    for (int place = 0; place < config.late_waits.value_or(half) && !taken_; ++place) {
      taken_ = file_.try_lock(place, LockFile::Mode::exclusive);
    }
  }
  bool taken() const { return taken_; }

 private:
  LockFile file_;
  bool taken_ = false;
};

// Blocks until the container is past the phase, seeing to it that somebody moves it there. Returns
// its row, or nothing when it was pruned meanwhile.
std::optional<store::Container> await(Call& call, const std::string& id, Phase phase) {
  Duration pause{10};
  for (;;) {
    auto container = call.store.find(id);
    if (!container || is_past(state_named(container->state).value_or(State::gone), phase)) {
      return container;
    }
    call.store.rest();
    const auto supervised = ensure_supervisor(call.config, id, container->directory);
    if (!supervised.ok()) {
      log::error("{}", supervised.failure().text);
      sleep_for(pause);
      pause = std::min(pause * 2, Duration(5'000));
      continue;
    }
    LifeLock(call.config.state_directory(), id, false).await_passed(phase);
  }
}

Termination final_message(Call& call, const store::Container& container) {
  const auto ending = call.store.termination_of(container.container_id)
                          .value_or(unknown_ending("how the container ended was not recorded"));
  const bool stopped = call.store.has_event(container.container_id, name_of(Event::stop_requested));
  return to_message(ending, container.kind == "command" ? TaskKind::command : TaskKind::custom,
                    stopped);
}

int answer_unknown(Call& call, const std::string& id) {
  const auto ending = unknown_ending(fmt::format("container {} is not known", id));
  log::warn("{}", ending.message);
  hand_over(call.output, to_message(ending, TaskKind::command, false));
  return exit_ok;
}

// Whether the answer can wait for the end: until then it costs the slave a thread.
bool may_answer_late(Call& call, const store::Container& container, const LatePlace& place) {
  if (call.config.wait != WaitMode::automatic) return call.config.wait == WaitMode::late;
  if (!place.taken()) return false;
  if (container.kind == "custom") return true;
  // What fails before the executor runs, nobody but us can tell. After that, the executor does.
  const auto started = await(call, container.container_id, Phase::startup);
  const auto state = started ? state_named(started->state) : std::nullopt;
  return !state || !(*state == State::running || *state == State::stopping);
}

}  // namespace

int wait(Call& call) {
  auto message = parse<mesos::containerizer::Wait>(call, "Wait");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  const auto& id = message.value().container_id().value();
  const auto container = call.store.find(id);
  if (!container) return answer_unknown(call, id);

  bool told = false;
  {
    const LatePlace place(call.config);
    const bool settled =
        is_past(state_named(container->state).value_or(State::gone), Phase::executor);
    if (!settled && !may_answer_late(call, *container, place)) {
      told = true;
      if (!hand_over(call.output, early_message())) return exit_ok;
    } else {
      const auto ended = await(call, id, Phase::executor);
      if (!ended) return answer_unknown(call, id);
      if (!hand_over(call.output, final_message(call, *ended))) return exit_ok;
    }
  }
  if (told) {
    await(call, id, Phase::executor);
    // The slave that was told has died since: the next one must hear it again.
    if (reader_is_gone(call.output, Duration(0))) return exit_ok;
  }
  call.store.deliver(id);
  return exit_ok;
}

}  // namespace containerizer

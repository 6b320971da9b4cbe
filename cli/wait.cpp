// wait: tells the slave how a container ended. Passive: it owns nothing, for the slave kills it
// with all its process tree after a destroy.
//
// A slave reads each answer with a blocking read on one of few threads, and freezes when all of
// them wait (mesos-protocol 1.6). So the answer can come early: the whole frame at once, then the
// process stays until the end. What it then cannot say, mesos-executor has said to the slave
// itself.
#include <fmt/core.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <thread>

#include "cli/invocation.h"
#include "cli/store_retry.h"
#include "engine/container/launch_record.h"
#include "engine/container/life_lock.h"
#include "engine/container/start_supervisor.h"
#include "engine/lifecycle/termination.h"
#include "host/log.h"

namespace containerizer {
namespace {

using mesos::containerizer::Termination;

// One of the places for waits that may keep a thread of the slave busy.
class LatePlace {
 public:
  explicit LatePlace(const Settings& settings)
      : file_(settings.state_directory() + "/late.lock", true) {
    // A slave has max(8, CPUs) threads: half of them stay free.
    const int half = static_cast<int>(std::max(8U, std::thread::hardware_concurrency()) / 2);
    for (int place = 0; place < settings.late_waits.value_or(half) && !taken_; ++place) {
      taken_ = file_.try_lock(place, LockFile::Mode::exclusive);
    }
  }
  bool taken() const { return taken_; }

 private:
  LockFile file_;
  bool taken_ = false;
};

// Wakes us when the reader of our answer goes away while we wait to write it: a late place must not
// stay taken for a slave that has died.
class ReaderSignal {
 public:
  explicit ReaderSignal(SlavePipe& slave) : slave_(slave), flag_(slave.watch()) {}
  ~ReaderSignal() { slave_.unwatch(); }
  ReaderSignal(const ReaderSignal&) = delete;
  ReaderSignal& operator=(const ReaderSignal&) = delete;

  const volatile std::sig_atomic_t* flag() const { return flag_; }
  bool is_gone() { return slave_.has_gone(); }

 private:
  SlavePipe& slave_;
  const volatile std::sig_atomic_t* flag_;
};

enum class Awaited { passed, unknown, reader_gone };

// Blocks until the container is past the phase, seeing to it that somebody moves it there. unknown:
// it was pruned meanwhile.
Awaited await(Invocation& invocation, const std::string& id, Phase phase, ReaderSignal* reader) {
  PacedLoop loop(invocation.host);
  for (;;) {
    loop.before_try();
    const auto container =
        retry_while_store_fails(invocation.host, [&] { return invocation.store.find(id); });
    if (!container) return Awaited::unknown;
    if (is_past(state_of(*container), phase)) return Awaited::passed;
    invocation.store.close();
    const auto supervised = ensure_supervisor(invocation, id, container->directory);
    if (!supervised.ok()) {
      log::error("{}", supervised.failure().text);
      continue;
    }
    LifeLock lock(invocation.settings.state_directory(), id, false);
    const auto* interrupted = reader != nullptr ? reader->flag() : nullptr;
    const auto outcome = lock.await_passed(invocation.host, phase, {}, interrupted);
    if (outcome == LockFile::Outcome::interrupted && reader->is_gone()) return Awaited::reader_gone;
  }
}

bool hand_over(Invocation& invocation, const Termination& message) {
  return invocation.slave.hand_over(message.SerializeAsString());
}

Termination final_message(Invocation& invocation, const store::Container& container) {
  const auto termination =
      invocation.store.termination_of(container.container_id)
          .value_or(unknown_termination("how the container ended was not recorded"));
  const bool stopped =
      invocation.store.has_event(container.container_id, name_of(Event::stop_requested));
  return to_message(termination, container.kind == "command" ? TaskKind::command : TaskKind::custom,
                    stopped);
}

bool answer_unknown(Invocation& invocation, const std::string& id) {
  const auto termination = unknown_termination(fmt::format("container {} is not known", id));
  log::warn("{}", termination.message);
  return hand_over(invocation, to_message(termination, TaskKind::command, false));
}

enum class When { early, late, never };

// Whether the answer can wait for the end: until then it costs the slave a thread.
When when_to_answer(Invocation& invocation, const store::Container& container,
                    const LatePlace& place) {
  if (is_past(state_of(container), Phase::executor)) return When::late;
  if (invocation.settings.wait == WaitMode::late) return When::late;
  if (invocation.settings.wait == WaitMode::early || !place.taken()) return When::early;
  if (container.kind == "custom") return When::late;
  // What fails before the executor runs, nobody but us can tell. After that, the executor does.
  ReaderSignal reader(invocation.slave);
  const auto awaited = await(invocation, container.container_id, Phase::startup, &reader);
  if (awaited == Awaited::reader_gone) return When::never;
  const auto row = retry_while_store_fails(
      invocation.host, [&] { return invocation.store.find(container.container_id); });
  const bool lives = row && !is_past(state_of(*row), Phase::outcome);
  return lives ? When::early : When::late;
}

// The full answer, once it is settled. False when the slave has not got it.
bool answer_late(Invocation& invocation, const std::string& id) {
  {
    ReaderSignal reader(invocation.slave);
    if (await(invocation, id, Phase::executor, &reader) == Awaited::reader_gone) return false;
  }
  const auto container =
      retry_while_store_fails(invocation.host, [&] { return invocation.store.find(id); });
  if (!container) return answer_unknown(invocation, id);
  const auto message = retry_while_store_fails(
      invocation.host, [&] { return final_message(invocation, *container); });
  invocation.store.close();
  return hand_over(invocation, message);
}

// The answer that says little, and then staying until the end: the slave takes our exit for it.
// False when the slave has not got it, or died before the end: the next one must hear it again.
bool answer_early(Invocation& invocation, const std::string& id) {
  invocation.slave.remember();
  if (!hand_over(invocation, early_termination_message())) return false;
  await(invocation, id, Phase::executor, nullptr);
  return invocation.slave.lives();
}

}  // namespace

int wait(Invocation& invocation) {
  auto message = parse<mesos::containerizer::Wait>(invocation, "Wait");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  const auto& id = message.value().container_id().value();
  const auto container = retry_while_store_fails(
      invocation.host, [&] { return invocation.store.find(id); },
      invocation.host.now() + Duration(60'000));
  if (!container) {
    answer_unknown(invocation, id);
    return exit_ok;
  }
  auto place = std::make_optional<LatePlace>(invocation.settings);
  const auto when = when_to_answer(invocation, *container, *place);
  if (when == When::never) return exit_ok;
  if (when == When::early) place.reset();
  const bool delivered =
      when == When::late ? answer_late(invocation, id) : answer_early(invocation, id);
  if (delivered) retry_while_store_fails(invocation.host, [&] { invocation.store.deliver(id); });
  return exit_ok;
}

}  // namespace containerizer

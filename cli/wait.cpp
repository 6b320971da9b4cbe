// wait: reports to the slave how a container ended. It owns nothing, because the slave kills it
// with its whole process tree after a destroy.
//
// A slave reads each reply with a blocking read on one of few threads, and stops responding when
// all of them wait (mesos-protocol 1.6). Therefore `wait` can reply early: it writes the whole
// frame at once, and exits when the container has ended. The slave takes that exit as the end. An
// early reply cannot contain the outcome, but the executor reports that to the slave itself.
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

// One of a limited number of slots. A `wait` needs a slot to reply late, because it then occupies a
// thread of the slave. The slot is a lock on a byte of a file, so it is released when we die.
class LateSlot {
 public:
  explicit LateSlot(const Settings& settings)
      : file_(settings.state_directory() + "/late.lock", true) {
    // A slave has max(8, CPUs) threads. Half of them stay free.
    const int half = static_cast<int>(std::max(8U, std::thread::hardware_concurrency()) / 2);
    for (int slot = 0; slot < settings.late_waits.value_or(half) && !taken_; ++slot) {
      taken_ = file_.try_lock(slot, LockFile::Mode::exclusive);
    }
  }
  bool taken() const { return taken_; }

 private:
  LockFile file_;
  bool taken_ = false;
};

// Interrupts the wait for a container when the slave dies. Otherwise its slot would stay taken, and
// the restarted slave would have fewer slots.
class ReaderSignal {
 public:
  explicit ReaderSignal(SlavePipe& slave) : slave_(slave), flag_(slave.signal_when_reader_goes()) {}
  ~ReaderSignal() { slave_.stop_signalling(); }
  ReaderSignal(const ReaderSignal&) = delete;
  ReaderSignal& operator=(const ReaderSignal&) = delete;

  const volatile std::sig_atomic_t* flag() const { return flag_; }
  bool is_gone() { return slave_.is_reader_gone(); }

 private:
  SlavePipe& slave_;
  const volatile std::sig_atomic_t* flag_;
};

enum class Awaited { passed, unknown, reader_gone };

// Blocks until the container is past the phase. Starts a supervisor whenever it has none. unknown:
// the container's row was pruned in the meantime.
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
    // Also returns when the supervisor dies. The next round reads the row, and starts another one.
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
          .value_or(unknown_termination("the container's exit code was not recorded"));
  const bool stopped =
      invocation.store.has_event(container.container_id, name_of(Event::stop_requested));
  return to_message(termination, container.kind == "command" ? TaskKind::command : TaskKind::custom,
                    stopped);
}

bool answer_unknown(Invocation& invocation, const std::string& id) {
  const auto termination = unknown_termination(fmt::format("container {} is unknown", id));
  log::warn("{}", termination.message);
  return hand_over(invocation, to_message(termination, TaskKind::command, false));
}

enum class When { early, late, never };

// Decides when to reply. A late reply occupies a thread of the slave until the container ends.
// never: the slave has died.
When when_to_answer(Invocation& invocation, const store::Container& container,
                    const LateSlot& slot) {
  // The outcome is settled, so the late reply is sent at once.
  if (is_past(state_of(container), Phase::executor)) return When::late;
  if (invocation.settings.wait == WaitMode::late) return When::late;
  if (invocation.settings.wait == WaitMode::early || !slot.taken()) return When::early;
  // Only this reply can report how a custom executor ended.
  if (container.kind == "custom") return When::late;
  // A command task. If it fails before its executor runs, only this reply can report the reason.
  // From then on the executor reports the task's state, and the reply can be early.
  ReaderSignal reader(invocation.slave);
  const auto awaited = await(invocation, container.container_id, Phase::startup, &reader);
  if (awaited == Awaited::reader_gone) return When::never;
  const auto row = retry_while_store_fails(
      invocation.host, [&] { return invocation.store.find(container.container_id); });
  const bool is_running = row && !is_past(state_of(*row), Phase::outcome);
  return is_running ? When::early : When::late;
}

// Sends the full reply once the outcome is settled. False if the slave has not read it.
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

// Sends the early reply and returns when the container has ended. False if the slave has not read
// it, or died before the end: the restarted slave must then get a reply too.
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
  auto slot = std::make_optional<LateSlot>(invocation.settings);
  const auto when = when_to_answer(invocation, *container, *slot);
  if (when == When::never) return exit_ok;
  // An early reply occupies no thread, so another `wait` may have the slot.
  if (when == When::early) slot.reset();
  const bool delivered =
      when == When::late ? answer_late(invocation, id) : answer_early(invocation, id);
  if (delivered) retry_while_store_fails(invocation.host, [&] { invocation.store.deliver(id); });
  return exit_ok;
}

}  // namespace containerizer

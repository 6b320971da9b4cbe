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

#include "cli/backoff.h"
#include "cli/call.h"
#include "engine/ending.h"
#include "engine/host/log.h"
#include "engine/launch_record.h"
#include "engine/life_lock.h"
#include "engine/supervision.h"

namespace containerizer {
namespace {

using mesos::containerizer::Termination;

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

// Wakes us when the reader of our answer goes away while we wait to write it: a late place must not
// stay taken for a slave that has died.
class ReaderWatch {
 public:
  explicit ReaderWatch(Caller& caller) : caller_(caller), flag_(caller.watch()) {}
  ~ReaderWatch() { caller_.unwatch(); }
  ReaderWatch(const ReaderWatch&) = delete;
  ReaderWatch& operator=(const ReaderWatch&) = delete;

  const volatile std::sig_atomic_t* flag() const { return flag_; }
  bool is_gone() { return caller_.has_gone(); }

 private:
  Caller& caller_;
  const volatile std::sig_atomic_t* flag_;
};

enum class Awaited { passed, unknown, reader_gone };

// Blocks until the container is past the phase, seeing to it that somebody moves it there. unknown:
// it was pruned meanwhile.
Awaited await(Call& call, const std::string& id, Phase phase, ReaderWatch* reader) {
  Backoff backoff(call.host);
  for (;;) {
    backoff.before_try();
    const auto container = insist(call.host, [&] { return call.store.find(id); });
    if (!container) return Awaited::unknown;
    if (is_past(state_of(*container), phase)) return Awaited::passed;
    call.store.close();
    const auto supervised = ensure_supervisor(call, id, container->directory);
    if (!supervised.ok()) {
      log::error("{}", supervised.failure().text);
      continue;
    }
    LifeLock lock(call.config.state_directory(), id, false);
    const auto* interrupted = reader != nullptr ? reader->flag() : nullptr;
    const auto outcome = lock.await_passed(call.host, phase, {}, interrupted);
    if (outcome == LockFile::Outcome::interrupted && reader->is_gone()) return Awaited::reader_gone;
  }
}

bool hand_over(Call& call, const Termination& message) {
  return call.caller.hand_over(message.SerializeAsString());
}

Termination final_message(Call& call, const store::Container& container) {
  const auto ending = call.store.termination_of(container.container_id)
                          .value_or(unknown_ending("how the container ended was not recorded"));
  const bool stopped = call.store.has_event(container.container_id, name_of(Event::stop_requested));
  return to_message(ending, container.kind == "command" ? TaskKind::command : TaskKind::custom,
                    stopped);
}

bool answer_unknown(Call& call, const std::string& id) {
  const auto ending = unknown_ending(fmt::format("container {} is not known", id));
  log::warn("{}", ending.message);
  return hand_over(call, to_message(ending, TaskKind::command, false));
}

enum class When { early, late, never };

// Whether the answer can wait for the end: until then it costs the slave a thread.
When when_to_answer(Call& call, const store::Container& container, const LatePlace& place) {
  if (is_past(state_of(container), Phase::executor)) return When::late;
  if (call.config.wait == WaitMode::late) return When::late;
  if (call.config.wait == WaitMode::early || !place.taken()) return When::early;
  if (container.kind == "custom") return When::late;
  // What fails before the executor runs, nobody but us can tell. After that, the executor does.
  ReaderWatch reader(call.caller);
  const auto awaited = await(call, container.container_id, Phase::startup, &reader);
  if (awaited == Awaited::reader_gone) return When::never;
  const auto row = insist(call.host, [&] { return call.store.find(container.container_id); });
  const bool lives = row && !is_past(state_of(*row), Phase::outcome);
  return lives ? When::early : When::late;
}

// The full answer, once it is settled. False when the slave has not got it.
bool answer_late(Call& call, const std::string& id) {
  {
    ReaderWatch reader(call.caller);
    if (await(call, id, Phase::executor, &reader) == Awaited::reader_gone) return false;
  }
  const auto container = insist(call.host, [&] { return call.store.find(id); });
  if (!container) return answer_unknown(call, id);
  const auto message = insist(call.host, [&] { return final_message(call, *container); });
  call.store.close();
  return hand_over(call, message);
}

// The answer that says little, and then staying until the end: the slave takes our exit for it.
// False when the slave has not got it, or died before the end: the next one must hear it again.
bool answer_early(Call& call, const std::string& id) {
  call.caller.remember();
  if (!hand_over(call, early_message())) return false;
  await(call, id, Phase::executor, nullptr);
  return call.caller.lives();
}

}  // namespace

int wait(Call& call) {
  auto message = parse<mesos::containerizer::Wait>(call, "Wait");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  const auto& id = message.value().container_id().value();
  const auto container = insist(
      call.host, [&] { return call.store.find(id); }, call.host.now() + Duration(60'000));
  if (!container) {
    answer_unknown(call, id);
    return exit_ok;
  }
  auto place = std::make_optional<LatePlace>(call.config);
  const auto when = when_to_answer(call, *container, *place);
  if (when == When::never) return exit_ok;
  if (when == When::early) place.reset();
  const bool delivered = when == When::late ? answer_late(call, id) : answer_early(call, id);
  if (delivered) insist(call.host, [&] { call.store.deliver(id); });
  return exit_ok;
}

}  // namespace containerizer

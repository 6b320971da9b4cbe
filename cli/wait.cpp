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
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <thread>

#include "cli/backoff.h"
#include "cli/call.h"
#include "engine/ending.h"
#include "engine/host/file.h"
#include "engine/host/log.h"
#include "engine/host/process.h"
#include "engine/launch_record.h"
#include "engine/life_lock.h"
#include "engine/supervision.h"
#include "proto/record_io.h"

namespace containerizer {
namespace {

using mesos::containerizer::Termination;

// The slave that called us: our parent, unless a shell stands in between, which then leads the
// session that the slave made for this call.
std::optional<ProcessId> find_caller() {
  const pid_t parent = ::getppid();
  if (::getpid() == ::getsid(0) || parent != ::getsid(0)) return identify(parent);
  const auto above = parent_of(parent);
  return above ? identify(*above) : std::nullopt;
}

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

// Wakes us when the reader of our answer goes away while we wait to write it: a late place must not
// stay taken for a slave that has died.
class ReaderWatch {
 public:
  explicit ReaderWatch(int output) : output_(output) {
    ::fcntl(output_, F_SETOWN, ::getpid());
    ::fcntl(output_, F_SETFL, ::fcntl(output_, F_GETFL) | O_ASYNC);
    // It may have gone before anybody was to be told.
    if (reader_is_gone(output_, Duration(0))) ::raise(SIGIO);
  }
  ~ReaderWatch() { ::fcntl(output_, F_SETFL, ::fcntl(output_, F_GETFL) & ~O_ASYNC); }
  ReaderWatch(const ReaderWatch&) = delete;
  ReaderWatch& operator=(const ReaderWatch&) = delete;

  const volatile std::sig_atomic_t* flag() const { return signal_.flag(); }
  bool is_gone() {
    signal_.reset();
    return reader_is_gone(output_, Duration(0));
  }

 private:
  int output_;
  InterruptibleSignal signal_{SIGIO};
};

enum class Awaited { passed, unknown, reader_gone };

// Blocks until the container is past the phase, seeing to it that somebody moves it there. unknown:
// it was pruned meanwhile.
Awaited await(Call& call, const std::string& id, Phase phase, ReaderWatch* reader) {
  Backoff backoff;
  for (;;) {
    backoff.before_try();
    const auto container = insist([&] { return call.store.find(id); });
    if (!container) return Awaited::unknown;
    if (is_past(state_of(*container), phase)) return Awaited::passed;
    call.store.close();
    const auto supervised = ensure_supervisor(call.config, id, container->directory);
    if (!supervised.ok()) {
      log::error("{}", supervised.failure().text);
      continue;
    }
    LifeLock lock(call.config.state_directory(), id, false);
    const auto* interrupted = reader != nullptr ? reader->flag() : nullptr;
    const auto outcome = lock.await_passed(phase, {}, interrupted);
    if (outcome == LockFile::Outcome::interrupted && reader->is_gone()) return Awaited::reader_gone;
  }
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
  return hand_over(call.output, to_message(ending, TaskKind::command, false));
}

enum class When { early, late, never };

// Whether the answer can wait for the end: until then it costs the slave a thread.
When when_to_answer(Call& call, const store::Container& container, const LatePlace& place) {
  if (is_past(state_of(container), Phase::executor)) return When::late;
  if (call.config.wait == WaitMode::late) return When::late;
  if (call.config.wait == WaitMode::early || !place.taken()) return When::early;
  if (container.kind == "custom") return When::late;
  // What fails before the executor runs, nobody but us can tell. After that, the executor does.
  ReaderWatch reader(call.output);
  const auto awaited = await(call, container.container_id, Phase::startup, &reader);
  if (awaited == Awaited::reader_gone) return When::never;
  const auto row = insist([&] { return call.store.find(container.container_id); });
  const bool lives = row && !is_past(state_of(*row), Phase::outcome);
  return lives ? When::early : When::late;
}

// The full answer, once it is settled. False when the slave has not got it.
bool answer_late(Call& call, const std::string& id) {
  {
    ReaderWatch reader(call.output);
    if (await(call, id, Phase::executor, &reader) == Awaited::reader_gone) return false;
  }
  const auto container = insist([&] { return call.store.find(id); });
  if (!container) return answer_unknown(call, id);
  const auto message = insist([&] { return final_message(call, *container); });
  call.store.close();
  return hand_over(call.output, message);
}

// The answer that says little, and then staying until the end: the slave takes our exit for it.
// False when the slave has not got it, or died before the end: the next one must hear it again.
bool answer_early(Call& call, const std::string& id) {
  const auto caller = find_caller();
  if (!hand_over(call.output, early_message())) return false;
  await(call, id, Phase::executor, nullptr);
  return caller && identify(caller->pid) == caller;
}

}  // namespace

int wait(Call& call) {
  auto message = parse<mesos::containerizer::Wait>(call, "Wait");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  const auto& id = message.value().container_id().value();
  const auto container = insist([&] { return call.store.find(id); }, deadline_in(Duration(60'000)));
  if (!container) {
    answer_unknown(call, id);
    return exit_ok;
  }
  auto place = std::make_optional<LatePlace>(call.config);
  const auto when = when_to_answer(call, *container, *place);
  if (when == When::never) return exit_ok;
  if (when == When::early) place.reset();
  const bool delivered = when == When::late ? answer_late(call, id) : answer_early(call, id);
  if (delivered) insist([&] { call.store.deliver(id); });
  return exit_ok;
}

}  // namespace containerizer

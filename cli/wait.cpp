// wait: reports to the slave how a container ended. It owns nothing, because the slave kills it
// with its whole process tree after a destroy.
//
// A slave reads each reply with a blocking read on one of few threads, and stops responding when
// all of them wait (mesos-protocol 1.6). Therefore `wait` can reply early: it writes the whole
// frame at once, and exits when the container has ended. The slave takes that exit as the end. An
// early reply cannot contain the outcome, but the executor reports that to the slave itself.

#include <algorithm>
#include <csignal>
#include <optional>
#include <system_error>
#include <thread>

#include "cli/invocation.h"
#include "cli/store_retry.h"
#include "cli/upgrade.h"
#include "engine/container/identity.h"
#include "engine/container/launch_record.h"
#include "engine/container/life_lock.h"
#include "engine/container/start_supervisor.h"
#include "engine/lifecycle/reconcile.h"
#include "engine/lifecycle/termination.h"
#include "host/complaints.h"
#include "host/format.h"
#include "host/log.h"
#include "host/retry.h"

namespace containerizer {
namespace {

using mesos::containerizer::Termination;

// One of a limited number of slots. A `wait` needs a slot to reply late, because it then occupies a
// thread of the slave. The slot is a lock on a byte of a file, so it is released when we die.
class LateSlot {
 public:
  explicit LateSlot(const Settings& settings)
      : file_(LockFile::open(settings.state_directory() + "/late.lock")) {
    // Without the file there is no slot, and the reply may be early.
    if (!file_.ok()) log::error("{}", file_.failure().text);
    // A slave has max(8, CPUs) threads. Half of them stay free.
    const int half = static_cast<int>(std::max(8U, std::thread::hardware_concurrency()) / 2);
    for (int slot = 0; file_.ok() && slot < settings.late_waits.value_or(half) && !taken_; ++slot) {
      taken_ = file_.value().try_lock(slot, LockFile::Mode::exclusive);
    }
  }
  bool taken() const { return taken_; }

 private:
  Result<LockFile> file_;
  bool taken_ = false;
};

// Interrupts the wait for a container when the slave dies. Its successor has a `wait` of its own,
// and a slot that stayed taken would be one less for it.
class ReaderSignal {
 public:
  // What proves that the slave is dead. closed_pipe: before the reply, it must keep the pipe open.
  // dead_process: after it, the exit of this process would be the end of the container for a slave
  // that lives.
  enum class Proof { closed_pipe, dead_process };

  ReaderSignal(ReplyPipe& slave, Proof proof)
      : slave_(slave), proof_(proof), flag_(slave.signal_when_reader_goes()) {}
  ~ReaderSignal() { slave_.stop_signalling(); }
  ReaderSignal(const ReaderSignal&) = delete;
  ReaderSignal& operator=(const ReaderSignal&) = delete;

  const volatile std::sig_atomic_t* flag() const { return flag_; }
  bool is_gone() {
    is_closed_ = slave_.is_reader_gone();
    return is_closed_ && (proof_ == Proof::closed_pipe || slave_.is_dead());
  }
  // When is_gone() should be asked again without a signal. The kernel closes the pipes of a dying
  // process some time before that process is gone.
  std::optional<Deadline> look_again(Host& host) {
    constexpr Duration pause{500};
    if (!is_closed_ || looks_left_ == 0) return std::nullopt;
    --looks_left_;
    return host.now() + pause;
  }

 private:
  ReplyPipe& slave_;
  Proof proof_;
  const volatile std::sig_atomic_t* flag_;
  bool is_closed_ = false;
  int looks_left_ = 20;
};

enum class Awaited { passed, unknown, reader_gone };

// Blocks until the container is past the phase. Starts a supervisor whenever it has none. unknown:
// the container's row was pruned in the meantime.
Awaited await(Invocation& invocation, const std::string& id, Phase phase, ReaderSignal* reader) {
  PacedLoop loop(invocation.host);
  Complaints complaints(invocation.host);
  for (;;) {
    loop.before_try();
    const auto container = invocation.store.find(id);
    if (!container) return Awaited::unknown;
    if (is_past(state_of(*container), phase)) return Awaited::passed;
    invocation.store.close();
    const auto supervised = ensure_supervisor(invocation, id, container->directory);
    if (!supervised.ok()) {
      complaints.say(supervised.failure().text);
      continue;
    }
    // Also returns when the supervisor dies. The next round reads the row, and starts another one.
    LifeLock lock(invocation.settings.state_directory(), id, false);
    const auto* interrupted = reader != nullptr ? reader->flag() : nullptr;
    const auto look_again = reader != nullptr ? reader->look_again(invocation.host) : std::nullopt;
    const auto outcome = lock.await_passed(invocation.host, phase, look_again, interrupted);
    if (outcome != LockFile::Outcome::locked && reader->is_gone()) return Awaited::reader_gone;
  }
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
  ReaderSignal reader(invocation.slave, ReaderSignal::Proof::closed_pipe);
  const auto awaited = await(invocation, container.container_id, Phase::startup, &reader);
  if (awaited == Awaited::reader_gone) return When::never;
  const auto row = invocation.store.find(container.container_id);
  const bool is_running = row && !is_past(state_of(*row), Phase::outcome);
  return is_running ? When::early : When::late;
}

// One `wait`, which replies once. A failure of the database can interrupt it at any time: the
// exception leaves it, and it begins again, unless the container is gone for certain.
class Reply {
 public:
  Reply(Invocation& invocation, std::string id)
      : invocation_(invocation), id_(std::move(id)), complaints_(invocation.host) {
    invocation_.slave.remember();
    if (invocation_.arguments.empty()) return;
    const auto& said = invocation_.arguments[0];
    if (said == late_mark) answered_ = Answered::late;
    if (!said.starts_with(early_mark)) return;
    answered_ = Answered::early;
    invocation_.slave.remember_again(said.substr(early_mark.size()));
  }

  // Returns the exit status of `wait`.
  int give() {
    PacedLoop loop(invocation_.host);
    for (;;) {
      loop.before_try();
      try {
        show_presence();
        try_to_give();
        return exit_ok;
      } catch (const store::StoreError& error) {
        complaints_.say(error.what());
        const auto* unsafe = dynamic_cast<const store::UnsafeDirectory*>(&error);
        if (error.fault() == store::StoreFault::newer) become_newer();
        invocation_.store.close();
        // These two need an operator.
        const bool is_hopeless = unsafe != nullptr || damage_.is_certain(error);
        if ((is_hopeless || !may_get_better()) && !may_live()) return exit_failed;
      } catch (const std::system_error& error) {
        complaints_.say(error.what());
        if (!may_get_better() && !may_live()) return exit_failed;
      }
    }
  }

 private:
  enum class Answered { no, early, late };
  // How long a database that fails may take to work again.
  static constexpr Duration longest_doubt{60'000};
  // What the program that this process was before has done, in the arguments of `wait`.
  static constexpr std::string_view early_mark = "--answered-early-to=";
  static constexpr std::string_view late_mark = "--answered-late";

  // The task proxy sees by this lock that a slave is there (cli/task_proxy.cpp).
  void show_presence() {
    if (presence_ || !is_valid_container_id(id_)) return;
    presence_.emplace(invocation_.settings.state_directory(), id_, false);
    presence_->hold_as_wait();
  }

  void try_to_give() {
    if (answered_ == Answered::no) {
      const auto container = invocation_.store.find(id_);
      if (!container) {
        answer_unknown(formatted("container {} is unknown", id_));
        return;
      }
      if (!answer(*container)) return;
    }
    if (answered_ == Answered::early) {
      // The slave takes the exit of this process as the container's end.
      ReaderSignal reader(invocation_.slave, ReaderSignal::Proof::dead_process);
      await(invocation_, id_, Phase::executor, &reader);
      // A slave that died before the end has a successor, which must get a reply too.
      if (!invocation_.slave.lives()) return;
    }
    invocation_.store.deliver(id_, invocation_.slave.process());
  }

  // Replies, early or late. False if the slave has not read the reply.
  bool answer(const store::Container& container) {
    auto slot = std::make_optional<LateSlot>(invocation_.settings);
    const auto when = when_to_answer(invocation_, container, *slot);
    if (when == When::never) return false;
    if (when == When::late) return answer_late();
    // An early reply occupies no thread, so another `wait` may have the slot.
    slot.reset();
    answered_ = Answered::early;
    return hand_over(early_termination_message());
  }

  // Sends the full reply once the outcome is settled.
  bool answer_late() {
    {
      ReaderSignal reader(invocation_.slave, ReaderSignal::Proof::closed_pipe);
      const auto awaited = await(invocation_, id_, Phase::executor, &reader);
      if (awaited == Awaited::reader_gone) return false;
    }
    const auto container = invocation_.store.find(id_);
    if (!container) {
      answer_unknown(formatted("container {} is unknown", id_));
      return false;
    }
    const auto message = final_message(invocation_, *container);
    invocation_.store.close();
    answered_ = Answered::late;
    return hand_over(message);
  }

  void answer_unknown(const std::string& why) {
    const auto termination = unknown_termination(why);
    log::warn("{}", termination.message);
    hand_over(to_message(termination, TaskKind::command, false));
  }

  bool hand_over(const Termination& message) {
    return invocation_.slave.hand_over(message.SerializeAsString());
  }

  // Whether the database has failed for a short time only.
  bool may_get_better() {
    const auto now = invocation_.host.now();
    if (!last_failure_ || now - *last_failure_ > longest_doubt) first_failure_ = now;
    last_failure_ = now;
    return now - first_failure_ < longest_doubt;
  }

  // Whether the container may live, as far as that can be told without the database.
  bool may_live() try {
    if (!is_valid_container_id(id_)) return false;
    if (has_owner(invocation_.settings.state_directory(), id_)) return true;
    const auto seen = invocation_.docker.inspect(container_name(id_));
    return seen.ok() ? observation_of(seen.value()) == Observation::running
                     : !seen.failed_with(Fault::not_found);
  } catch (const std::system_error&) {
    return true;
  }

  // Returns if no newer program can take over.
  void become_newer() {
    std::vector<std::string> words{"wait"};
    if (answered_ == Answered::late) words.emplace_back(late_mark);
    if (answered_ == Answered::early) {
      words.push_back(std::string(early_mark) + invocation_.slave.remembered());
    }
    complaints_.say(begin_again_as_newer_program(invocation_, std::move(words)).text);
  }

  Invocation& invocation_;
  const std::string id_;
  std::optional<LifeLock> presence_;
  Complaints complaints_;
  Answered answered_ = Answered::no;
  DamageCount damage_;
  Deadline first_failure_;  // of the present series
  std::optional<Deadline> last_failure_;
};

}  // namespace

int wait(Invocation& invocation) {
  auto message = parse<mesos::containerizer::Wait>(invocation, "Wait");
  if (!message.ok()) return fail(message.failure().text, exit_bad_request);
  return Reply(invocation, message.value().container_id().value()).give();
}

}  // namespace containerizer

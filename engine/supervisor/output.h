// Copies a container's output into its sandbox: every byte once, in order for each stream.
//
// The output comes by an attachment to the container, goes into a buffer that survives this
// process, and from there into the sandbox by a worker thread, so that no disk can block the
// container. After a break (a dead supervisor, a restarted daemon, a sandbox that took nothing for
// a while) what an attachment brings is held back until a join has copied from the daemon's log
// what came before it. What the log does not have is reported in a line.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/container/services.h"
#include "engine/docker/docker.h"
#include "engine/supervisor/output_buffer.h"
#include "engine/supervisor/output_intake.h"
#include "engine/supervisor/output_join.h"
#include "engine/supervisor/output_writer.h"
#include "host/retry.h"

namespace containerizer {

class OutputCopy {
 public:
  // `path` is the file of the buffer. Opens nothing before the first use.
  OutputCopy(const Services& services, std::string sandbox, std::string path);

  // `container` is the name by which the daemon knows it, in every call.

  // Attaches to a container that has not been started. Success also when the daemon refuses it:
  // then the log is copied. Other failures are those of Docker::attach.
  Status attach_before_start(const std::string& container);

  // --- While the container runs

  // Does what can be done without waiting.
  void work(const std::string& container);
  // More can be done when one of these is readable, or at that moment.
  std::vector<int> descriptors() const;
  Deadline due() const { return due_; }

  // --- After its end

  // Copies the rest, and synchronizes it with the disk. `whole_since`: the daemon reported the end,
  // and was never away since that moment; nothing when it did not. unavailable: the daemon does not
  // answer, or says nothing for as long as `silence`. refused: the sandbox takes no more.
  // interrupted: `interrupt` (a descriptor, -1 for none) became readable.
  Status finish(const std::string& container, std::optional<Deadline> whole_since, int interrupt,
                Duration silence);

 private:
  // A thing that is tried again, later each time.
  struct Retry {
    Deadline next{};
    Backoff backoff{Duration(100), Duration(5'000)};
    void failed(Deadline now) { next = now + backoff.next(); }
    void succeeded() { backoff.reset(); }
  };

  void open();
  void take_over_sandbox(OutputStream stream);
  std::int64_t clock() const { return services_.store.now().wall; }
  void wake_at(Deadline moment) { due_ = std::min(due_, moment); }

  void attach(const std::string& container);
  void attachment_ended(const Failure& failure);
  void check_end();
  void break_off();

  void join(const std::string& container);
  void start_join(const std::string& container);
  void end_join(const OutputJoin::Outcome& outcome);
  void settle(OutputStream stream, const StreamJoined& joined);
  void join_failed(const Failure& failure);
  void wake_join(Duration pause);
  void give_up_join();
  void note_gap(std::int64_t from, std::int64_t to);
  void report_gap();
  void report_break();

  void write();
  bool is_complete() const;
  std::optional<Status> look_at_end(Deadline moved_at, Duration silence);

  Services services_;
  std::string sandbox_;
  std::string path_;
  std::shared_ptr<OutputBuffer> buffer_;
  std::shared_ptr<OutputWriter> writer_;
  std::unique_ptr<Worker> worker_;
  std::unique_ptr<OutputIntake> intake_;
  std::unique_ptr<OutputJoin> join_;
  OutputJoin::Streams joined_;  // what the join was started with
  Deadline attached_since_{};
  Retry attach_retry_;
  Retry join_retry_;
  Deadline next_join_{};
  Deadline next_write_{};
  Deadline due_{};
  bool writes_itself_ = false;            // the container's program, to the sandbox
  bool has_ended_ = false;                // the container
  std::optional<Failure> no_log_;         // why there is no log to read
  std::optional<Failure> failure_;        // of the last join
  std::optional<Failure> unwritten_;      // why the sandbox takes nothing
  std::optional<std::int64_t> ended_at_;  // when the attachment ended
  std::optional<std::int64_t> broke_at_;  // the same, where it ended before its container
  bool is_attach_refused_ = false;
  bool is_witnessed_ = false;  // the end, by a daemon that was never away
  bool is_quiet_ = false;      // what is held waits for its first bytes
  // The gap that is to be reported: from, to.
  std::optional<std::pair<std::int64_t, std::int64_t>> gap_;
};

}  // namespace containerizer

// Copies a container's output into its sandbox: every byte once, in order for each stream.
//
// An attachment to the container puts its output into a buffer that survives this process. A worker
// thread writes the buffer to the sandbox, so no disk can block the container.
//
// After a break, output may be missing between the sandbox and a new attachment. A break is a dead
// supervisor, a restarted daemon, or a sandbox that accepted nothing for a while. The output of the
// new attachment then waits until a join has copied the missing part from the daemon's log. Output
// that the log does not have is reported in one line of the sandbox's `stderr`.
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
  OutputCopy(const OutputCopy&) = delete;
  OutputCopy& operator=(const OutputCopy&) = delete;

  // In every call, `container` is the daemon's name or id of the container.

  // Attaches to a container before a start request, unless an earlier attachment is still there.
  // `may_have_started`: an earlier start request may take effect meanwhile, so a new attachment can
  // miss output, which then comes from the log. Success also if the daemon refuses to attach: all
  // output then comes from the log. Other failures are those of Docker::attach.
  Status attach_before_start(const std::string& container, bool may_have_started);
  // The daemon did not respond since then, so the attachment's end does not prove that the
  // container ended.
  void doubt_attachment() { is_attachment_doubted_ = true; }

  // --- While the container runs

  // Does everything that it can do without waiting. `process_ended`: the container's first process
  // has, so the end of an attachment is no reason to attach again.
  void work(const std::string& container, bool process_ended);
  // Call work() again when one of the descriptors is readable, or at due().
  std::vector<int> descriptors() const;
  Deadline due() const { return due_; }

  // --- After its end

  // Copies the rest of the output and synchronizes the files with the disk. `whole_since`: since
  // then the daemon was never away until it reported the container's end; absent if it did not
  // report it. unavailable: the daemon does not respond, or sends nothing for `silence`. refused:
  // the sandbox does not exist. conflict: the task has replaced a file by one that cannot be
  // written. interrupted: `interrupt` (a descriptor; -1 for none) became readable.
  Status finish(const std::string& container, std::optional<Deadline> whole_since, int interrupt,
                Duration silence);

 private:
  void open();
  void take_over_sandbox(OutputStream stream);
  bool is_copied(OutputStream stream, std::string_view text) const;
  std::int64_t clock() const { return services_.store.now().wall; }
  void wake_at(Deadline moment) { due_ = std::min(due_, moment); }

  void attach(const std::string& container);
  void attachment_ended(const Failure& failure);
  void check_end();
  void break_off();

  void join(const std::string& container);
  void advance_join();
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
  OutputJoin::Streams joined_;  // the task of the current join
  Deadline attached_since_{};
  RetryTimer attach_retry_;
  RetryTimer join_retry_;
  Deadline next_join_{};
  Deadline next_write_{};
  Deadline due_{};
  bool writes_itself_ = false;            // the program of a host task writes to the sandbox
  bool has_ended_ = false;                // the container has
  std::optional<Failure> no_log_;         // why there is no log to read
  std::optional<Failure> failure_;        // of the last join
  std::optional<Failure> unwritten_;      // why the sandbox accepts nothing
  std::optional<std::int64_t> ended_at_;  // when the attachment ended
  // When the last output arrived before a connection broke that was in use.
  std::optional<std::int64_t> broke_after_;
  // When the daemon's connection broke that had brought all output of the stream so far; 0 for
  // never.
  std::array<std::int64_t, OutputBuffer::stream_count> whole_until_{};
  std::uint64_t entries_read_ = 0;  // by the join, when it last moved
  Deadline join_moved_at_{};
  bool is_attach_refused_ = false;
  bool is_attachment_doubted_ = false;
  bool is_witnessed_ = false;  // a daemon that was never away reported the end
  bool is_quiet_ = false;      // the next join waits for the first held bytes
  // The gap to report: its start and end, in milliseconds since 1970.
  std::optional<std::pair<std::int64_t, std::int64_t>> gap_;
};

}  // namespace containerizer

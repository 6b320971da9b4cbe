// Fills the gap before an attachment: copies from the daemon's log into the buffer everything
// between the end of the copy in the sandbox and the first bytes of the attachment.
//
// It reads the log twice. The first pass searches for both ends, the second pass copies everything
// between them. Each pass reads a snapshot, because a reader that follows a log repeats and skips
// entries when the log rotates.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/docker/docker.h"
#include "engine/supervisor/output_buffer.h"
#include "engine/supervisor/output_search.h"

namespace containerizer {

// The task of a join for one stream.
struct StreamJoin {
  Sought sought;
  // If no head is found, entries of this time or later are not copied. Milliseconds since 1970.
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
};

// The result for one stream.
struct StreamJoined {
  LogSearch::Tail tail = LogSearch::Tail::nothing;
  bool has_head = false;  // copied up to the head
  bool has_rest = false;  // some entries were not copied
};

// One stream of a join, in the current pass. Not a member of OutputJoin, because clang cannot
// construct an optional of a nested class that has initializers.
struct JoiningStream {
  StreamJoin task;
  std::unique_ptr<LogSearch> search;
  StreamJoined joined;
  LogCounter counter;
  std::size_t skip = 0;     // bytes of the tail in the next entries
  bool is_copying = false;  // past the tail's end
  bool is_done = false;
};

class OutputJoin {
 public:
  // Reports output that the log lacks after the tail: from when to when, in milliseconds since
  // 1970. It is called before anything that follows the gap goes into the buffer. A supervisor that
  // dies afterwards leaves no sign of the gap.
  using ReportGap = std::function<void(std::int64_t from, std::int64_t to)>;

  // `docker` and `buffer` outlive it.
  OutputJoin(Docker& docker, OutputBuffer& buffer, ReportGap report_gap)
      : docker_(docker), buffer_(buffer), report_gap_(std::move(report_gap)) {}

  using Streams = std::array<std::optional<StreamJoin>, OutputBuffer::stream_count>;
  using Outcome = std::array<std::optional<StreamJoined>, OutputBuffer::stream_count>;

  // Starts a join of the streams that are present. `now` is the time in milliseconds since 1970.
  void start(const std::string& container, const Streams& streams, std::int64_t now);
  void stop();
  bool runs() const { return runs_; }

  // Readable when advance() can do more; -1 while the buffer is full.
  int fd() const { return is_full_ || !reader_ ? -1 : reader_->fd(); }
  // Whether advance() can do more without waiting.
  bool is_ready() const { return runs_ && (!reader_ || has_more_); }
  // Whether it waits for room in the buffer.
  bool is_full() const { return is_full_; }
  // How many entries all joins have read. Grows as long as the daemon sends its log.
  std::uint64_t entries_read() const { return entries_read_; }

  // Does a part of the work without waiting for the log. Returns the outcome at the end. A failure
  // ends the join, but the copied output stays. refused: the daemon has no log to read.
  // unavailable: try again. not_found: no such container. REQUIRES: runs().
  Result<std::optional<Outcome>> advance();

 private:
  using Stream = JoiningStream;

  void start_pass(bool is_copying, std::size_t most);
  std::optional<Stream>& stream_of(OutputStream stream) {
    return streams_[stream == OutputStream::out ? 0 : 1];
  }
  void take(LogEntry entry);
  void end_search();
  bool is_sure(const Stream& stream) const;
  void look_for_gaps(const LogEntry& first);
  bool is_past_tail(Stream& stream, const LogEntry& entry, const LogPlace& place,
                    std::size_t& from);
  std::string_view wanted(Stream& stream, const LogEntry& entry);
  bool copy_left();
  bool has_lost_tail() const;
  Outcome end_copy();

  Docker& docker_;
  OutputBuffer& buffer_;
  ReportGap report_gap_;
  bool runs_ = false;
  std::string container_;
  std::array<std::optional<Stream>, OutputBuffer::stream_count> streams_;
  bool is_copying_ = false;  // the second pass
  std::string since_;
  std::size_t most_ = 0;  // entries that are asked for; 0 for all
  std::size_t seen_ = 0;
  std::uint64_t entries_read_ = 0;
  std::string first_timestamp_;
  std::unique_ptr<LogReader> reader_;
  std::optional<LogEntry> entry_;  // that is being copied
  std::string_view left_;          // of entry_, not in the buffer yet
  bool is_full_ = false;
  bool has_more_ = false;
};

}  // namespace containerizer

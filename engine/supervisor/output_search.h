// Finds two places in the daemon's log of a container: the end of the copy in the sandbox, and the
// start of an attachment's output. Pure.
//
// The search compares content. If the same content is in several places, it takes the place nearest
// in time. Log drivers that store text replace each byte that is not UTF-8 with U+FFFD, so the
// search does the same.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/docker/docker.h"
#include "engine/supervisor/output_buffer.h"

namespace containerizer {

// The time of an entry, in milliseconds since 1970. A range, because some daemons report whole
// seconds only.
struct EntryTime {
  std::int64_t earliest = 0;
  std::int64_t latest = 0;
};
EntryTime time_of(const LogEntry& entry);

// "2026-01-31T12:34:56.789Z"
std::string rfc3339(std::int64_t milliseconds);

// A place in one stream of a log: `offset` bytes after the start of an entry. The entry is the
// `number`-th with this timestamp in the stream. The offset may reach into later entries.
struct LogPlace {
  std::string timestamp;
  std::uint64_t number = 0;
  std::size_t offset = 0;

  bool is_in_entry(const LogPlace& other) const {
    return timestamp == other.timestamp && number == other.number;
  }
};

// Numbers the entries of one stream, read in order.
class LogCounter {
 public:
  // The place of the entry's first byte.
  LogPlace count(const LogEntry& entry);

 private:
  std::string timestamp_;
  std::uint64_t number_ = 0;
};

// Recognizes a text in a stream of characters (Knuth, Morris and Pratt).
class TextFinder {
 public:
  explicit TextFinder(std::string text);
  // Adds the next character. Returns whether the text ends with it.
  bool take(char character);
  // The length of the text's longest prefix that the characters so far end with.
  std::size_t matched() const { return matched_; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<std::uint32_t> fallback_;  // of each prefix: its longest proper border
  std::size_t matched_ = 0;
};

// The texts to find in one stream.
struct Sought {
  OutputTail tail = {};  // the end of the copy in the sandbox; empty if there is no copy
  // A daemon died at this moment. Entries of a log without the tail that are not later are in the
  // sandbox, too, if `is_copied` says so of the last of them. 0: no daemon died.
  std::int64_t tail_until = 0;
  // Whether the copy in the sandbox contains this text. Empty: it does.
  std::function<bool(std::string_view)> is_copied = {};
  bool is_log_whole = false;    // the container has ended
  std::string head = {};        // the start of the attachment's output; "" for no search
  std::int64_t head_came = 0;   // when the head arrived
  std::int64_t head_least = 0;  // the head is not older than this
};

class LogSearch {
 public:
  explicit LogSearch(Sought sought);

  // Adds the next entry of the stream.
  void take(const LogEntry& entry);

  // After the last entry. Calls `is_copied` if the tail is missing.
  void end();

  enum class Tail {
    nothing,  // there was no tail to find; the copy starts with the log
    found,    // at tail_end()
    ahead,    // the log does not contain its end yet
    missing,  // the log does not contain it
  };
  // REQUIRES: end() was called.
  Tail tail() const;
  // If the tail is missing: whether an entry of this time may belong behind it.
  bool is_later_than_tail(const EntryTime& time) const;
  const LogPlace& tail_end() const { return tail_end_; }
  // The place of the head's first byte; absent if the head was not found.
  const std::optional<LogPlace>& head_start() const { return head_start_; }

 private:
  // An entry in the form that is compared, and its place in the stream.
  struct Piece {
    LogPlace place;
    EntryTime time;
    std::string bytes;    // as in the log
    std::uint64_t start;  // in the compared text
  };

  void keep(Piece piece, const std::string& text);
  void note_tail(const Piece& piece, std::size_t end);
  void note_head(const Piece& last, std::uint64_t start);
  void find_cut_tail();
  bool ends_within_tail() const;
  bool may_still_come() const;

  Sought sought_;
  LogCounter counter_;
  std::size_t tail_cut_ = 0;  // bytes of the tail after the compared text
  std::size_t head_cut_ = 0;  // bytes of the head before the compared text
  TextFinder tail_finder_;
  TextFinder head_finder_;
  std::uint64_t length_ = 0;  // of the text compared so far
  EntryTime newest_;          // of the last entry
  std::deque<Piece> recent_;  // entries in which a head may start
  std::string beginning_;     // of the log: a tail whose start is gone may end here
  std::vector<Piece> first_;  // the entries of `beginning_`
  LogPlace tail_end_;
  std::optional<LogPlace> head_start_;
  std::int64_t tail_distance_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t head_distance_ = std::numeric_limits<std::int64_t>::max();
  bool is_tail_found_ = false;
  std::string older_;  // the end of the entries that are not later than `tail_until`
  bool is_older_copied_ = true;
};

// `bytes`, with each byte that is not UTF-8 replaced by U+FFFD.
std::string as_text(std::string_view bytes);

}  // namespace containerizer

// Finds in a daemon's log of a container where the copy in the sandbox ends, and where what an
// attachment brings begins. Pure.
//
// Both are found by their content, and where the same content is in several places, by time. Log
// drivers that keep text replace each byte that is not UTF-8 by U+FFFD; the search does the same.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/docker/docker.h"
#include "engine/supervisor/output_buffer.h"

namespace containerizer {

// When an entry was dated, in milliseconds since 1970: daemons differ in how exactly they say that.
struct EntryTime {
  std::int64_t earliest = 0;
  std::int64_t latest = 0;
};
EntryTime time_of(const LogEntry& entry);

// "2026-01-31T12:34:56.789Z"
std::string rfc3339(std::int64_t milliseconds);

// A place in one stream of a log: so many bytes behind the start of an entry, which is the n-th of
// that stream and timestamp. It may lie in the next entries.
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
  // Takes the next character. Whether the text ends with it.
  bool take(char character);
  // How much of the text's beginning the characters so far end with.
  std::size_t matched() const { return matched_; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<std::uint32_t> fallback_;  // of each prefix: its longest proper border
  std::size_t matched_ = 0;
};

// What is looked for in one stream.
struct Sought {
  OutputTail tail = {};         // the end of what is in the sandbox; no bytes when nothing is
  std::string head = {};        // the beginning of what was attached; "" for not to be found
  std::int64_t head_came = 0;   // when it came
  std::int64_t head_least = 0;  // the attachment is not older than this
};

class LogSearch {
 public:
  explicit LogSearch(Sought sought);

  // Takes the next entry of the stream.
  void take(const LogEntry& entry);

  // After the last entry.
  void end();

  enum class Tail {
    nothing,  // there was no tail to find: the log's beginning is its end
    found,    // at tail_end()
    ahead,    // the log does not reach to its end yet
    missing,  // the log does not have it
  };
  // REQUIRES: end() was called.
  Tail tail() const;
  const LogPlace& tail_end() const { return tail_end_; }
  // The place of the head's first byte, where it was found.
  const std::optional<LogPlace>& head_start() const { return head_start_; }

 private:
  // An entry that was taken, as it is compared, and where it lies in the stream.
  struct Piece {
    LogPlace place;
    EntryTime time;
    std::string bytes;    // as in the log
    std::uint64_t start;  // in what is compared
  };

  void keep(Piece piece, const std::string& text);
  void note_tail(const Piece& piece, std::size_t end);
  void note_head(const Piece& last, std::uint64_t start);
  void find_cut_tail();

  Sought sought_;
  LogCounter counter_;
  std::size_t tail_cut_ = 0;  // bytes of the tail behind what is compared
  std::size_t head_cut_ = 0;  // bytes of the head before what is compared
  TextFinder tail_finder_;
  TextFinder head_finder_;
  std::uint64_t length_ = 0;  // of what was compared so far
  std::deque<Piece> recent_;  // those in which a head may begin
  std::string beginning_;     // of the log, where a tail may end whose beginning is gone
  std::vector<Piece> first_;  // the entries of `beginning_`
  LogPlace tail_end_;
  std::optional<LogPlace> head_start_;
  std::int64_t tail_distance_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t head_distance_ = std::numeric_limits<std::int64_t>::max();
  bool is_tail_found_ = false;
};

// `bytes` with U+FFFD in place of each byte that is not UTF-8.
std::string as_text(std::string_view bytes);

}  // namespace containerizer

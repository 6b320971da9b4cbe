#include "engine/supervisor/output_join.h"

#include <algorithm>
#include <utility>

namespace containerizer {
namespace {

// Mostly enough, and many times cheaper than a whole log.
constexpr std::size_t newest_entries = 50'000;
// An entry can be dated before the bytes of the tail came, when the host is busy.
constexpr std::int64_t margin = 10'000;
constexpr int entries_in_a_row = 2'000;

EntryTime time_of(const LogPlace& place) {
  return time_of(LogEntry{OutputStream::out, place.timestamp, ""});
}

// Podman 4.3 garbles pieces of lines when it is asked for the newest entries only. It is known by
// its timestamps, which have no fraction.
bool garbles_newest(const LogEntry& entry) {
  return entry.timestamp.find('.') == std::string::npos;
}

}  // namespace

void OutputJoin::start(const std::string& container, const Streams& streams, std::int64_t now) {
  stop();
  runs_ = true;
  container_ = container;
  std::optional<std::int64_t> since;
  bool needs_all = false;
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (!streams[i]) continue;
    streams_[i].emplace().task = *streams[i];
    const auto& tail = streams[i]->sought.tail;
    // A clock that was set back since dates new entries before old ones.
    needs_all = needs_all || tail.bytes.empty() || now < tail.last;
    since = std::min(since.value_or(tail.first), tail.first);
  }
  since_ = needs_all ? "" : rfc3339(since.value_or(0) - margin);
  start_pass(false, needs_all ? 0 : newest_entries);
}

void OutputJoin::stop() {
  runs_ = false;
  streams_ = {};
  reader_.reset();
  entry_.reset();
  left_ = {};
  is_full_ = false;
}

void OutputJoin::start_pass(bool is_copying, std::size_t most) {
  is_copying_ = is_copying;
  most_ = most;
  seen_ = 0;
  reader_.reset();
  for (auto& stream : streams_) {
    if (!stream) continue;
    stream->counter = {};
    if (!is_copying) stream->search = std::make_unique<LogSearch>(stream->task.sought);
  }
}

Result<std::optional<OutputJoin::Outcome>> OutputJoin::advance() {
  const auto failed = [this](const Failure& failure) {
    stop();
    return failure;
  };
  is_full_ = false;
  has_more_ = false;
  if (!reader_) {
    auto opened = docker_.read_log(container_, since_, most_);
    if (!opened.ok()) return failed(opened.failure());
    reader_ = std::move(opened.value());
  }
  for (int i = 0; i < entries_in_a_row; ++i) {
    if (!copy_left()) return std::optional<Outcome>();
    auto entry = reader_->next();
    if (entry.failed_with(Fault::not_found)) {
      if (is_copying_ && has_lost_tail()) {
        return failed({Fault::unavailable, "the container's log was cut while it was read"});
      }
      if (is_copying_) return std::optional(end_copy());
      end_search();
      return std::optional<Outcome>();
    }
    if (!entry.ok()) return failed(entry.failure());
    if (!entry.value()) return std::optional<Outcome>();
    take(std::move(*entry.value()));
    if (!reader_) return std::optional<Outcome>();
  }
  has_more_ = true;
  return std::optional<Outcome>();
}

void OutputJoin::take(LogEntry entry) {
  ++entries_read_;
  if (seen_++ == 0) {
    first_timestamp_ = entry.timestamp;
    if (most_ > 0 && garbles_newest(entry)) return start_pass(is_copying_, 0);
    if (is_copying_) look_for_gaps(entry);
    if (!reader_) return;
  }
  auto& stream = stream_of(entry.stream);
  if (!stream) return;
  if (!is_copying_) {
    stream->search->take(entry);
    return;
  }
  entry_ = std::move(entry);
  left_ = wanted(*stream, *entry_);
}

// Where an end was not found, or cannot be told by its timestamp, among the newest entries alone,
// all of them are searched.
bool OutputJoin::is_sure(const Stream& stream) const {
  if (most_ == 0 || seen_ < most_) return true;
  return stream.joined.tail == LogSearch::Tail::found &&
         stream.search->tail_end().timestamp != first_timestamp_;
}

void OutputJoin::end_search() {
  bool are_sure = true;
  for (auto& stream : streams_) {
    if (!stream) continue;
    stream->search->end();
    stream->joined.tail = stream->search->tail();
    stream->is_done = stream->joined.tail == LogSearch::Tail::ahead;
    are_sure = are_sure && is_sure(*stream);
  }
  if (!are_sure) return start_pass(false, 0);
  // Of two entries in the same millisecond either can be the older one, so the time has no more
  // digits.
  std::optional<std::int64_t> since;
  for (const auto& stream : streams_) {
    if (!stream || stream->is_done) continue;
    if (stream->joined.tail != LogSearch::Tail::found) return start_pass(true, 0);
    const auto time = time_of(stream->search->tail_end()).earliest;
    since = std::min(since.value_or(time), time);
  }
  if (since && !since_.empty()) since_ = rfc3339(*since);
  start_pass(true, most_);
}

// The log has been cut since it was searched, or there are more new entries by now than were asked
// for.
void OutputJoin::look_for_gaps(const LogEntry& first) {
  const auto time = time_of(first);
  for (auto& stream : streams_) {
    if (!stream || stream->is_done || stream->joined.tail != LogSearch::Tail::found) continue;
    if (time.earliest <= time_of(stream->search->tail_end()).latest) continue;
    if (most_ > 0) return start_pass(true, 0);
    stream->joined.tail = LogSearch::Tail::missing;
    const auto& head = stream->search->head_start();
    if (!head || time.earliest <= time_of(*head).latest) continue;
    stream->joined.has_head = true;
    report_gap_(stream->task.sought.tail.last, stream->task.sought.head_came);
    stream->is_done = true;
  }
}

bool OutputJoin::is_past_tail(Stream& stream, const LogEntry& entry, const LogPlace& place,
                              std::size_t& from) {
  const auto last = stream.task.sought.tail.last;
  switch (stream.joined.tail) {
    case LogSearch::Tail::nothing: {
      const auto first = time_of(LogPlace{first_timestamp_, 0, 0}).earliest;
      if (last > 0 && first > last + margin) report_gap_(last, first);
      return true;
    }
    case LogSearch::Tail::found:
      from = stream.search->tail_end().offset;
      return place.is_in_entry(stream.search->tail_end());
    case LogSearch::Tail::missing:
      if (!stream.search->is_later_than_tail(time_of(entry))) return false;
      report_gap_(last, time_of(entry).earliest);
      return true;
    case LogSearch::Tail::ahead:
      break;
  }
  return false;
}

// The part of the entry that is to be copied.
std::string_view OutputJoin::wanted(Stream& stream, const LogEntry& entry) {
  const auto place = stream.counter.count(entry);
  if (stream.is_done) return {};
  auto from = std::exchange(stream.skip, 0);
  if (!stream.is_copying && !is_past_tail(stream, entry, place, from)) return {};
  stream.is_copying = true;
  std::string_view bytes = entry.bytes;
  const auto& head = stream.search->head_start();
  if (head && place.is_in_entry(*head)) {
    stream.is_done = true;
    stream.joined.has_head = true;
    bytes = bytes.substr(0, head->offset);
  } else if (!head && time_of(entry).latest >= stream.task.before) {
    stream.is_done = true;
    stream.joined.has_rest = true;
    return {};
  }
  const auto skipped = std::min(from, bytes.size());
  stream.skip = from - skipped;
  return bytes.substr(skipped);
}

// False while the buffer is full. What is copied came when it was dated.
bool OutputJoin::copy_left() {
  if (left_.empty()) return true;
  const auto part = left_.substr(0, buffer_.room(entry_->stream));
  if (!part.empty()) buffer_.put(entry_->stream, part, time_of(*entry_).latest);
  left_.remove_prefix(part.size());
  is_full_ = !left_.empty();
  return !is_full_;
}

bool OutputJoin::has_lost_tail() const {
  return std::any_of(streams_.begin(), streams_.end(), [](const auto& stream) {
    return stream && !stream->is_done && !stream->is_copying &&
           stream->joined.tail == LogSearch::Tail::found;
  });
}

OutputJoin::Outcome OutputJoin::end_copy() {
  Outcome outcome;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    if (streams_[i]) outcome[i] = streams_[i]->joined;
  }
  stop();
  return outcome;
}

}  // namespace containerizer

#include "engine/supervisor/output_search.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>

#include "engine/docker/encoding.h"
#include "host/format.h"

namespace containerizer {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";
// What a log can be behind the attachment, when the host is busy.
constexpr std::int64_t lag = 2'000;
// The daemon dates an entry when it logs it. An attachment may have brought it earlier by so much.
constexpr std::int64_t lead = 300;
// How long the supervisor may take to read what the daemon has logged: it rests, waits for room in
// the buffer, and the host is busy.
constexpr std::int64_t late = 2'000;
// So much of the entries before a daemon's death is looked for in the copy. A short text is rarely
// torn by the line of another writer.
constexpr std::size_t longest_older = 1'024;

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80; }

// The length that a UTF-8 sequence has by its first byte; 0 when it cannot be one.
std::size_t announced_length(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte < 0x80) return 1;
  if (byte >= 0xc2 && byte <= 0xdf) return 2;
  if (byte >= 0xe0 && byte <= 0xef) return 3;
  return byte >= 0xf0 && byte <= 0xf4 ? 4 : 0;
}

// The length of the valid UTF-8 sequence that `bytes` starts with; 0 for none.
std::size_t sequence_length(std::string_view bytes) {
  const auto length = announced_length(bytes[0]);
  if (length == 0 || bytes.size() < length) return 0;
  const auto rest = bytes.substr(1, length - 1);
  if (!std::all_of(rest.begin(), rest.end(), is_continuation)) return 0;
  const auto second = length > 2 ? static_cast<unsigned char>(bytes[1]) : 0U;
  switch (static_cast<unsigned char>(bytes[0])) {
    case 0xe0:
      return second < 0xa0 ? 0 : length;
    case 0xed:
      return second > 0x9f ? 0 : length;
    case 0xf0:
      return second < 0x90 ? 0 : length;
    case 0xf4:
      return second > 0x8f ? 0 : length;
    default:
      return length;
  }
}

// How many bytes at the end of `bytes` are the beginning of a UTF-8 sequence without its end.
std::size_t cut_sequence_at_end(std::string_view bytes) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, bytes.size()); ++back) {
    const char byte = bytes[bytes.size() - back];
    if (is_continuation(byte)) continue;
    return announced_length(byte) > back ? back : 0;
  }
  return 0;
}

// How many bytes at the beginning of `bytes` are the end of a UTF-8 sequence.
std::size_t cut_sequence_at_start(std::string_view bytes) {
  const auto end = std::find_if_not(bytes.begin(), bytes.end(), is_continuation);
  const auto length = static_cast<std::size_t>(end - bytes.begin());
  return length <= 3 ? length : 0;
}

// The offset in `bytes` of what is at `offset` of as_text(bytes).
std::size_t offset_in_bytes(std::string_view bytes, std::size_t offset) {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < bytes.size() && seen < offset;) {
    const auto length = sequence_length(bytes.substr(at));
    seen += length == 0 ? replacement.size() : length;
    at += length == 0 ? 1 : length;
  }
  return at;
}

std::int64_t distance(const EntryTime& time, std::int64_t moment) {
  if (moment < time.earliest) return time.earliest - moment;
  return moment > time.latest ? moment - time.latest : 0;
}

// What can be compared of a tail: whole characters.
std::string comparable(std::string_view bytes, std::size_t before, std::size_t behind) {
  return as_text(bytes.substr(before, bytes.size() - before - behind));
}

}  // namespace

std::string as_text(std::string_view bytes) {
  const auto is_ascii = [](char byte) { return static_cast<unsigned char>(byte) < 0x80; };
  if (std::all_of(bytes.begin(), bytes.end(), is_ascii)) return std::string(bytes);
  std::string text;
  while (!bytes.empty()) {
    const auto length = sequence_length(bytes);
    text += length == 0 ? replacement : bytes.substr(0, length);
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  return text;
}

EntryTime time_of(const LogEntry& entry) {
  const auto time = unix_milliseconds(entry.timestamp).value_or(0);
  const bool has_fraction = entry.timestamp.find('.') != std::string::npos;
  return {time, has_fraction ? time : time + 999};
}

std::string rfc3339(std::int64_t milliseconds) {
  const std::time_t seconds = milliseconds / 1'000;
  std::tm parts{};
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%FT%T", ::gmtime_r(&seconds, &parts));
  return formatted("{}.{:03}Z", text.data(), milliseconds % 1'000);
}

LogPlace LogCounter::count(const LogEntry& entry) {
  number_ = entry.timestamp == timestamp_ ? number_ + 1 : 1;
  timestamp_ = entry.timestamp;
  return {timestamp_, number_, 0};
}

TextFinder::TextFinder(std::string text) : text_(std::move(text)), fallback_(text_.size(), 0) {
  for (std::size_t i = 1, border = 0; i < text_.size(); ++i) {
    while (border > 0 && text_[i] != text_[border]) border = fallback_[border - 1];
    if (text_[i] == text_[border]) ++border;
    fallback_[i] = static_cast<std::uint32_t>(border);
  }
}

bool TextFinder::take(char character) {
  if (text_.empty()) return false;
  if (matched_ == text_.size()) matched_ = fallback_[matched_ - 1];
  while (matched_ > 0 && text_[matched_] != character) matched_ = fallback_[matched_ - 1];
  if (text_[matched_] == character) ++matched_;
  return matched_ == text_.size();
}

LogSearch::LogSearch(Sought sought)
    : sought_(std::move(sought)),
      tail_cut_(cut_sequence_at_end(sought_.tail.bytes)),
      head_cut_(cut_sequence_at_start(sought_.head)),
      tail_finder_(comparable(
          sought_.tail.bytes,
          tail_cut_ < sought_.tail.bytes.size() ? cut_sequence_at_start(sought_.tail.bytes) : 0,
          tail_cut_)),
      head_finder_(
          comparable(sought_.head, head_cut_,
                     head_cut_ < sought_.head.size() ? cut_sequence_at_end(sought_.head) : 0)) {}

void LogSearch::take(const LogEntry& entry) {
  const Piece piece{counter_.count(entry), time_of(entry), entry.bytes, length_};
  newest_ = piece.time;
  const auto text = as_text(entry.bytes);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (tail_finder_.take(text[i])) note_tail(piece, i + 1);
    if (head_finder_.take(text[i])) {
      note_head(piece, length_ + i + 1 - head_finder_.text().size());
    }
  }
  length_ += text.size();
  if (piece.time.latest <= sought_.tail_until) {
    older_ += text;
    if (older_.size() > longest_older) older_.erase(0, older_.size() - longest_older);
  }
  keep(piece, text);
}

void LogSearch::keep(Piece piece, const std::string& text) {
  if (beginning_.size() < tail_finder_.text().size()) {
    beginning_ += text;
    first_.push_back(piece);
  }
  const auto head = head_finder_.text().size();
  if (head == 0) return;
  recent_.push_back(std::move(piece));
  while (recent_.size() > 1 && recent_[1].start + head <= length_) recent_.pop_front();
}

// Of several places the one that is nearest in time, and of these the last.
void LogSearch::note_tail(const Piece& piece, std::size_t end) {
  const auto away = distance(piece.time, sought_.tail.last);
  if (away > tail_distance_) return;
  tail_distance_ = away;
  is_tail_found_ = true;
  tail_end_ = piece.place;
  tail_end_.offset = offset_in_bytes(piece.bytes, end) + tail_cut_;
}

void LogSearch::note_head(const Piece& last, std::uint64_t start) {
  const Piece* holder = &last;
  for (const auto& piece : recent_) {
    if (piece.start <= start && start < last.start) holder = &piece;
  }
  const auto away = distance(holder->time, sought_.head_came);
  if (holder->time.latest < sought_.head_least || away >= head_distance_) return;
  head_distance_ = away;
  head_start_ = holder->place;
  const auto offset =
      offset_in_bytes(holder->bytes, static_cast<std::size_t>(start - holder->start));
  head_start_->offset = offset - std::min(offset, head_cut_);
}

void LogSearch::end() {
  if (!is_tail_found_ && !tail_finder_.text().empty() && !first_.empty()) find_cut_tail();
  if (is_tail_found_ || older_.empty() || !sought_.is_copied) return;
  is_older_copied_ = sought_.is_copied(older_);
}

// A log that has lost its beginning may begin within the tail.
void LogSearch::find_cut_tail() {
  if (first_.front().time.earliest > sought_.tail.last + lag) return;
  TextFinder finder(beginning_);
  for (const char character : tail_finder_.text()) finder.take(character);
  const auto common = finder.matched();
  if (common < as_text(first_.front().bytes).size()) return;
  for (const auto& piece : first_) {
    if (piece.start >= common) break;
    tail_end_ = piece.place;
    tail_end_.offset =
        offset_in_bytes(piece.bytes, static_cast<std::size_t>(common - piece.start)) + tail_cut_;
  }
  is_tail_found_ = true;
}

LogSearch::Tail LogSearch::tail() const {
  if (sought_.tail.bytes.empty()) return Tail::nothing;
  if (is_tail_found_) return Tail::found;
  return length_ == 0 || ends_within_tail() || may_still_come() ? Tail::ahead : Tail::missing;
}

// A daemon that dies may have logged less than it sent, so that the log ends before the tail. Or it
// may have logged more, and the log has lost everything up to the tail. Only the copy shows which
// one is true. Otherwise a log without the tail begins behind it, so the time matters only after a
// crash of the host, when the tail is whatever the sandbox's file ends with.
bool LogSearch::is_later_than_tail(const EntryTime& time) const {
  return time.latest >
         std::max(sought_.tail.last - late, is_older_copied_ ? sought_.tail_until : 0);
}

// Whether the newest entry may be older than the tail. A daemon that died logs no more of it.
bool LogSearch::may_still_come() const {
  return !sought_.is_log_whole && sought_.tail_until < sought_.tail.last &&
         newest_.latest <= sought_.tail.last + lead;
}

// Whether the log ends with a whole line of the tail, and the lines before it. The end of a line
// alone proves nothing: lines often end alike.
bool LogSearch::ends_within_tail() const {
  const auto matched = std::string_view(tail_finder_.text()).substr(0, tail_finder_.matched());
  if (!matched.ends_with('\n')) return false;
  const bool starts_within_line = sought_.tail.bytes.size() >= OutputBuffer::longest_tail;
  return !starts_within_line || matched.find('\n') + 1 < matched.size();
}

}  // namespace containerizer

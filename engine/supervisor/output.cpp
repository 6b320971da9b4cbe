#include "engine/supervisor/output.h"

#include <algorithm>
#include <utility>

#include "host/format.h"
#include "host/log.h"

namespace containerizer {
namespace {

constexpr std::array streams{OutputStream::out, OutputStream::err};
constexpr Duration far{24LL * 3600 * 1000};
// The daemon ends an attachment shortly before it reports the container's end.
constexpr Duration end_comes{1'000};
// The attachment of an ended container may take this long to end.
constexpr Duration longest_end{5'000};
constexpr Duration write_pause{250};
// How long the last output is offered to a sandbox that refuses it.
constexpr Duration last_chance{1'000};
// The log gets an entry only when its line is complete, and later than the attachment does.
constexpr Duration log_pause{50};
constexpr Duration search_pause{100};
constexpr std::int64_t longest_line{1'000};
constexpr std::int64_t longest_search{3'000};
// A daemon that dies may lose output that it read within this time before.
constexpr std::int64_t just_before{2'000};
// After an attachment was empty for this long, it does not bring entries that the log already has.
constexpr std::int64_t log_lead{1'000};
// A log without the end of the copy was at most so far behind it when the daemon died.
constexpr std::size_t searched_copy = 8 << 20;

std::size_t index_of(OutputStream stream) { return stream == OutputStream::out ? 0 : 1; }

// The part of the held bytes that the log can contain: whole lines, or the start of a long one.
std::string head_of(std::string_view held) {
  const auto head = held.substr(0, OutputBuffer::longest_tail);
  const auto line_end = head.rfind('\n');
  if (line_end != head.npos) return std::string(head.substr(0, line_end + 1));
  return head.size() == OutputBuffer::longest_tail ? std::string(head) : std::string();
}

}  // namespace

OutputCopy::OutputCopy(const Services& services, std::string sandbox, std::string path)
    : services_(services), sandbox_(std::move(sandbox)), path_(std::move(path)) {}

void OutputCopy::open() {
  if (buffer_) return;
  buffer_ = std::make_shared<OutputBuffer>(path_, services_.host.boot());
  if (!buffer_->trouble().empty()) {
    log::warn("the output buffer does not survive a crash of this process: {}", buffer_->trouble());
  }
  if (buffer_->is_of_other_boot()) {
    for (const auto stream : streams) take_over_sandbox(stream);
  }
  writer_ = std::make_shared<OutputWriter>(buffer_, sandbox_, services_.settings.output);
  worker_ = services_.host.start_worker([writer = writer_] { writer->run(); });
  intake_ = std::make_unique<OutputIntake>(*buffer_);
  join_ = std::make_unique<OutputJoin>(services_.docker, *buffer_,
                                       [this](std::int64_t from, std::int64_t to) {
                                         note_gap(from, to);
                                         report_gap();
                                       });
}

// After a crash of the host, only the sandbox shows how much was copied.
void OutputCopy::take_over_sandbox(OutputStream stream) {
  const auto copied = end_of_copy(sandbox_, stream, OutputBuffer::longest_tail);
  if (copied) buffer_->pretend(stream, copied->bytes, copied->written_at);
}

// What cannot be searched counts as copied: the buffer, and files that were rotated.
bool OutputCopy::is_copied(OutputStream stream, std::string_view text) const {
  if (!buffer_->is_written() || services_.settings.output.size > 0) return true;
  const auto copied = end_of_copy(sandbox_, stream, searched_copy);
  return copied && as_text(copied->bytes).find(text) != std::string::npos;
}

Status OutputCopy::attach_before_start(const std::string& container, bool may_have_started) {
  const auto before = clock();
  // An earlier start request may take effect at any moment. Its output comes through the attachment
  // that was there before it, and a new one could miss it.
  if (intake_) intake_->end_rest();
  if (intake_ && intake_->is_attached() && intake_->take(services_.host.now(), before).ok() &&
      intake_->is_attached()) {
    return Done{};
  }
  auto attached = services_.docker.attach(container);
  is_attach_refused_ = attached.failed_with(Fault::refused);
  if (is_attach_refused_) {
    log::warn("the output comes from the daemon's log, because the daemon refused to attach: {}",
              attached.failure().text);
    return Done{};
  }
  if (!attached.ok()) return attached.failure();
  writes_itself_ = attached.value() == nullptr;
  if (writes_itself_) return Done{};
  open();
  intake_->attach(std::move(attached.value()), !may_have_started, before);
  is_attachment_doubted_ = may_have_started;
  if (!may_have_started) buffer_->note_start(before);
  attached_since_ = services_.host.now();
  return Done{};
}

void OutputCopy::work(const std::string& container, bool process_ended) {
  const auto now = services_.host.now();
  due_ = now + far;
  if (writes_itself_) return;
  open();
  worker_->clear();
  if (!intake_->is_attached() && !has_ended_ && !process_ended) attach(container);
  if (has_ended_ || process_ended) intake_->end_rest();
  const auto at = clock();
  const auto taken = intake_->take(now, at);
  if (!taken.ok()) attachment_ended(taken.failure());
  if (intake_->has_more()) wake_at(now);
  if (const auto moment = intake_->rests_until()) wake_at(*moment);
  if (const auto moment = intake_->drops_at()) wake_at(*moment);
  // Output that has arrived already would count as output after the dropping.
  const bool is_empty = intake_->empty_at() == at;
  if (intake_->is_dropping() && is_empty && buffer_->is_written() && !join_->runs()) {
    intake_->stop_dropping(at);
    next_join_ = now;
    is_quiet_ = false;
  }
  join(container);
  write();
}

std::vector<int> OutputCopy::descriptors() const {
  if (!buffer_) return {};
  const bool waits_for_sandbox = has_ended_ || intake_->is_dropping() || intake_->drops_at() ||
                                 !intake_->is_passed_on() || join_->runs();
  return {intake_->fd(), join_->fd(), waits_for_sandbox ? worker_->fd() : -1};
}

// --- The attachment

void OutputCopy::attach(const std::string& container) {
  const auto now = services_.host.now();
  if (now < attach_retry_.next) return wake_at(attach_retry_.next);
  break_off();
  const auto before = clock();
  auto attached = services_.docker.attach(container);
  if (attached.ok()) {
    writes_itself_ = attached.value() == nullptr;
    if (!writes_itself_) intake_->attach(std::move(attached.value()), false, before);
    is_attachment_doubted_ = false;
    is_attach_refused_ = false;
    attached_since_ = services_.host.now();
    attach_retry_.succeeded();
    next_join_ = now;
    is_quiet_ = false;
    return;
  }
  // Docker refuses for as long as the container is paused.
  is_attach_refused_ = attached.failed_with(Fault::refused);
  if (attach_retry_.is_worth_a_line()) {
    log::warn("output is not copied for now, retrying: {}", attached.failure().text);
  }
  attach_retry_.failed(now);
  wake_at(attach_retry_.next);
}

// A clean end does not prove that the container ended: a daemon that dies closes its connections
// too.
void OutputCopy::attachment_ended(const Failure& failure) {
  const auto now = services_.host.now();
  ended_at_ = clock();
  if (has_ended_ && failure.fault == Fault::not_found) return check_end();
  if (failure.fault == Fault::not_found) {
    attach_retry_.next = now + end_comes;
  } else {
    break_off();
    attach_retry_.failed(now);
  }
  wake_at(attach_retry_.next);
}

// The attachment was complete only if the container's end ended it.
void OutputCopy::check_end() {
  const bool is_whole = is_witnessed_ && !is_attachment_doubted_;
  if (!is_whole || !services_.docker.ping().ok()) break_off();
}

// From here on output may be missing, so the next attachment is held back.
void OutputCopy::break_off() {
  const auto ended_at = std::exchange(ended_at_, std::nullopt);
  for (const auto stream : streams) {
    const bool is_whole = !intake_->is_held(stream) && intake_->held(stream).empty();
    if (ended_at && is_whole) whole_until_[index_of(stream)] = *ended_at;
  }
  intake_->hold();
  // A break that no report has named yet began earlier.
  if (!ended_at || broke_after_) return;
  if (intake_->arrived_at() >= *ended_at - just_before) broke_after_ = intake_->arrived_at();
}

// --- The join

void OutputCopy::join(const std::string& container) {
  const auto now = services_.host.now();
  if (join_->runs()) return advance_join();
  // The last join copies the rest of the log, so nothing may come by an attachment after it.
  const bool can_join =
      has_ended_ ? !intake_->is_attached() : intake_->is_attached() || is_attach_refused_;
  if (!intake_->is_any_held() || intake_->is_dropping() || !can_join) return;
  const auto speaks = [&](OutputStream stream) {
    return intake_->is_held(stream) && !intake_->held(stream).empty();
  };
  if (is_quiet_ && std::any_of(streams.begin(), streams.end(), speaks)) {
    is_quiet_ = false;
    next_join_ = now + log_pause;
  }
  if (is_quiet_ && !has_ended_) return;
  if (now < next_join_) return wake_at(next_join_);
  start_join(container);
  wake_at(now);
}

void OutputCopy::advance_join() {
  const auto now = services_.host.now();
  auto done = join_->advance();
  if (!done.ok()) return join_failed(done.failure());
  if (done.value()) return end_join(*done.value());
  if (join_->is_ready()) return wake_at(now);
  const auto before = std::exchange(entries_read_, join_->entries_read());
  if (entries_read_ != before || join_->is_full()) join_moved_at_ = now;
  const auto latest = join_moved_at_ + services_.settings.daemon_timeout;
  if (now < latest) return wake_at(latest);
  join_->stop();
  join_failed({Fault::unavailable, "the daemon does not send the rest of the container's log"});
}

void OutputCopy::start_join(const std::string& container) {
  if (no_log_) return give_up_join();
  joined_ = {};
  for (const auto stream : streams) {
    if (!intake_->is_held(stream)) continue;
    auto& task = joined_[index_of(stream)].emplace();
    task.sought.tail = buffer_->tail(stream);
    task.sought.is_log_whole = has_ended_;
    task.sought.tail_until = whole_until_[index_of(stream)];
    task.sought.is_copied = [this, stream](std::string_view text) {
      return is_copied(stream, text);
    };
    if (has_ended_ || !intake_->is_attached()) continue;
    const auto held = intake_->held(stream);
    task.sought.head = head_of(held);
    task.sought.head_came = intake_->held_since(stream);
    task.sought.head_least = intake_->attached_at();
    task.before = intake_->attached_at();
    if (held.empty()) task.before = std::max(task.before, intake_->empty_at() - log_lead);
  }
  join_->start(container, joined_, clock());
  join_moved_at_ = services_.host.now();
}

void OutputCopy::end_join(const OutputJoin::Outcome& outcome) {
  join_retry_.succeeded();
  is_quiet_ = true;
  for (const auto stream : streams) {
    const auto& joined = outcome[index_of(stream)];
    if (joined) settle(stream, *joined);
  }
  report_gap();
  report_break();
  if (!intake_->is_any_held()) intake_->forget_dropped();
  wake_at(services_.host.now());
}

// The log contains everything that the daemon logged. If the daemon died, output that it had read
// but not logged is lost.
void OutputCopy::report_break() {
  const auto from = std::exchange(broke_after_, std::nullopt);
  if (!from) return;
  const bool is_attached_again = intake_->is_attached() && intake_->attached_at() >= *from;
  log::warn(
      "output from {} to {} may be missing: the connection to the daemon broke; if the daemon "
      "died, output that it had read but not logged is lost",
      rfc3339(*from), rfc3339(is_attached_again ? intake_->attached_at() : clock()));
}

// Decides, after a join, whether the stream's held output is released or another join is needed.
void OutputCopy::settle(OutputStream stream, const StreamJoined& joined) {
  const auto& sought = joined_[index_of(stream)]->sought;
  if (has_ended_) return intake_->skip_held(stream);
  if (intake_->is_dropping()) return;  // The held output is gone. The next join copies it.
  if (!intake_->is_attached()) return wake_join(Duration(log_lead));
  const auto age = clock() - intake_->held_since(stream);
  if (!sought.head.empty()) {
    if (joined.has_head) return intake_->release(stream);
    if (age < longest_search) return wake_join(search_pause);
    note_gap(sought.tail.last, sought.head_came);
    return intake_->release(stream);
  }
  if (const auto held = intake_->held(stream); !held.empty()) {
    // A line that stays incomplete is not in the log. Other output may have arrived during the
    // join; the next one finds it.
    const bool is_in_log = !head_of(held).empty();
    return is_in_log || age < longest_line ? wake_join(search_pause) : intake_->release(stream);
  }
  const bool is_behind =
      joined.tail == LogSearch::Tail::ahead && clock() - intake_->attached_at() < longest_line;
  if (is_behind || joined.has_rest) wake_join(search_pause * (is_behind ? 1 : 5));
}

void OutputCopy::wake_join(Duration pause) {
  next_join_ = services_.host.now() + pause;
  is_quiet_ = false;
  wake_at(next_join_);
}

void OutputCopy::join_failed(const Failure& failure) {
  const auto now = services_.host.now();
  if (failure.fault == Fault::refused) {
    no_log_ = failure;
    next_join_ = now;
  } else if (failure.fault == Fault::not_found && has_ended_) {
    for (const auto stream : streams) intake_->skip_held(stream);
    report_break();
  } else {
    if (join_retry_.is_worth_a_line()) {
      log::warn("the output is not complete yet, retrying: {}", failure.text);
    }
    failure_ = failure;
    join_retry_.failed(now);
    next_join_ = join_retry_.next;
  }
  wake_at(next_join_);
}

// Without a log, only the output of the new attachment exists.
void OutputCopy::give_up_join() {
  const auto end = has_ended_ || !intake_->is_attached() ? clock() : intake_->attached_at();
  for (const auto stream : streams) {
    if (!intake_->is_held(stream)) continue;
    note_gap(std::max(buffer_->tail(stream).last, intake_->empty_at()), end);
    intake_->release(stream);
  }
  report_gap();
  broke_after_.reset();
  intake_->forget_dropped();
}

void OutputCopy::note_gap(std::int64_t from, std::int64_t to) {
  if (!gap_) gap_.emplace(from, to);
  gap_->first = std::min(gap_->first, from);
  gap_->second = std::max(gap_->second, to);
}

void OutputCopy::report_gap() {
  if (!gap_) return;
  const auto [from, to] = *std::exchange(gap_, std::nullopt);
  const auto out = intake_->dropped(OutputStream::out);
  const auto err = intake_->dropped(OutputStream::err);
  const auto reason = no_log_ ? no_log_->text : "the daemon's log does not contain it";
  const auto amount = formatted(" ({} bytes of stdout, {} bytes of stderr)", out, err);
  log::error("output from {} to {} {} missing{}: {}", rfc3339(from), rfc3339(to),
             out + err > 0 ? "is" : "may be", out + err > 0 ? amount : "", reason);
}

// --- The sandbox

void OutputCopy::write() {
  const auto now = services_.host.now();
  const bool wants_sync =
      has_ended_ && !intake_->is_attached() && !intake_->is_any_held() && intake_->is_passed_on();
  if (wants_sync) writer_->ask_for_sync();
  if (buffer_->is_written() && (!wants_sync || writer_->is_synced())) return unwritten_.reset();
  const auto failure = writer_->failure();
  if (failure && !unwritten_) log::error("{}", failure->text);
  unwritten_ = failure;
  if (unwritten_ && now < next_write_) return wake_at(next_write_);
  if (unwritten_) next_write_ = now + write_pause;
  worker_->poke();
}

// --- The end

bool OutputCopy::is_complete() const {
  return !intake_->is_attached() && !intake_->is_any_held() && intake_->is_passed_on() &&
         buffer_->is_written() && writer_->is_synced();
}

Status OutputCopy::finish(const std::string& container, std::optional<Deadline> whole_since,
                          int interrupt, Duration silence) {
  if (writes_itself_) return Done{};
  open();
  if (!std::exchange(has_ended_, true)) join_->stop();  // That join may skip new entries.
  next_join_ = services_.host.now();
  is_witnessed_ = whole_since && attached_since_ > *whole_since;
  if (!intake_->is_attached()) check_end();
  failure_.reset();
  auto moved_at = services_.host.now();
  const auto progress = [this] { return buffer_->moved() + join_->entries_read(); };
  for (auto moved = progress();;) {
    work(container, true);
    if (failure_) return *failure_;
    if (std::exchange(moved, progress()) != progress()) moved_at = services_.host.now();
    if (const auto end = look_at_end(moved_at, silence)) return *end;
    auto watched = descriptors();
    watched.push_back(interrupt);
    const auto ready =
        services_.host.poll(watched, std::min(due_, services_.host.now() + write_pause));
    if (ready.back()) return Failure{Fault::interrupted, "there is a new request"};
  }
}

// Empty: more output can come. `moved_at` is the time of the last progress.
std::optional<Status> OutputCopy::look_at_end(Deadline moved_at, Duration silence) {
  if (is_complete()) return Done{};
  const auto quiet = services_.host.now() - moved_at;
  if (intake_->is_attached() && quiet >= std::min(longest_end, silence)) {
    intake_->detach();
    break_off();
  }
  if (unwritten_ && quiet >= last_chance) return *unwritten_;
  if (quiet < silence) return std::nullopt;
  return Failure{
      Fault::unavailable,
      "the daemon does not send the rest of the output, or the sandbox does not accept it"};
}

}  // namespace containerizer

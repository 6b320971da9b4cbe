#include "engine/supervisor/output_intake.h"

#include <algorithm>
#include <utility>

namespace containerizer {
namespace {

constexpr Duration longest_wait{1'000};
constexpr std::size_t most_held = 131'072;
// So that a container that never stops writing cannot keep us from everything else.
constexpr int pieces_in_a_row = 64;

// --- Rests. A batch that a socket's buffer holds while we rest does not block the container.
constexpr std::size_t batch = 32'768;
constexpr Duration longest_rest{500};
// A container that was silent for this long may write a lot at once.
constexpr Duration silence{1'000};

}  // namespace

void OutputIntake::attach(std::unique_ptr<Attachment> attachment, bool is_first,
                          std::int64_t clock) {
  detach();
  hold();
  attachment_ = std::move(attachment);
  attached_at_ = empty_at_ = clock;
  out_.is_held = err_.is_held = !is_first;
}

void OutputIntake::detach() {
  attachment_.reset();
  piece_.reset();
  full_since_.reset();
  rests_until_.reset();
  is_dropping_ = false;
}

void OutputIntake::hold() {
  for (const auto stream : {OutputStream::out, OutputStream::err}) {
    of(stream).is_held = true;
    std::string().swap(of(stream).held);
  }
}

Status OutputIntake::take(Deadline now, std::int64_t clock) {
  has_more_ = false;
  for (const auto stream : {OutputStream::out, OutputStream::err}) pass_on_held(stream, clock);
  if (rests_until_ && now < *rests_until_) return Done{};
  rests_until_.reset();
  for (int i = 0; attachment_ && i < pieces_in_a_row; ++i) {
    if (piece_ && !place(clock)) {
      full_since_ = full_since_.value_or(now);
      if (now - *full_since_ >= longest_wait) start_dropping();
      if (!is_dropping_) return Done{};
      continue;
    }
    auto next = attachment_->next();
    if (!next.ok()) {
      detach();
      return next.failure();
    }
    if (!next.value()) {
      empty_at_ = clock;
      rest(now);
      return Done{};
    }
    piece_ = *next.value();
    taken_ += piece_->bytes.size();
    arrived_at_ = clock;
  }
  has_more_ = attachment_ != nullptr;
  return Done{};
}

std::optional<Deadline> OutputIntake::drops_at() const {
  if (!full_since_ || is_dropping_) return std::nullopt;
  return *full_since_ + longest_wait;
}

// Approaches the rest in which one batch arrives. Without output it does not rest.
void OutputIntake::rest(Deadline now) {
  const auto taken = std::exchange(taken_, 0);
  if (taken == 0 || is_dropping_) return;
  if (now - rested_from_ >= silence) rest_ = shortest_rest;
  if (taken < batch / 2) rest_ = std::min(longest_rest, rest_ * 2);
  if (taken > batch) rest_ = std::max(shortest_rest, rest_ / 4);
  rested_from_ = now;
  rests_until_ = now + rest_;
}

// Whether the whole piece has found a place.
bool OutputIntake::place(std::int64_t clock) {
  auto& bytes = piece_->bytes;
  auto& stream = of(piece_->stream);
  std::size_t taken = 0;
  if (is_dropping_) {
    taken = bytes.size();
    stream.dropped += taken;
  } else if (stream.is_held || !stream.held.empty()) {
    taken = std::min(bytes.size(), most_held - std::min(most_held, stream.held.size()));
    if (stream.held.empty() && taken > 0) stream.held_since = clock;
    stream.held += bytes.substr(0, taken);
  } else {
    taken = std::min(bytes.size(), buffer_.room(piece_->stream));
    if (taken > 0) buffer_.put(piece_->stream, bytes.substr(0, taken), clock);
  }
  bytes.remove_prefix(taken);
  if (taken > 0) full_since_.reset();
  if (!bytes.empty()) return false;
  piece_.reset();
  return true;
}

void OutputIntake::pass_on_held(OutputStream stream, std::int64_t clock) {
  auto& one = of(stream);
  if (one.is_held || one.held.empty()) return;
  const auto taken = std::min(one.held.size(), buffer_.room(stream));
  if (taken == 0 || is_dropping_) return;
  buffer_.put(stream, std::string_view(one.held).substr(0, taken), clock);
  one.held.erase(0, taken);
  if (one.held.empty()) std::string().swap(one.held);
}

// From here on both streams lack something, and wait for a join.
void OutputIntake::start_dropping() {
  is_dropping_ = true;
  for (const auto stream : {OutputStream::out, OutputStream::err}) {
    auto& one = of(stream);
    one.is_held = true;
    one.dropped += one.held.size();
    std::string().swap(one.held);
  }
}

void OutputIntake::stop_dropping(std::int64_t clock) {
  is_dropping_ = false;
  full_since_.reset();
  attached_at_ = empty_at_ = clock;
}

void OutputIntake::release(OutputStream stream) { of(stream).is_held = false; }

void OutputIntake::skip_held(OutputStream stream) {
  auto& one = of(stream);
  one.is_held = false;
  std::string().swap(one.held);
}

}  // namespace containerizer

// Moves the output of an attachment into the buffer. It holds output back until a join has filled
// the gap before it. If the buffer stays full for a second, it drops and counts output, so that the
// container does not block.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/docker/docker.h"
#include "engine/supervisor/output_buffer.h"
#include "host/clock.h"
#include "host/result.h"

namespace containerizer {

class OutputIntake {
 public:
  // `buffer` outlives it.
  explicit OutputIntake(OutputBuffer& buffer) : buffer_(buffer) {}

  // Replaces the attachment. `is_first`: the container has not been started yet, so nothing is held
  // back. In every call, `clock` is the time in milliseconds since 1970.
  void attach(std::unique_ptr<Attachment> attachment, bool is_first, std::int64_t clock);
  void detach();
  bool is_attached() const { return attachment_ != nullptr; }

  // Takes the output that has arrived, unless it rests. After output, it rests for a moment (500 ms
  // at most), so that a container that writes all the time does not wake this process for each
  // line. A failure is the end of the attachment, which is then closed.
  Status take(Deadline now, std::int64_t clock);
  // Readable when take() can do more; -1 while it rests or the buffer has no room.
  int fd() const { return attachment_ && !piece_ && !rests_until_ ? attachment_->fd() : -1; }
  // Whether take() can do more without waiting.
  bool has_more() const { return has_more_; }
  // When take() can do more, whether the descriptor is readable or not.
  std::optional<Deadline> rests_until() const { return rests_until_; }
  void end_rest() { rests_until_.reset(); }
  // When take() starts to drop output that does not fit.
  std::optional<Deadline> drops_at() const;

  // Ends the dropping at `clock`. REQUIRES: is_dropping().
  void stop_dropping(std::int64_t clock);
  bool is_dropping() const { return is_dropping_; }
  // Bytes of the stream that were dropped since the last forget_dropped().
  std::uint64_t dropped(OutputStream stream) const { return of(stream).dropped; }
  void forget_dropped() { out_.dropped = err_.dropped = 0; }

  // --- Output that is held back

  bool is_held(OutputStream stream) const { return of(stream).is_held; }
  bool is_any_held() const { return out_.is_held || err_.is_held; }
  // The stream's held output, and when its first byte arrived.
  std::string_view held(OutputStream stream) const { return of(stream).held; }
  std::int64_t held_since(OutputStream stream) const { return of(stream).held_since; }
  // When output last arrived, whatever became of it; 0 for never.
  std::int64_t arrived_at() const { return arrived_at_; }
  // The held output arrived after attached_at(). Nothing had arrived by empty_at().
  std::int64_t attached_at() const { return attached_at_; }
  std::int64_t empty_at() const { return empty_at_; }
  // Stops holding the stream back: its held output goes into the buffer first.
  void release(OutputStream stream);
  // The same, but without the held output, which is in the buffer already.
  void skip_held(OutputStream stream);
  // Holds both streams back, because output may be missing before the next attachment. Forgets the
  // held output: the join copies it from the log. REQUIRES: not attached.
  void hold();
  // Whether all output that arrived is in the buffer.
  bool is_passed_on() const { return !piece_ && out_.held.empty() && err_.held.empty(); }

 private:
  struct Stream {
    bool is_held = true;
    std::string held;  // not in the buffer yet
    std::int64_t held_since = 0;
    std::uint64_t dropped = 0;
  };

  static constexpr Duration shortest_rest{1};

  bool place(std::int64_t clock);
  void rest(Deadline now);
  void pass_on_held(OutputStream stream, std::int64_t clock);
  void start_dropping();
  const Stream& of(OutputStream stream) const { return stream == OutputStream::out ? out_ : err_; }
  Stream& of(OutputStream stream) { return stream == OutputStream::out ? out_ : err_; }

  OutputBuffer& buffer_;
  std::unique_ptr<Attachment> attachment_;
  std::optional<OutputPiece> piece_;    // output that did not fit
  std::optional<Deadline> full_since_;  // since when it has not fitted
  std::optional<Deadline> rests_until_;
  Duration rest_ = shortest_rest;  // the length of the last rest
  Deadline rested_from_{};         // when it began
  std::size_t taken_ = 0;          // bytes that have arrived since then
  Stream out_;
  Stream err_;
  std::int64_t attached_at_ = 0;
  std::int64_t empty_at_ = 0;
  std::int64_t arrived_at_ = 0;
  bool is_dropping_ = false;
  bool has_more_ = false;
};

}  // namespace containerizer

// What an attachment brings, on its way into the buffer. While nobody knows what came before it, it
// is held back; while nothing takes it for a second, it is dropped and counted, so that the
// container does not wait.
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

  // Replaces the attachment. `is_first`: the container has not been started yet, so that nothing is
  // held back. `clock`, here and below, is the time in milliseconds since 1970.
  void attach(std::unique_ptr<Attachment> attachment, bool is_first, std::int64_t clock);
  void detach();
  bool is_attached() const { return attachment_ != nullptr; }

  // Takes what has come. The failure that ended the attachment detaches.
  Status take(Deadline now, std::int64_t clock);
  // Readable when take() can do more; -1 while what came does not fit.
  int fd() const { return attachment_ && !piece_ ? attachment_->fd() : -1; }
  // Whether take() can do more at once.
  bool has_more() const { return has_more_; }
  // When take() starts to drop what does not fit.
  std::optional<Deadline> drops_at() const;

  // From then on nothing was dropped. REQUIRES: it drops.
  void stop_dropping(std::int64_t clock);
  bool is_dropping() const { return is_dropping_; }
  // Bytes of the stream that were dropped since the last forget_dropped().
  std::uint64_t dropped(OutputStream stream) const { return of(stream).dropped; }
  void forget_dropped() { out_.dropped = err_.dropped = 0; }

  // --- What is held back

  bool is_held(OutputStream stream) const { return of(stream).is_held; }
  bool is_any_held() const { return out_.is_held || err_.is_held; }
  // What has come of the stream, and when its first byte came.
  std::string_view held(OutputStream stream) const { return of(stream).held; }
  std::int64_t held_since(OutputStream stream) const { return of(stream).held_since; }
  // What is held came after the first of these; nothing had come until the second.
  std::int64_t attached_at() const { return attached_at_; }
  std::int64_t empty_at() const { return empty_at_; }
  // From now on the stream goes into the buffer, with what was held first.
  void release(OutputStream stream);
  // The same without what was held, which is in the buffer already.
  void skip_held(OutputStream stream);
  // Holds both streams back: something may have been missed. What was held comes again, from the
  // log. REQUIRES: not attached.
  void hold();
  // Whether everything that came is in the buffer.
  bool is_passed_on() const { return !piece_ && out_.held.empty() && err_.held.empty(); }

 private:
  struct Stream {
    bool is_held = true;
    std::string held;  // not in the buffer yet
    std::int64_t held_since = 0;
    std::uint64_t dropped = 0;
  };

  bool place(std::int64_t clock);
  void pass_on_held(OutputStream stream, std::int64_t clock);
  void start_dropping();
  const Stream& of(OutputStream stream) const { return stream == OutputStream::out ? out_ : err_; }
  Stream& of(OutputStream stream) { return stream == OutputStream::out ? out_ : err_; }

  OutputBuffer& buffer_;
  std::unique_ptr<Attachment> attachment_;
  std::optional<OutputPiece> piece_;    // that does not fit
  std::optional<Deadline> full_since_;  // since then it does not
  Stream out_;
  Stream err_;
  std::int64_t attached_at_ = 0;
  std::int64_t empty_at_ = 0;
  bool is_dropping_ = false;
  bool has_more_ = false;
};

}  // namespace containerizer

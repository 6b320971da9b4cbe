#include "engine/supervisor/monitor.h"

#include <algorithm>

#include "host/log.h"

namespace containerizer {
namespace {

// How long the daemon may take to report the end of a container after its process exited.
constexpr Duration late_exit{10'000};
// A daemon and a container that exit within this time died together.
constexpr Duration together{1'000};
// A limit, because a container that never stops writing must not block the other events.
constexpr int entries_in_a_row = 4096;

}  // namespace

Monitor::Monitor(Docker& docker, Host& host, OutputCopy& output, std::string container, Fd executor,
                 Fd init)
    : docker_(docker),
      host_(host),
      output_(output),
      container_(std::move(container)),
      executor_(std::move(executor)),
      init_(std::move(init)) {}

void Monitor::close() {
  exit_stream_.reset();
  output_stream_.reset();
}

Monitor::Outcome Monitor::wait_until(Deadline deadline) {
  for (;;) {
    if (const auto outcome = connect()) return *outcome;
    Deadline next = deadline;
    if (!exit_stream_) next = std::min(next, exit_retry_.next);
    if (wants_output()) next = std::min(next, output_retry_.next);
    if (vanished_at_) next = std::min(next, *vanished_at_);
    const auto ready =
        host_.poll({host_.wake(), executor_.get(), exit_stream_ ? exit_stream_->fd() : -1,
                    output_stream_ ? output_stream_->fd() : -1, init_.get()},
                   next);
    if (ready[2]) {
      if (const auto outcome = look_at_exit()) return *outcome;
    }
    if (ready[4]) {
      init_.close();
      init_ended_at_ = host_.now();
      vanished_at_ = *init_ended_at_ + late_exit;
      output_stream_.reset();
      follows_ = false;
    }
    if (ready[3] && output_stream_) copy_output();
    if (ready[1]) {
      executor_.close();
      return Outcome::executor_ended;
    }
    if (ready[0]) {
      host_.clear_wake();
      return Outcome::woken;
    }
    if (vanished_at_ && host_.now() >= *vanished_at_) return Outcome::vanished;
    if (host_.now() >= deadline) return Outcome::time_is_up;
  }
}

void Monitor::doubt() {
  exit_stream_.reset();
  exit_retry_.failed(host_.now());
  if (vanished_at_) vanished_at_ = host_.now() + late_exit;
  follows_ = true;
}

std::optional<Duration> Monitor::gone_unwitnessed_for() const {
  if (!away_at_ || !init_ended_at_ || *away_at_ + together < *init_ended_at_) return std::nullopt;
  return std::chrono::duration_cast<Duration>(host_.now() - *init_ended_at_);
}

std::optional<Monitor::Outcome> Monitor::connect() {
  if (!exit_stream_ && exit_retry_.is_due(host_.now())) {
    auto stream = docker_.open_exit_stream(container_);
    if (stream.ok()) {
      exit_stream_ = std::move(stream.value());
      // The reply may have arrived together with its headers.
      if (const auto outcome = look_at_exit()) return outcome;
    } else if (stream.failed_with(Fault::not_found)) {
      return Outcome::absent;
    } else {
      if (exit_retry_.is_worth_a_line()) log::warn("{}", stream.failure().text);
      away_at_ = host_.now();
      exit_retry_.failed(host_.now());
    }
  }
  if (wants_output() && output_retry_.is_due(host_.now())) connect_output();
  return std::nullopt;
}

bool Monitor::wants_output() const { return follows_ && !is_refused_ && !output_stream_; }

void Monitor::connect_output() {
  auto since = output_.resume();
  if (!since.ok()) {
    output_failed(since.failure());
    return;
  }
  auto stream = docker_.output(container_, since.value(), true);
  if (!stream.ok()) {
    output_failed(stream.failure());
    return;
  }
  output_stream_ = std::move(stream.value());
  copy_output();
}

// A clean end of the stream comes here too. It proves nothing, because a daemon that shuts down
// ends its streams cleanly while containers keep running.
void Monitor::output_failed(const Failure& failure) {
  output_stream_.reset();
  if (failure.fault == Fault::refused) {
    is_refused_ = true;
    log::warn("output is not copied while the container runs: {}", failure.text);
    return;
  }
  const bool clean_end = failure.fault == Fault::not_found;
  if (!clean_end && output_retry_.is_worth_a_line()) {
    log::warn("output is not copied for now: {}", failure.text);
  }
  output_retry_.failed(host_.now());
}

std::optional<Monitor::Outcome> Monitor::look_at_exit() {
  auto ended = exit_stream_->ended();
  if (ended.ok() && !ended.value()) {
    exit_retry_.succeeded();
    return std::nullopt;
  }
  exit_stream_.reset();
  if (ended.ok()) return Outcome::ended;
  if (ended.failed_with(Fault::not_found)) return Outcome::absent;
  log::warn("{}", ended.failure().text);
  away_at_ = host_.now();
  exit_retry_.failed(host_.now());
  return std::nullopt;
}

void Monitor::copy_output() {
  auto pumped = pump(*output_stream_, entries_in_a_row);
  if (pumped.ok()) {
    output_retry_.succeeded();
  } else {
    output_failed(pumped.failure());
  }
}

// Copies the entries that have arrived, at most `most`. not_found: the stream has ended.
Status Monitor::pump(OutputStream& stream, int most) {
  for (int i = 0; i < most; ++i) {
    auto entry = stream.next();
    if (!entry.ok()) {
      auto flushed = output_.flush();
      return flushed.ok() ? Status(entry.failure()) : flushed;
    }
    if (!entry.value()) break;
    auto taken = output_.take(*entry.value());
    if (!taken.ok()) return taken;
  }
  return output_.flush();
}

Status Monitor::drain(int interrupt, Duration silence) {
  close();
  if (is_refused_) return Done{};
  auto since = output_.resume();
  if (!since.ok()) return since.failure();
  auto stream = docker_.output(container_, since.value(), false);
  if (stream.failed_with(Fault::not_found)) return Done{};
  if (!stream.ok()) return stream.failure();
  for (;;) {
    auto pumped = pump(*stream.value(), entries_in_a_row);
    if (pumped.failed_with(Fault::not_found)) return output_.finish();
    if (!pumped.ok()) return pumped;
    const auto ready = host_.poll({interrupt, stream.value()->fd()}, host_.now() + silence);
    if (ready[0]) return Failure{Fault::interrupted, "there is a new request"};
    if (!ready[1]) {
      return Failure{Fault::unavailable, "the daemon does not send the rest of the output"};
    }
  }
}

}  // namespace containerizer

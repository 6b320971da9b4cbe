#include "engine/supervisor/monitor.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "host/file.h"
#include "host/log.h"

namespace containerizer {
namespace {

// How long the daemon may take to report the end of a container after its process exited.
constexpr Duration late_exit{10'000};
// A daemon and a container that exit within this time died together.
constexpr Duration together{1'000};

}  // namespace

Monitor::Monitor(Docker& docker, Host& host, OutputCopy& output, std::string container,
                 ExitWatch executor, ExitWatch init, std::string peak_file)
    : docker_(docker),
      host_(host),
      output_(output),
      container_(std::move(container)),
      executor_(std::move(executor)),
      init_(std::move(init)),
      peak_file_(std::move(peak_file)) {}

Monitor::Outcome Monitor::wait_until(Deadline deadline, int also) {
  for (;;) {
    if (const auto outcome = connect()) return *outcome;
    output_.work(container_, init_ended_at_.has_value());
    Deadline next = std::min(deadline, output_.due());
    if (!exit_stream_) next = std::min(next, exit_retry_.next);
    if (vanished_at_) next = std::min(next, *vanished_at_);
    next = std::min({next, executor_.due(), init_.due()});
    std::vector<int> watched{host_.wake(), executor_.fd(), exit_stream_ ? exit_stream_->fd() : -1,
                             init_.fd(), also};
    for (const int fd : output_.descriptors()) watched.push_back(fd);
    const auto ready = host_.poll(watched, next);
    if (init_.has_ended(ready[3])) note_end_of_init();
    if (ready[2]) {
      if (const auto outcome = look_at_exit()) return *outcome;
    }
    if (executor_.has_ended(ready[1])) return Outcome::executor_ended;
    if (ready[0]) {
      host_.clear_wake();
      return Outcome::woken;
    }
    if (ready[4]) return Outcome::woken;
    if (vanished_at_ && host_.now() >= *vanished_at_) return Outcome::vanished;
    if (host_.now() >= deadline) return Outcome::time_is_up;
  }
}

// The kernel's file disappears when the daemon removes the cgroup, so it is read at once.
void Monitor::note_end_of_init() {
  const auto peak = peak_file_.empty() ? std::nullopt : read_small_file(peak_file_);
  std::int64_t bytes = 0;
  if (peak && std::from_chars(peak->data(), peak->data() + peak->size(), bytes).ec == std::errc()) {
    peak_memory_ = bytes;
  }
  had_no_stream_at_end_ = !exit_stream_;
  init_ended_at_ = host_.now();
  vanished_at_ = *init_ended_at_ + late_exit;
}

void Monitor::note_daemon_away() {
  is_away_ = true;
  away_at_ = host_.now();
  exit_retry_.failed(host_.now());
}

void Monitor::doubt() {
  exit_stream_.reset();
  exit_retry_.failed(host_.now());
  is_reported_ = false;
  if (vanished_at_) vanished_at_ = host_.now() + late_exit;
}

std::optional<Duration> Monitor::gone_unwitnessed_for() const {
  if (!away_at_ || !init_ended_at_ || *away_at_ + together < *init_ended_at_) return std::nullopt;
  return std::chrono::duration_cast<Duration>(host_.now() - *init_ended_at_);
}

bool Monitor::ended_without_daemon() const {
  return had_no_stream_at_end_ || gone_unwitnessed_for().has_value();
}

std::optional<Monitor::Outcome> Monitor::connect() {
  if (!exit_stream_ && exit_retry_.is_due(host_.now())) {
    auto stream = docker_.open_exit_stream(container_);
    if (stream.ok()) {
      exit_stream_ = std::move(stream.value());
      // The reply may have arrived together with its headers.
      if (const auto outcome = look_at_exit()) return outcome;
      if (exit_stream_ && std::exchange(is_away_, false)) return Outcome::daemon_returned;
    } else if (stream.failed_with(Fault::not_found)) {
      log::warn("{}", stream.failure().text);
      return Outcome::absent;
    } else {
      if (exit_retry_.is_worth_a_line()) log::warn("{}", stream.failure().text);
      note_daemon_away();
    }
  }
  return std::nullopt;
}

std::optional<Monitor::Outcome> Monitor::look_at_exit() {
  auto ended = exit_stream_->ended();
  if (ended.ok() && !ended.value()) {
    exit_retry_.succeeded();
    return std::nullopt;
  }
  exit_stream_.reset();
  is_reported_ = ended.ok();
  if (ended.ok()) return Outcome::ended;
  log::warn("{}", ended.failure().text);
  if (ended.failed_with(Fault::not_found)) return Outcome::absent;
  note_daemon_away();
  return std::nullopt;
}

Status Monitor::drain(int interrupt, Duration silence) {
  exit_stream_.reset();
  const auto never = Deadline::min();
  const auto whole_since = is_reported_ ? std::optional(away_at_.value_or(never)) : std::nullopt;
  return output_.finish(container_, whole_since, interrupt, silence);
}

}  // namespace containerizer

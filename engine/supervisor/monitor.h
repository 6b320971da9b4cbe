// Waits for everything that can happen to a started container, in Running and in Stopping, and
// copies its output meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/docker/docker.h"
#include "engine/supervisor/output.h"
#include "host/exit_watch.h"
#include "host/host.h"
#include "host/retry.h"

namespace containerizer {

class Monitor {
 public:
  enum class Outcome {
    ended,            // the container is not running any more
    vanished,         // its process has been gone for a while, but the daemon does not report it
    absent,           // the daemon has no such container
    woken,            // look at the requests
    executor_ended,   // returned once
    daemon_returned,  // the daemon responds again; returned once each time
    time_is_up,
  };

  // `container` is its name. `executor` and `init` watch mesos-executor and the container's first
  // process, if there are such processes. `peak_file` is the memory_peak_file() of the first
  // process.
  Monitor(Docker& docker, Host& host, OutputCopy& output, std::string container, ExitWatch executor,
          ExitWatch init, std::string peak_file);

  // Blocks until one of the outcomes. Waits for a daemon that does not respond, because unknown is
  // not ended. The last output may still be missing in the sandbox: drain() copies it. `also`: a
  // descriptor; `woken` is returned, too, while it is readable.
  Outcome wait_until(Deadline deadline, int also = -1);

  // The last `ended` or `vanished` was wrong: do not return it again at once.
  void doubt();

  // How long the process has been gone, if the daemon was away when it exited or later. Empty if
  // the daemon was never away, or if the monitor did not see the exit.
  std::optional<Duration> gone_unwitnessed_for() const;

  // Whether the daemon was away when the process exited, or shortly after.
  bool ended_without_daemon() const;

  // The most memory, in bytes, that the container has used. Empty before its end, and if the kernel
  // does not report it.
  std::optional<std::int64_t> peak_memory() const { return peak_memory_; }

  // Copies the rest of the output of a container that has ended: OutputCopy::finish.
  Status drain(int interrupt, Duration silence);

 private:
  std::optional<Outcome> connect();
  std::optional<Outcome> look_at_exit();
  void note_end_of_init();
  void note_daemon_away();

  Docker& docker_;
  Host& host_;
  OutputCopy& output_;
  std::string container_;
  ExitWatch executor_;
  ExitWatch init_;
  std::string peak_file_;
  std::optional<std::int64_t> peak_memory_;
  std::optional<Deadline> init_ended_at_;
  bool had_no_stream_at_end_ = false;
  bool is_away_ = false;                 // the daemon
  std::optional<Deadline> away_at_;      // when the daemon last did not respond
  std::optional<Deadline> vanished_at_;  // when the daemon should have reported the end of init
  std::unique_ptr<ExitStream> exit_stream_;
  bool is_reported_ = false;  // the end, by the daemon
  RetryTimer exit_retry_;
};

}  // namespace containerizer

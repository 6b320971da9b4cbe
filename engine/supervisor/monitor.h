// Watches a container that has been started, while copying its output: everything that can happen
// in Running and Stopping comes together here.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/docker/docker.h"
#include "engine/supervisor/output.h"
#include "host/host.h"
#include "host/retry.h"

namespace containerizer {

class Monitor {
 public:
  enum class Outcome {
    ended,           // the container is not running any more
    vanished,        // its process has been gone for a while, and the daemon says nothing
    absent,          // the daemon has no such container
    woken,           // look at the requests
    executor_ended,  // told once
    time_is_up,
  };

  // `container` is its name. `executor` and `init` (the container's first process) are invalid
  // where there is none to watch.
  Monitor(Docker& docker, Host& host, OutputCopy& output, std::string container, Fd executor,
          Fd init);

  // Blocks until one of the outcomes. A daemon that does not answer is waited for: unknown is not
  // ended. Output that was there when the container ended may still be missing in the sandbox.
  Outcome wait_until(Deadline deadline);

  // After an `ended` or `vanished` that turned out untrue: not to be told again at once.
  void doubt();

  // How long the process has been gone, where the daemon was away then, or since; nothing where the
  // daemon was there all the time, or the process was not seen to go.
  std::optional<Duration> gone_unwitnessed_for() const;

  // Copies the rest of the output of a container that has ended: OutputCopy::finish.
  Status drain(int interrupt, Duration silence);

 private:
  std::optional<Outcome> connect();
  std::optional<Outcome> look_at_exit();

  Docker& docker_;
  Host& host_;
  OutputCopy& output_;
  std::string container_;
  Fd executor_;
  Fd init_;
  std::optional<Deadline> init_ended_at_;
  std::optional<Deadline> away_at_;      // when the daemon did not answer last
  std::optional<Deadline> vanished_at_;  // when the daemon should have said that init has ended
  std::unique_ptr<ExitStream> exit_stream_;
  bool is_reported_ = false;  // the end, by the daemon
  RetryTimer exit_retry_;
};

}  // namespace containerizer

// Waits for everything that can happen to a started container, in Running and in Stopping, and
// copies its output meanwhile.
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
    vanished,        // its process has been gone for a while, but the daemon does not report it
    absent,          // the daemon has no such container
    woken,           // look at the requests
    executor_ended,  // returned once
    time_is_up,
  };

  // `container` is its name. `executor` and `init` are the exit descriptors of mesos-executor and
  // of the container's first process. They are invalid if there is no such process.
  Monitor(Docker& docker, Host& host, OutputCopy& output, std::string container, Fd executor,
          Fd init);

  // Blocks until one of the outcomes. Waits for a daemon that does not respond, because unknown is
  // not ended. The last output may still be missing in the sandbox: drain() copies it.
  Outcome wait_until(Deadline deadline);

  // The last `ended` or `vanished` was wrong: do not return it again at once.
  void doubt();

  // How long the process has been gone, if the daemon was away when it exited or later. Empty if
  // the daemon was never away, or if the monitor did not see the exit.
  std::optional<Duration> gone_unwitnessed_for() const;

  // Copies the remaining output of a container that has ended. Success also if the container is
  // gone, and if the daemon refused to send output, which was logged then. unavailable, refused:
  // not everything was copied, or the daemon sent nothing for `silence`. interrupted: `interrupt`
  // (a descriptor; -1 for none) became readable.
  Status drain(int interrupt, Duration silence);

  // Closes the connections to the daemon.
  void close();

 private:
  // A connection that is opened again after it failed, later each time.
  struct Reconnect {
    Deadline next{};
    Backoff backoff{Duration(100), Duration(5'000)};
    bool is_due(Deadline now) const { return now >= next; }
    // Repeated failures are logged only while the pauses still grow.
    bool is_worth_a_line() const { return !backoff.is_longest(); }
    void failed(Deadline now) { next = now + backoff.next(); }
    void succeeded() { backoff.reset(); }
  };

  std::optional<Outcome> connect();
  bool wants_output() const;
  void connect_output();
  std::optional<Outcome> look_at_exit();
  void copy_output();
  void output_failed(const Failure& failure);
  Status pump(OutputStream& stream, int most);

  Docker& docker_;
  Host& host_;
  OutputCopy& output_;
  std::string container_;
  Fd executor_;
  Fd init_;
  std::optional<Deadline> init_ended_at_;
  std::optional<Deadline> away_at_;      // when the daemon last did not respond
  std::optional<Deadline> vanished_at_;  // when the daemon should have reported the end of init
  std::unique_ptr<ExitStream> exit_stream_;
  std::unique_ptr<OutputStream> output_stream_;
  // False after init's end: Podman's streams that follow the log then have gaps. drain() copies
  // all.
  bool follows_ = true;
  bool is_refused_ = false;  // the daemon will never send output
  Reconnect exit_retry_;
  Reconnect output_retry_;
};

}  // namespace containerizer

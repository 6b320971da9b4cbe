// How the slave runs a verb of the external containerizer: one process, three pipes, one request,
// and for some verbs one reply.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tests/slave/fd.h"
#include "tests/slave/reaper.h"
#include "tests/slave/runtime.h"
#include "tests/slave/version.h"

namespace containerizer::player {

using Environment = std::map<std::string, std::string>;

struct Sandbox {
  std::filesystem::path directory;
  std::string user;  // Empty: files keep their owner.
};

struct Call {
  std::string verb;
  std::optional<std::string> request;  // The protobuf, without its length.
  bool has_reply = false;
  std::optional<Sandbox> sandbox;  // Empty: the slave's own directory, and stderr is discarded.
  Environment environment;
};

struct Answer {
  int status = 0;                    // The waitpid status.
  std::optional<std::string> reply;  // The protobuf; empty if missing or incomplete.
};

// A running verb and the slave's ends of its pipes.
struct Child {
  pid_t pid = -1;
  Fd in;
  Fd out;
  Fd err;
};

// The result of starting a process.
struct Started {
  pid_t pid = -1;       // -1: not started, or its exit will not be observed.
  std::string failure;  // The reason if `pid` is -1.
};

class Invoker {
 public:
  // `abort` is called where a real slave dies of SIGPIPE. It must not return.
  Invoker(Runtime& runtime, Reaper& reaper, Release release, std::string containerizer_path,
          std::function<void()> abort)
      : runtime_(runtime),
        reaper_(reaper),
        release_(release),
        containerizer_path_(std::move(containerizer_path)),
        abort_(std::move(abort)) {}

  // Starts `sh -c "<containerizer_path> <verb>"` and writes the request, which blocks the caller.
  // `done` runs on a worker once the process was reaped and its reply, if any, was read. The read
  // blocks a worker all the time. `done` is not called after a failure. If the request has no
  // reader, and the release dies of SIGPIPE, it calls `abort`.
  Started start(const Call& call, std::function<void(Answer)> done);

  // Only starts the process, for requests that no slave writes.
  Child spawn(const Call& call);

 private:
  Runtime& runtime_;
  Reaper& reaper_;
  const Release release_;
  const std::string containerizer_path_;
  const std::function<void()> abort_;
};

}  // namespace containerizer::player

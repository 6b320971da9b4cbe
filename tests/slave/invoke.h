// How the slave runs a verb of the external containerizer: one process, three pipes, one request,
// perhaps one reply.
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
  std::string user;  // Empty: nothing is chowned.
};

struct Call {
  std::string verb;
  std::optional<std::string> request;  // The protobuf, without its length.
  bool has_reply = false;
  std::optional<Sandbox> sandbox;  // None: the slave's own directory, and stderr is thrown away.
  Environment environment;
};

struct Answer {
  int status = 0;                    // As waitpid gives it.
  std::optional<std::string> reply;  // The protobuf; nothing when missing or cut short.
};

// A running verb and the slave's ends of its pipes.
struct Child {
  pid_t pid = -1;
  Fd in;
  Fd out;
  Fd err;
};

// What became of an attempt to start something.
struct Started {
  pid_t pid = -1;       // -1: not started, or started and not to be answered for.
  std::string failure;  // Why, then.
};

class Invoker {
 public:
  // `abort` ends the process in place of the slave's death of SIGPIPE: it must not return.
  Invoker(Runtime& runtime, Reaper& reaper, Release release, std::string containerizer_path,
          std::function<void()> abort)
      : runtime_(runtime),
        reaper_(reaper),
        release_(release),
        containerizer_path_(std::move(containerizer_path)),
        abort_(std::move(abort)) {}

  // Starts `sh -c "<containerizer_path> <verb>"` and writes the request: blocks the caller until it
  // is written. `done` is called on a worker once the process was reaped and, if there is a reply
  // to read, that read ended; the read occupies a worker all the time. `done` is not called after a
  // failure. `abort` is called where the release dies of SIGPIPE and the request finds no reader.
  Started start(const Call& call, std::function<void(Answer)> done);

  // Only starts the process: for requests that no slave would write.
  Child spawn(const Call& call);

 private:
  Runtime& runtime_;
  Reaper& reaper_;
  const Release release_;
  const std::string containerizer_path_;
  const std::function<void()> abort_;
};

}  // namespace containerizer::player

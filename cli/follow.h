// Waits for changes of files, for the commands that follow something.
#pragma once

#include <string>

#include "cli/invocation.h"
#include "host/fd.h"

namespace containerizer {

class Follower {
 public:
  // `directory` contains the files. Changes from now on count.
  Follower(const Invocation& invocation, const std::string& directory);

  // Blocks until a file in the directory has changed since the last call, or a second has passed.
  // False if the reader of our output has gone: then there is nobody to follow for.
  bool wait();

 private:
  const Invocation& invocation_;
  Fd changes_;
};

}  // namespace containerizer

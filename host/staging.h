// A place for files of strangers on their way into a sandbox.
//
// mesos-fetcher writes by names that the task chooses, up to Mesos 0.28 as root. In a sandbox that
// holds other files already, a link among them could lead it anywhere. In an empty directory there
// is none, and the files are then moved into the sandbox without following any link.
#pragma once

#include <string>

#include "host/result.h"

namespace containerizer {

class StagingDirectory {
 public:
  // Makes an empty directory within the sandbox, for its owner alone. What an earlier process left
  // of one is removed. refused: it cannot be made.
  static Result<StagingDirectory> make(const std::string& sandbox);
  StagingDirectory(StagingDirectory&& other) noexcept;
  StagingDirectory& operator=(StagingDirectory&&) = delete;
  // Removes the directory, with what is still in it.
  ~StagingDirectory();

  const std::string& path() const { return path_; }

  // Moves all that is in the directory into the sandbox. A directory joins one of the same name;
  // everything else replaces what has its name, unless that is a directory. Files lose their
  // set-user-id and set-group-id bits. refused: there is a device file, or an entry cannot be
  // moved; the text names it. The sandbox then has a part of the files.
  Status move_to_sandbox();

 private:
  StagingDirectory(std::string sandbox, std::string path)
      : sandbox_(std::move(sandbox)), path_(std::move(path)) {}

  std::string sandbox_;
  std::string path_;  // "" once moved from
};

}  // namespace containerizer

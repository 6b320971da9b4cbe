// The daemon of the private engine that bin/engine runs, whose faults a test can cause, and a
// registry of images.
#pragma once

#include "tests/integration/work_directory.h"

namespace containerizer::integration {

// Stopped (SIGSTOP) for as long as the object lives: the daemon accepts connections, and never
// answers.
class FrozenDaemon {
 public:
  FrozenDaemon();
  ~FrozenDaemon();
  FrozenDaemon(const FrozenDaemon&) = delete;
  FrozenDaemon& operator=(const FrozenDaemon&) = delete;

 private:
  pid_t pid_;
};

// Dead by SIGKILL for as long as the object lives; containers live on.
class DeadDaemon {
 public:
  DeadDaemon();
  ~DeadDaemon();
  DeadDaemon(const DeadDaemon&) = delete;
  DeadDaemon& operator=(const DeadDaemon&) = delete;
};

// A registry that holds one image, which the engine does not have.
class Registry {
 public:
  explicit Registry(const WorkDirectory& place);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // A name that can be pulled, with address and port.
  const std::string& image() const { return image_; }
  // The same registry, but an image that it does not have.
  std::string unknown_image() const { return unknown_; }
  // From then on requests are accepted, and not answered, until thaw().
  void freeze() const;
  void thaw() const;

 private:
  fs::path config_;
  std::string image_, unknown_;
  Child process_;
};

}  // namespace containerizer::integration

// The daemon of the private daemon that bin/daemon runs, whose faults a test can cause, and a
// registry of images.
#pragma once

#include <csignal>

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

// Dead for as long as the object lives; containers live on.
class DeadDaemon {
 public:
  explicit DeadDaemon(int signal = SIGKILL);
  ~DeadDaemon();
  DeadDaemon(const DeadDaemon&) = delete;
  DeadDaemon& operator=(const DeadDaemon&) = delete;

  // All containers and images are forgotten; processes of containers go on.
  void wipe() const;
  // All processes of containers end, and what the daemon kept in memory is gone.
  void cut_power() const;
};

// For as long as the object lives, a daemon ends all containers when it is told to end, or else
// when it is started again.
class NoLiveRestore {
 public:
  NoLiveRestore();
  ~NoLiveRestore();
  NoLiveRestore(const NoLiveRestore&) = delete;
  NoLiveRestore& operator=(const NoLiveRestore&) = delete;
};

// For as long as the object lives, the daemon's daemon.json has these members too. The daemon is
// started again when the object comes and goes.
class ConfiguredDaemon {
 public:
  explicit ConfiguredDaemon(const std::string& members);
  ~ConfiguredDaemon();
  ConfiguredDaemon(const ConfiguredDaemon&) = delete;
  ConfiguredDaemon& operator=(const ConfiguredDaemon&) = delete;
};

// For as long as the object lives, the daemon listens at a TCP port, too, with TLS and nothing
// else, and asks its clients for certificates. It is started again when the object comes and goes.
class TlsListener {
 public:
  // `certificates` has ca.pem, cert.pem and key.pem.
  explicit TlsListener(const fs::path& certificates);
  ~TlsListener();
  TlsListener(const TlsListener&) = delete;
  TlsListener& operator=(const TlsListener&) = delete;

  int port() const { return port_; }

 private:
  int port_;
};

// A port of the loopback address that nobody listens at.
int free_port();

// A registry that holds one image, which the daemon does not have.
class Registry {
 public:
  struct Access {
    bool is_private = false;  // asks for a user and a password
    bool is_encrypted = false;
  };

  explicit Registry(const WorkDirectory& place) : Registry(place, Access{}) {}
  Registry(const WorkDirectory& place, Access access);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // A name that can be pulled, with address and port.
  const std::string& image() const { return image_; }
  // The same registry, but an image that it does not have.
  std::string unknown_image() const { return unknown_; }
  // The address, as configurations of docker name it, and a user's name and password, packed.
  const std::string& address() const { return address_; }
  static constexpr const char* packed_login = "dXNlcjpzZWNyZXQ=";
  // A config.json of docker that holds them.
  std::string login() const;
  // From then on requests are accepted, and not answered, until thaw().
  void freeze() const;
  void thaw() const;
  void die();
  // From then on the daemon does not have the image.
  void forget_image() const;

 private:
  std::string address_;
  std::string image_, unknown_;
  Child process_;
};

}  // namespace containerizer::integration

// Faults of the private daemon that bin/daemon runs, and a registry of images.
#pragma once

#include <csignal>

#include "tests/integration/work_directory.h"

namespace containerizer::integration {

// Whether the private daemon is Podman. It does not say who sent a signal to a container.
bool daemon_is_podman();

// The daemon is stopped (SIGSTOP) while the object exists: it accepts connections but never
// replies.
class FrozenDaemon {
 public:
  FrozenDaemon();
  ~FrozenDaemon();
  FrozenDaemon(const FrozenDaemon&) = delete;
  FrozenDaemon& operator=(const FrozenDaemon&) = delete;

 private:
  pid_t pid_;
};

// The daemon is dead while the object exists. Its containers keep running.
class DeadDaemon {
 public:
  explicit DeadDaemon(int signal = SIGKILL);
  ~DeadDaemon();
  DeadDaemon(const DeadDaemon&) = delete;
  DeadDaemon& operator=(const DeadDaemon&) = delete;

  // The daemon loses all containers and images. The processes of the containers keep running.
  void wipe() const;
  // All processes of the containers end, and everything that the daemon kept in memory is lost.
  void cut_power() const;
};

// While the object exists, the daemon ends all containers when it is stopped, or else at its next
// start.
class NoLiveRestore {
 public:
  NoLiveRestore();
  ~NoLiveRestore();
  NoLiveRestore(const NoLiveRestore&) = delete;
  NoLiveRestore& operator=(const NoLiveRestore&) = delete;
};

// While the object exists, the daemon's daemon.json also has these members. Constructor and
// destructor restart the daemon.
class ConfiguredDaemon {
 public:
  explicit ConfiguredDaemon(const std::string& members);
  ~ConfiguredDaemon();
  ConfiguredDaemon(const ConfiguredDaemon&) = delete;
  ConfiguredDaemon& operator=(const ConfiguredDaemon&) = delete;
};

// While the object exists, the daemon also listens on a TCP port, only with TLS, and requires
// client certificates. Constructor and destructor restart it.
class TlsListener {
 public:
  // `certificates` contains ca.pem, cert.pem and key.pem.
  explicit TlsListener(const fs::path& certificates);
  ~TlsListener();
  TlsListener(const TlsListener&) = delete;
  TlsListener& operator=(const TlsListener&) = delete;

  int port() const { return port_; }

 private:
  int port_;
};

// A port on the loopback address on which no process listens.
int free_port();

// A registry that contains one image, which the daemon does not have.
class Registry {
 public:
  struct Access {
    bool is_private = false;  // requires a user and a password
    bool is_encrypted = false;
  };

  explicit Registry(const WorkDirectory& place) : Registry(place, Access{}) {}
  Registry(const WorkDirectory& place, Access access);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The name of the image, with address and port.
  const std::string& image() const { return image_; }
  // The name of an image that this registry does not have.
  std::string unknown_image() const { return unknown_; }
  // The address as in docker's config.json, and user and password in base64.
  const std::string& address() const { return address_; }
  static constexpr const char* packed_login = "dXNlcjpzZWNyZXQ=";
  // A config.json of docker with this login.
  std::string login() const;
  // Until thaw(), the registry accepts requests but does not reply.
  void freeze() const;
  void thaw() const;
  void die();
  // Removes the image from the daemon.
  void forget_image() const;

 private:
  std::string address_;
  std::string image_, unknown_;
  Child process_;
};

}  // namespace containerizer::integration

// Where everything acts that the daemon does: one process's view of the store, the Docker daemon,
// the host and its own settings. All outlive whoever holds a World.
#pragma once

#include <string>

#include "engine/config/settings.h"
#include "engine/docker/docker.h"
#include "host/environment.h"
#include "host/host.h"
#include "store/store.h"

namespace containerizer {

struct Services {
  store::Store& store;
  Docker& docker;
  Host& host;
  const Settings& settings;
  // The absolute path of this program, for others to be started with it, and its environment.
  std::string program;
  Environment environment;
};

}  // namespace containerizer

// Where everything acts that the engine does: one process's view of the store, the Docker daemon,
// the host and its own settings. All outlive whoever holds a World.
#pragma once

#include <string>

#include "engine/config.h"
#include "engine/docker/docker.h"
#include "engine/host/environment.h"
#include "engine/host/host.h"
#include "store/store.h"

namespace containerizer {

struct World {
  store::Store& store;
  Docker& docker;
  Host& host;
  const Config& config;
  // The absolute path of this program, for others to be started with it, and its environment.
  std::string program;
  Environment environment;
};

}  // namespace containerizer

// Everything through which the code in engine/ reaches the outside world. cli/main.cpp creates the
// real services; the simulation creates its own.
#pragma once

#include <string>

#include "engine/config/settings.h"
#include "engine/docker/docker.h"
#include "host/environment.h"
#include "host/host.h"
#include "store/store.h"

namespace containerizer {

// One process's services, for one thread. The referenced objects must outlive this one.
struct Services {
  store::Store& store;
  Docker& docker;
  Host& host;
  const Settings& settings;
  // The absolute path and the environment of this program, from which it starts further processes.
  std::string program;
  Environment environment;
};

}  // namespace containerizer

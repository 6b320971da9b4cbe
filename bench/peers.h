// What the program is compared with: the docker command, and the bare create and start requests,
// both with the very body that the program makes of a launch.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "bench/child.h"
#include "bench/slave.h"
#include "engine/docker/client.h"

namespace containerizer::bench {

// Body of the create request, labels included. Throws std::runtime_error when there is none.
boost::json::object create_body(const Slave& slave, const Task& task);

// `docker` with these words.
Command docker(std::vector<std::string> words);

// `docker run -d` of the same container, named after the task.
Command docker_run(const Slave& slave, const Task& task);
// Removes it, or one of BareEngine's.
void docker_remove(const Task& task);

// One connection to the daemon that is kept open; nothing but create and start, or one listing.
class BareDaemon {
 public:
  // Connects, and settles the version of the API.
  BareDaemon();
  // `body` is a create_body of the task.
  void start(const Task& task, const boost::json::object& body);
  // Lists the containers of a slave; how many there are.
  std::size_t list(const Slave& slave);

 private:
  DockerClient client_;
};

}  // namespace containerizer::bench

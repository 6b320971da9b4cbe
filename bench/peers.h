// The baselines: the docker command, and the bare create and start requests. Both use the create
// request that the program sends for a launch.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "bench/child.h"
#include "bench/slave.h"
#include "engine/docker/client.h"

namespace containerizer::bench {

// The create request, including labels. Throws std::runtime_error if the launch is refused.
boost::json::object create_body(const Slave& slave, const Task& task);

// `docker` with these arguments.
Command docker(std::vector<std::string> words);

// `docker run -d` for the same container, with the task's name.
Command docker_run(const Slave& slave, const Task& task);
// Removes it, or a container of BareDaemon.
void docker_remove(const Task& task);

// An open connection to the daemon, for only create and start, or one listing.
class BareDaemon {
 public:
  // Connects and negotiates the API version.
  BareDaemon();
  // `body` is a create_body of the task.
  void start(const Task& task, const boost::json::object& body);
  // Lists the containers of a slave. Returns their number.
  std::size_t list(const Slave& slave);

 private:
  DockerClient client_;
};

}  // namespace containerizer::bench

// Runs tasks without an image as host tasks (processes on the host), behind the interface to
// Docker. Lifecycle, history and recovery are therefore the same for host tasks and for containers.
#pragma once

#include <memory>
#include <string>

#include "engine/config/settings.h"
#include "engine/docker/docker.h"
#include "engine/host_task/directory.h"
#include "host/host.h"

namespace containerizer {

// A create request with an empty "Image" asks for a host task. It uses these members of the body:
//   Cmd         the arguments of the program,
//   File        the program, if it is not the first argument,
//   Env         its environment,
//   WorkingDir  the sandbox: its working directory, where stdout and stderr are,
//   User        "uid:gid"; "" for the user of this process,
//   Labels      its labels.
// Every other request, and every call about a container that is not a host task, goes to `docker`.
//
// One thread. Kinds of failure are those of Docker. A host task consists of a directory under
// host-tasks/ in the state directory, and of a shim process that runs its program.
class HostTaskRuntime : public Docker {
 public:
  // `program` is the path of this program, which the shim runs. `docker`, `host` and `settings`
  // must outlive the runtime.
  HostTaskRuntime(Docker& docker, Host& host, const Settings& settings, std::string program);

  Result<std::string> create(const std::string& name, const boost::json::object& body) override;
  Status start(const std::string& container) override;
  Result<ContainerFacts> inspect(const std::string& container) override;
  Result<std::vector<ContainerFacts>> list(const std::string& label,
                                           const std::string& value) override;
  Status kill(const std::string& container, const std::string& signal) override;
  Status remove(const std::string& container) override;
  Status update(const std::string& container, const boost::json::object& body) override;
  Result<bool> has_image(const std::string& reference) override;
  Result<ExposedPorts> exposed_ports(const std::string& reference) override;
  Status pull(const std::string& reference, const RegistryAuth& auth, int interrupt,
              const PullListener& listener) override;
  Result<std::unique_ptr<Attachment>> attach(const std::string& container) override;
  Result<std::unique_ptr<LogReader>> read_log(const std::string& container,
                                              const std::string& since, std::size_t most) override;
  Result<std::unique_ptr<ExitStream>> open_exit_stream(const std::string& container) override;
  Result<std::vector<int>> signals_sent(const ContainerFacts& ended) override;
  Status ping() override;
  Result<DaemonInfo> info() override;

 private:
  // The directory of a host task, by its name or ID. Nothing if `container` is a container of
  // Docker.
  std::optional<HostTaskDirectory> directory_of(const std::string& container) const;

  Docker& docker_;
  Host& host_;
  const Settings& settings_;
  std::string parent_;  // the directory that contains the directories of all host tasks
  std::string program_;
};

}  // namespace containerizer

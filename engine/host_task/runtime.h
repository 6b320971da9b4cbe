// Tasks without an image, as plain processes of the host, behind the same interface as Docker's
// containers: lifecycle, history and recovery are the same for both.
#pragma once

#include <memory>
#include <string>

#include "engine/config/settings.h"
#include "engine/docker/docker.h"
#include "engine/host_task/directory.h"
#include "host/host.h"

namespace containerizer {

// The body of a create request that asks for a plain process has an empty Image; of its other
// members count: Cmd, File (what is started when it is not the first word), Env, WorkingDir (the
// sandbox, to whose files it speaks), User ("uid:gid", "" for ours), Labels.
class HostTaskRuntime : public Docker {
 public:
  // Asks `docker` for everything else. Keeps what it must in the state directory; `program` is the
  // path of this program. All outlive it.
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
  Status pull(const std::string& reference, const RegistryAuth& auth, int interrupt,
              const PullListener& listener) override;
  Result<std::unique_ptr<Attachment>> attach(const std::string& container) override;
  Result<std::unique_ptr<LogReader>> read_log(const std::string& container,
                                              const std::string& since, std::size_t most) override;
  Result<std::unique_ptr<ExitStream>> open_exit_stream(const std::string& container) override;
  Status ping() override;

 private:
  // The place of a plain process, by its name or id; nothing when `container` is Docker's.
  std::optional<HostTaskDirectory> place_of(const std::string& container) const;

  Docker& docker_;
  Host& host_;
  const Settings& settings_;
  std::string directory_;
  std::string program_;
};

}  // namespace containerizer

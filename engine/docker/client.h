// Implements the interface to Docker with the daemon's REST API.
#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <string>

#include "engine/docker/docker.h"
#include "engine/docker/podman_api.h"
#include "engine/docker/transport/connection.h"
#include "engine/docker/transport/endpoint.h"

namespace containerizer {

struct Answer;
struct ApiCall;

struct ClientSettings {
  Endpoint endpoint;
  Duration call_deadline{30'000};
  // How long the daemon may send nothing during a pull. It is silent while it unpacks a large file.
  Duration pull_silence{120'000};
  // The API version to use, if an earlier client has determined it. "": ask the daemon.
  std::string api_version;
};

// Connects at the first call. Ordinary calls share one connection, which stays open between calls.
// Each stream and each pull has its own connection. Streams may outlive the client. One thread.
// Raises no signals and takes no locks. Failures are those of docker.h; their texts never contain
// values of environment variables or credentials.
class DockerClient final : public Docker {
 public:
  explicit DockerClient(ClientSettings settings);

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

  // The version in use: 1.41, or the closest one that the daemon supports. "" before the first
  // call.
  const std::string& api_version() const { return version_; }

 private:
  Result<Answer> exchange(const Request& request, const Timeout& timeout);
  Status negotiate(const Timeout& timeout);
  Status settle_version(const std::string& offered, const std::string& oldest);
  // `version`: of the API; "" for the usual one.
  Result<Answer> ask(const ApiCall& call, const std::string& subject, Request request,
                     const Timeout& timeout, const std::string& version = "");
  Result<std::string> version_for(const boost::json::object& body) const;
  // The daemon's record of a container, as a part of `call`.
  Result<boost::json::value> ask_record(const ApiCall& call, const std::string& container,
                                        const Timeout& timeout);
  Result<boost::json::value> ask_json(const ApiCall& call, const std::string& subject,
                                      Request request, const Timeout& timeout,
                                      const std::string& version = "");
  Result<Exchange> open_stream(const ApiCall& call, const std::string& subject, Request request,
                               const Timeout& timeout);

  ClientSettings settings_;
  std::string version_;
  std::pair<unsigned, unsigned> newest_of_daemon_{1, 41};  // major and minor
  bool dates_late_ = false;              // an old daemon, which dates an exit when it learns of it
  std::optional<PodmanVersion> podman_;  // its version, if the daemon is Podman
  Connection kept_;  // the connection that stays open between calls; may be invalid
};

// The range of API versions from which the client chooses. It uses a newer one for a field that
// needs it (newer_api.h), and for a daemon that accepts no older one.
std::string oldest_api_version();
std::string newest_api_version();

// Creates a client.
std::unique_ptr<Docker> connect_docker(const ClientSettings& settings);

}  // namespace containerizer

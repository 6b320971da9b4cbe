// Docker by way of the Daemon's REST API.
#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <string>

#include "engine/docker/docker.h"
#include "engine/docker/transport/connection.h"
#include "engine/docker/transport/endpoint.h"

namespace containerizer {

struct Answer;
struct ApiCall;

struct ClientSettings {
  Endpoint endpoint;
  Duration call_deadline{30'000};
  // How long the daemon may say nothing during a pull. It is silent while it unpacks a large file.
  Duration pull_silence{120'000};
  // The API version to use, if an earlier client has found it out; "" to ask the daemon.
  std::string api_version;
};

// The client. Nothing is connected before the first call. Ordinary calls share one connection, kept
// alive between them; each stream and each pull has its own, and streams may outlive the client.
// One thread; raises no signals; holds no lock. What docker.h says of failures holds; their texts
// never hold environment values or credentials.
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
  Status pull(const std::string& reference, const RegistryAuth& auth, int interrupt,
              const PullListener& listener) override;
  Result<std::unique_ptr<OutputStream>> output(const std::string& container,
                                               const std::string& since, bool follow) override;
  Result<std::unique_ptr<ExitStream>> open_exit_stream(const std::string& container) override;
  Status ping() override;

  // The version in use: 1.41, or the daemon's nearest to it; "" before the first call.
  const std::string& api_version() const { return version_; }

 private:
  Result<Answer> exchange(const Request& request, const Patience& patience);
  Status negotiate(const Patience& patience);
  Status settle_version(const std::string& offered, const std::string& oldest);
  Result<Answer> ask(const ApiCall& call, const std::string& subject, Request request,
                     const Patience& patience);
  Result<boost::json::value> ask_json(const ApiCall& call, const std::string& subject,
                                      Request request, const Patience& patience);
  Result<Exchange> open_stream(const ApiCall& call, const std::string& subject, Request request,
                               const Patience& patience);

  ClientSettings settings_;
  std::string version_;
  bool dates_late_ = false;  // an old daemon, to which a container ends when it hears of that
  bool is_podman_ = false;
  Connection kept_;  // between calls; not valid when there is none
};

// The same behind the interface.
std::unique_ptr<Docker> connect_docker(const ClientSettings& settings);

}  // namespace containerizer

// The client against a stand-in for Docker 29: API 1.52, and nothing before 1.44. The stand-in
// answers as Docker's public pages describe, and ignores or refuses what they say.
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <catch2/catch.hpp>
#include <mutex>

#include "docker_server.h"
#include "engine/docker/newer_api.h"
#include "host/json.h"

using namespace containerizer;
namespace json = boost::json;

namespace {

constexpr int oldest = 44, newest = 52;

std::string answer(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nApi-Version: 1.52\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string refusal(int status, const std::string& text) {
  return answer(status, json::serialize(json::object{{"message", text}}));
}

// What it knows of a container, from the create request.
struct Kept {
  json::object body;
  int minor = 0;
};

class NewerDaemon {
 public:
  NewerDaemon()
      : server_(Server::Answer([this](std::size_t, const std::string& request) {
          return std::optional(Reply{handle(request), Reply::Then::keep});
        })) {}

  DockerClient client() const { return server_.client(Duration(10'000), ""); }
  // The last create request, as the daemon has understood it.
  Kept created() {
    const std::lock_guard lock(mutex_);
    return kept_;
  }

 private:
  std::string handle(const std::string& request) {
    const auto target = request.substr(request.find(' ') + 1);
    const auto path = target.substr(0, target.find(' '));
    if (path == "/_ping") return answer(200, "OK");
    if (path == "/version") {
      return answer(200, R"({"Version":"29.0.0","ApiVersion":"1.52","MinAPIVersion":"1.44"})");
    }
    const int minor = path.starts_with("/v1.") ? std::stoi(path.substr(4)) : 0;
    if (minor < oldest) {
      return refusal(400, "client version 1." + std::to_string(minor) +
                              " is too old. Minimum supported API version is 1.44, please upgrade "
                              "your client to a newer version");
    }
    if (minor > newest) {
      return refusal(400, "client version is too new. Maximum supported API version is 1.52");
    }
    return call(minor, path.substr(path.find('/', 1)), request);
  }

  std::string call(int minor, const std::string& path, const std::string& request) {
    if (path.starts_with("/containers/create")) return create(minor, request);
    if (path.ends_with("/update")) return answer(200, R"({"Warnings":["a limit is discarded"]})");
    if (path.starts_with("/containers/json")) {
      return answer(200, R"([{"Id":"ab","Names":["/c"],"State":"exited","Labels":{"a":"b"},
                             "ImageManifestDescriptor":{"digest":"sha256:1"}}])");
    }
    if (path.starts_with("/containers/gone")) return refusal(404, "No such container: gone");
    if (path.starts_with("/containers/")) return answer(200, inspected);
    if (path.starts_with("/images/create")) return answer(200, pulled);
    if (path.starts_with("/images/none")) return refusal(404, "No such image: none:1");
    if (path.starts_with("/images/")) return answer(200, image);
    return refusal(404, "page not found");
  }

  std::string create(int minor, const std::string& request) {
    auto body = json::parse(request.substr(request.find("\r\n\r\n") + 4)).as_object();
    auto& host = body["HostConfig"].as_object();
    json::array warnings;
    host.erase("KernelMemory");  // since 1.42
    if (body.contains("MacAddress") && minor >= 52) body.erase("MacAddress");
    if (minor < 45) forget_subpaths(host);
    if (host.contains("OomKillDisable")) warnings.emplace_back("OomKillDisable is discarded");
    if (const auto* ports = host.if_contains("PortBindings")) {
      for (const auto& port : ports->as_object()) {
        if (port.value().as_array().empty()) warnings.emplace_back("an empty list of bindings");
      }
    }
    const std::lock_guard lock(mutex_);
    kept_ = {body, minor};
    return answer(201, json::serialize(json::object{{"Id", "ab12"}, {"Warnings", warnings}}));
  }

  // An older version of the API ignores what it does not know.
  static void forget_subpaths(json::object& host) {
    const auto* mounts = host.if_contains("Mounts");
    if (mounts == nullptr) return;
    for (auto& mount : host["Mounts"].as_array()) {
      if (auto* options = mount.as_object().if_contains("VolumeOptions")) {
        options->as_object().erase("Subpath");
      }
    }
  }

  static constexpr const char* inspected = R"({"Id":"ab12","Name":"/c","Image":"sha256:01",
    "ImageManifestDescriptor":{"mediaType":"m","digest":"sha256:1","size":1},
    "State":{"Status":"running","Running":true,"OOMKilled":false,"Pid":7,"ExitCode":0,"Error":"",
             "StartedAt":"2026-01-02T03:04:05.6Z","FinishedAt":"0001-01-01T00:00:00Z",
             "Health":{"Status":"starting"}},
    "Config":{"Tty":false,"Labels":{"a":"b"}},
    "HostConfig":{"Memory":67108864,"MemorySwap":-1,"CpuQuota":0,"Annotations":{"x":"y"}},
    "NetworkSettings":{"Networks":{"bridge":{"Aliases":null,"DNSNames":["c"],"GwPriority":0}}}})";
  static constexpr const char* image = R"({"Id":"sha256:01","Descriptor":{"digest":"sha256:01"},
    "Config":{"ExposedPorts":{"80/tcp":{}}},"Manifests":[]})";
  static constexpr const char* pulled =
      "{\"status\":\"Pulling from a\",\"id\":\"1\"}\n"
      "{\"errorDetail\":{\"message\":\"manifest unknown\"}}\n";

  std::mutex mutex_;
  Kept kept_;  // guarded by mutex_
  Server server_;
};

json::object body_with(const std::string& fields) {
  return json::parse(R"({"Image":"a",)" + fields + "}").as_object();
}

}  // namespace

TEST_CASE("a daemon that refuses older versions is spoken to in its oldest one", "[docker]") {
  NewerDaemon daemon;
  auto client = daemon.client();
  const auto facts = client.inspect("c");
  REQUIRE(facts.ok());
  CHECK(client.api_version() == "1.44");
  CHECK(facts.value().status == "running");
  CHECK(facts.value().pid == 7);
  CHECK(facts.value().started);
  CHECK(facts.value().memory_limit == 67108864);
  CHECK(facts.value().swap_limit == -1);
  CHECK(client.inspect("gone").failed_with(Fault::not_found));
  const auto listed = client.list("a", "b");
  REQUIRE(listed.ok());
  CHECK(listed.value().at(0).name == "c");
  CHECK(client.has_image("a:1").value());
  CHECK_FALSE(client.has_image("none:1").value());
  CHECK(client.exposed_ports("a:1").value() == ExposedPorts{{80, {"tcp"}}});
  CHECK(client.update("c", {}).ok());
}

TEST_CASE("a pull that a newer daemon fails reports the detail alone", "[docker]") {
  NewerDaemon daemon;
  auto client = daemon.client();
  const auto failed = client.pull("a:1", {}, -1, nullptr);
  REQUIRE(failed.failed_with(Fault::not_found));
  CHECK_THAT(failed.failure().text, Catch::Contains("manifest unknown"));
}

TEST_CASE("a limit that a newer daemon would ignore is refused", "[docker]") {
  NewerDaemon daemon;
  auto client = daemon.client();
  const auto refused = client.create("c", body_with(R"("HostConfig":{"KernelMemory":4194304})"));
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK_THAT(refused.failure().text, Catch::Contains("KernelMemory"));
  CHECK(client.create("c", body_with(R"("HostConfig":{"KernelMemory":0})")).ok());
}

TEST_CASE("a MAC address belongs to the network of a newer daemon", "[docker]") {
  NewerDaemon daemon;
  auto client = daemon.client();
  const auto body =
      body_with(R"("MacAddress":"92:d0:c6:0a:29:33","HostConfig":{"NetworkMode":"bridge"},
                   "NetworkingConfig":{"EndpointsConfig":{"bridge":{"Links":["a"]}}})");
  REQUIRE(client.create("c", body).ok());
  const auto created = daemon.created().body;
  CHECK_FALSE(created.contains("MacAddress"));
  CHECK(created.at("NetworkingConfig") == json::parse(R"({"EndpointsConfig":{"bridge":
      {"Links":["a"],"MacAddress":"92:d0:c6:0a:29:33"}}})"));
}

TEST_CASE("a newer version is used only where a field needs it", "[docker]") {
  NewerDaemon daemon;
  auto client = daemon.client();
  REQUIRE(client.create("c", body_with(R"("HostConfig":{"Annotations":{"a":"b"}})")).ok());
  CHECK(daemon.created().minor == 44);
  const auto body =
      body_with(R"("HostConfig":{"Mounts":[{"Type":"volume","VolumeOptions":{"Subpath":"a"}}]})");
  REQUIRE(client.create("c", body).ok());
  CHECK(daemon.created().minor == 45);
  CHECK(daemon.created().body == body);
  REQUIRE(client
              .create("c", body_with(R"("HostConfig":{},"NetworkingConfig":
                  {"EndpointsConfig":{"n":{"GwPriority":1}}})"))
              .ok());
  CHECK(daemon.created().minor == 48);
  CHECK(client.api_version() == "1.44");
}

TEST_CASE("what a newer daemon needs is known by its field") {
  const auto needed = [](const std::string& fields) {
    const auto api = needed_api(body_with(fields));
    return std::to_string(api.minor) + " " + api.what;
  };
  CHECK(needed(R"("HostConfig":{})") == "0 ");
  CHECK(needed(R"("HostConfig":{"Annotations":{"a":"b"}})") == "43 --annotation (Annotations)");
  CHECK(needed(R"("Healthcheck":{"StartInterval":1})") ==
        "44 --health-start-interval (StartInterval)");
  CHECK(needed(R"("HostConfig":{"Mounts":[{},{"BindOptions":{"ReadOnlyNonRecursive":true}}]})") ==
        "44 --mount bind-recursive (ReadOnlyNonRecursive)");
  CHECK(needed(R"("NetworkingConfig":{"EndpointsConfig":{"n":{"MacAddress":"x"}}})") ==
        "44 --network mac-address (MacAddress)");
}

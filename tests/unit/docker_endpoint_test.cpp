#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "engine/docker/transport/endpoint.h"

using namespace containerizer;

TEST_CASE("Endpoints are read in every supported form", "[docker][endpoint]") {
  const std::pair<std::string, std::string> rows[] = {
      {"unix:///run/docker.sock", "unix:///run/docker.sock"},
      {"unix://", "unix:///var/run/docker.sock"},
      {"tcp://127.0.0.1:4243", "tcp://127.0.0.1:4243"},
      {"tcp://127.0.0.1", "tcp://127.0.0.1:2375"},
      {"tcp://127.0.0.1:4243/", "tcp://127.0.0.1:4243"},
      {"10.1.2.3:99", "tcp://10.1.2.3:99"},
      {"localhost", "tcp://localhost:2375"},
      {"tcp://[::1]:5", "tcp://[::1]:5"},
      {"tcp://[::1]", "tcp://[::1]:2375"},
  };
  for (const auto& [host, text] : rows) {
    INFO(host);
    const auto endpoint = parse_endpoint(host);
    REQUIRE(endpoint.ok());
    CHECK(endpoint.value().text() == text);
  }
  for (const std::string host :
       {"unix://relative", "ssh://host", "fd://", "http://127.0.0.1", "tcp://some.host:2375",
        "tcp://127.0.0.1:0", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:1x",
        "tcp://127.0.0.1:", "tcp://", "tcp://[::1", ""}) {
    INFO(host);
    const auto endpoint = parse_endpoint(host);
    REQUIRE(endpoint.failed_with(Fault::refused));
    CHECK(endpoint.failure().text.find("'" + host + "'") != std::string::npos);
  }
  CHECK(parse_endpoint("unix:///" + std::string(107, 'x')).failed_with(Fault::refused));
  CHECK(parse_endpoint("unix:///" + std::string(106, 'x')).ok());
}

TEST_CASE("A daemon's name is looked up only in the hosts file", "[docker][endpoint]") {
  const std::string hosts =
      "127.0.0.1\tlocalhost\n"
      "# 10.0.0.1 commented\n"
      "10.0.0.2  one.example two # three\n"
      "nonsense two-again\n"
      "10.0.0.3 two\n"
      "fd00::5 six";
  const auto address_of = [&](const std::string& host) {
    const auto endpoint = parse_endpoint(host, hosts);
    return endpoint.ok() ? endpoint.value().address : "";
  };
  CHECK(address_of("tcp://one.example:1") == "10.0.0.2");
  CHECK(address_of("two") == "10.0.0.2");
  CHECK(address_of("tcp://six:1") == "fd00::5");
  CHECK(parse_endpoint("tcp://six:1", hosts).value().text() == "tcp://six:1");
  for (const auto* unknown : {"three", "commented", "one", "two-again", "10.0.0", "#"}) {
    INFO(unknown);
    CHECK(address_of(unknown).empty());
  }
}

TEST_CASE("An address that cannot be a daemon's is refused with a message", "[docker][endpoint]") {
  CHECK(parse_endpoint("ssh://me@there").failure().text ==
        "'ssh://me@there': ssh:// is not supported; use unix:///path, or tcp://HOST:PORT "
        "(with TLS if needed)");
}

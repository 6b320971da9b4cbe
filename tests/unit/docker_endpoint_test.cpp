#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "engine/docker/endpoint.h"

using namespace containerizer;

namespace {

std::string chosen(const std::map<std::string, std::string>& environment) {
  const auto endpoint = choose_endpoint(environment);
  return endpoint.ok() ? endpoint.value().text() : "! " + endpoint.failure().text;
}

std::string with_arguments(const std::string& arguments) {
  return chosen({{"CONTAINERIZER_DOCKER_ARGS", arguments}});
}

}  // namespace

TEST_CASE("Endpoints are read in every supported form", "[docker][endpoint]") {
  const std::pair<std::string, std::string> rows[] = {
      {"unix:///run/docker.sock", "unix:///run/docker.sock"},
      {"unix://", "unix:///var/run/docker.sock"},
      {"tcp://127.0.0.1:4243", "tcp://127.0.0.1:4243"},
      {"tcp://127.0.0.1", "tcp://127.0.0.1:2375"},
      {"tcp://127.0.0.1:4243/", "tcp://127.0.0.1:4243"},
      {"10.1.2.3:99", "tcp://10.1.2.3:99"},
      {"localhost", "tcp://127.0.0.1:2375"},
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

TEST_CASE("The options of docker name the daemon before DOCKER_HOST does", "[docker][endpoint]") {
  CHECK(chosen({}) == "unix:///var/run/docker.sock");
  CHECK(chosen({{"DOCKER_HOST", "tcp://10.0.0.1:1"}}) == "tcp://10.0.0.1:1");
  CHECK(chosen({{"DOCKER_HOST", "tcp://10.0.0.1:1"},
                {"CONTAINERIZER_DOCKER_ARGS", "-H tcp://10.0.0.2:2"}}) == "tcp://10.0.0.2:2");
  CHECK(chosen({{"DOCKER_HOST", "tcp://10.0.0.1:1"}, {"CONTAINERIZER_DOCKER_ARGS", "-D"}}) ==
        "tcp://10.0.0.1:1");
  for (const std::string arguments :
       {"-H unix:///s", "-H=unix:///s", "-Hunix:///s", "--host unix:///s", "--host=unix:///s",
        "-D --host 'unix:///s'", "--debug=false -l debug -H unix:///s",
        "--log-level=info -ldebug --log-level debug -H \"unix:///s\""}) {
    INFO(arguments);
    CHECK(with_arguments(arguments) == "unix:///s");
  }
}

TEST_CASE("Options that cannot be honoured are refused by name", "[docker][endpoint]") {
  const std::pair<std::string, std::string> rows[] = {
      {"--tlsverify", "--tlsverify is not supported"},
      {"--tls=true", "--tls is not supported"},
      {"--tlscacert /ca", "--tlscacert is not supported"},
      {"--config=/x", "--config is not supported"},
      {"-c other", "-c is not supported"},
      {"--context=other", "--context is not supported"},
      {"--frobnicate=1", "unknown option '--frobnicate'"},
      {"-x", "unknown option '-x'"},
      {"-", "unknown option '-'"},
      {"ps", "unknown option 'ps'"},
      {"-H", "-H lacks its value"},
      {"-H unix:///a -H unix:///b", "more than once"},
      {"'", "not closed"},
      {"-H ssh://x", "'ssh://x'"},
  };
  for (const auto& [arguments, text] : rows) {
    INFO(arguments);
    const std::string answer = with_arguments(arguments);
    CHECK(answer.starts_with("! CONTAINERIZER_DOCKER_ARGS: "));
    CHECK(answer.find(text) != std::string::npos);
  }
  CHECK(chosen({{"DOCKER_HOST", "ssh://x"}}).starts_with("! DOCKER_HOST: "));
  CHECK(chosen({{"DOCKER_HOST", "tcp://10.0.0.1"}, {"DOCKER_TLS_VERIFY", "1"}})
            .starts_with("! DOCKER_TLS_VERIFY: "));
}

// A Docker daemon behind TLS, and the failures of such connections.
#include <netinet/in.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "engine/docker/client.h"
#include "host/fd.h"
#include "tests/integration/certificates.h"
#include "tests/integration/daemon.h"
#include "tests/integration/direct_launch.h"

using namespace containerizer;
using namespace containerizer::integration;
using Catch::Contains;

namespace {

TlsSettings settings_in(const fs::path& certificates) {
  return {true, certificates / "ca.pem", certificates / "cert.pem", certificates / "key.pem"};
}

DockerClient client_of(const std::string& host, const TlsSettings& tls,
                       Duration deadline = Duration(30'000)) {
  ClientSettings settings;
  settings.endpoint = parse_endpoint(host).value();
  settings.endpoint.tls = tls;
  settings.call_deadline = deadline;
  return DockerClient(settings);
}

// "yes" or "no" if a daemon has replied whether it has the image; otherwise the failure's message.
std::string answer_to(const std::string& host, const TlsSettings& tls,
                      Duration deadline = Duration(30'000)) {
  auto client = client_of(host, tls, deadline);
  const auto images = client.has_image("busybox:test");
  return images.ok() ? (images.value() ? "yes" : "no") : images.failure().text;
}

std::string address(int port, const std::string& host = "127.0.0.1") {
  return "tcp://" + host + ":" + std::to_string(port);
}

// A server that accepts connections but never sends anything.
class Silence {
 public:
  Silence() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), port_(free_port()) {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    here.sin_port = htons(static_cast<std::uint16_t>(port_));
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&here), sizeof here) == 0);
    REQUIRE(::listen(socket_.get(), 8) == 0);
  }
  int port() const { return port_; }

 private:
  Fd socket_;
  int port_;
};

// A TLS server with a certificate, run by openssl.
class TlsServer {
 public:
  explicit TlsServer(const fs::path& certificates)
      : port_(free_port()),
        process_({"openssl", "s_server", "-quiet", "-accept", "127.0.0.1:" + std::to_string(port_),
                  "-cert", certificates / "cert.pem", "-key", certificates / "key.pem"}) {
    eventually("the server listens", [&] {
      return answer_to(address(port_), {}).find("no connection") == std::string::npos;
    });
  }
  int port() const { return port_; }

 private:
  int port_;
  Child process_;
};

}  // namespace

TEST_CASE("task through a daemon with TLS", "[dockerd]") {
  const Authority authority;
  const TlsListener listener(authority.certify("daemon", "IP:127.0.0.1,DNS:localhost"));
  const auto client = authority.certify("client", "DNS:client");
  WorkDirectory place;
  place.set("HOME", place.scratch() / "home");
  place.set("DOCKER_HOST", "");
  place.set("CONTAINERIZER_DOCKER_ARGS", "");

  SECTION("by options") {
    place.set("CONTAINERIZER_DOCKER_ARGS",
              "-H " + address(listener.port()) + " --tlsverify --tlscacert " +
                  (client / "ca.pem").string() + " --tlscert " + (client / "cert.pem").string() +
                  " --tlskey " + (client / "key.pem").string());
  }
  SECTION("by variables, and the daemon's name") {
    place.set("DOCKER_HOST", address(listener.port(), "localhost"));
    place.set("DOCKER_TLS_VERIFY", "1");
    place.set("DOCKER_CERT_PATH", client);
  }
  SECTION("by a docker context") {
    const auto configuration = place.scratch() / "configuration";
    output_of({"docker", "--config", configuration, "context", "create", "there", "--docker",
               "host=" + address(listener.port()) + ",ca=" + (client / "ca.pem").string() +
                   ",cert=" + (client / "cert.pem").string() +
                   ",key=" + (client / "key.pem").string()});
    place.set("CONTAINERIZER_DOCKER_ARGS", "--config " + configuration.string() + " -c there");
  }
  const auto sandbox =
      start_directly(place, "c1", "seq 1 100000; echo end >&2; " + std::string(until_go));
  write_file(sandbox / "go", "");
  CHECK(end_of(place, "c1").status() == 7 << 8);
  CHECK((read_file(sandbox / "stdout") == output_of({"seq", "1", "100000"}) + "\n"));
  CHECK_THAT(read_file(sandbox / "stderr"), Contains("end\n"));

  start_directly(place, "c2", stubborn);
  CHECK(place.call_for("destroy", "c2").status == 0);
  CHECK(place.docker_containers().empty());
}

TEST_CASE("certificates that do not match", "[dockerd]") {
  const Authority authority;
  const Authority stranger;
  const TlsListener listener(authority.certify("daemon", "IP:127.0.0.1"));
  const auto here = address(listener.port());
  const auto ours = settings_in(authority.certify("client", "DNS:client"));
  const auto others = settings_in(stranger.certify("client", "DNS:client"));
  const auto change = [&](auto... changes) {
    auto tls = ours;
    (changes(tls), ...);
    return tls;
  };
  const auto answer = [&](const TlsSettings& tls) { return answer_to(here, tls); };
  REQUIRE(answer(ours) == "yes");

  const auto strange_ca = [&](TlsSettings& tls) { tls.ca = others.ca; };
  CHECK(answer(change(strange_ca)) ==
        "cannot inspect image busybox:test: no TLS with the Docker daemon at " + here +
            ": its certificate is not signed by the CA in " + others.ca);
  CHECK(answer(change(strange_ca, [](TlsSettings& tls) { tls.verify = false; })) == "yes");
  CHECK_THAT(answer(change([](TlsSettings& tls) { tls.ca = ""; })),
             Contains("its certificate is not signed by any CA that this host trusts"));
  CHECK_THAT(answer_to(address(listener.port(), "localhost"), ours),
             Contains("its certificate is not for localhost"));
  CHECK_THAT(answer(change([](TlsSettings& tls) { tls.key = ""; })),
             Contains("it asks for a certificate, and there is none to show"));
  CHECK_THAT(answer(change([&](TlsSettings& tls) {
               tls.certificate = others.certificate;
               tls.key = others.key;
             })),
             Contains("it does not accept the certificate in " + others.certificate));
  CHECK_THAT(answer(change([&](TlsSettings& tls) { tls.key = others.key; })),
             Contains("cannot take the key of " + ours.certificate + " from " + others.key));

  const auto nonsense = fs::path(others.ca).parent_path() / "nonsense";
  write_file(nonsense, "nonsense");
  for (auto file : {&TlsSettings::ca, &TlsSettings::certificate, &TlsSettings::key}) {
    const auto text = answer(change([&](TlsSettings& tls) { tls.*file = nonsense; }));
    CHECK_THAT(text, Contains(" from " + nonsense.string()));
    CHECK(text.find('\n') == std::string::npos);
  }

  ClientSettings settings;
  settings.endpoint = parse_endpoint(here).value();
  DockerClient plain(settings);
  const auto image = plain.has_image("busybox:test");
  REQUIRE(image.failed_with(Fault::unavailable));
  CHECK_THAT(image.failure().text, Contains("does not take requests without TLS"));
}

TEST_CASE("certificates that are renewed while a client exists, and a daemon that restarts",
          "[dockerd]") {
  const Authority authority;
  const TlsListener listener(authority.certify("daemon", "IP:127.0.0.1"));
  const auto files = authority.certify("client", "DNS:client", -1);
  auto client = client_of(address(listener.port()), settings_in(files));
  const auto expired = client.has_image("busybox:test");
  REQUIRE(expired.failed_with(Fault::unavailable));
  CHECK_THAT(expired.failure().text, Contains("it does not accept the certificate in"));
  authority.certify("client", "DNS:client");
  CHECK(client.has_image("busybox:test").ok());
  { const DeadDaemon start_again; }
  CHECK(client.has_image("busybox:test").ok());
}

TEST_CASE("servers that are not a daemon with TLS") {
  const Authority authority;
  const auto tls = settings_in(authority.certify("client", "DNS:client"));

  SECTION("one that never answers") {
    const Silence silence;
    CHECK_THAT(answer_to(address(silence.port()), tls, Duration(300)),
               Contains("it did not complete the handshake within 0.3 s"));
  }
  SECTION("one whose certificate has expired") {
    const TlsServer server(authority.certify("server", "IP:127.0.0.1", -1));
    CHECK_THAT(answer_to(address(server.port()), tls),
               Contains("its certificate is not accepted: certificate has expired"));
  }
  SECTION("one that speaks plain HTTP") {
    const WorkDirectory place;
    const Registry registry(place);
    CHECK_THAT(answer_to("tcp://" + registry.address(), tls),
               Contains("what listens there does not speak TLS"));
  }
}

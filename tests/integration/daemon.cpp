#include "tests/integration/daemon.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <random>

namespace containerizer::integration {
namespace {

std::string daemon_directory() {
  const char* directory = std::getenv("TEST_DOCKER_DIR");
  if (directory == nullptr) FAIL("this test needs a private daemon: run it with bin/daemon");
  return directory;
}

pid_t daemon_pid() { return std::stoi(read_file(daemon_directory() + "/docker.pid")); }

bool is_alive(pid_t pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  return !stat.empty() && stat.find(") Z ") == std::string::npos;
}

void tell_daemon(const char* verb) {
  output_of({SOURCE_DIR "/bin/daemon", verb, daemon_directory()});
}

void set_live_restore(bool wanted) {
  const std::string value = wanted ? "true" : "false";
  write_file(daemon_directory() + "/daemon.json", R"({"live-restore": )" + value + "}");
  ::kill(daemon_pid(), SIGHUP);
  eventually("the daemon has read its configuration", [&] {
    return docker({"info", "-f", "{{.LiveRestoreEnabled}}"}) == value;
  });
}

// All threads are stopped: they keep running until one of them has handled the signal.
bool is_stopped(pid_t pid) {
  const fs::directory_iterator threads("/proc/" + std::to_string(pid) + "/task");
  return std::all_of(begin(threads), end(threads), [](const auto& thread) {
    return read_file(thread.path() / "stat").find(") T ") != std::string::npos;
  });
}

// The user's password is "secret".
constexpr const char* htpasswd =
    "user:$2b$04$obAtM2My71s7YysM31VtSOESbamZ5gewl.GgDoVdhNezV3xWEAkVa\n";

void make_certificate(const fs::path& certificate, const fs::path& key) {
  const auto made =
      run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
           "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate});
  INFO(made.err);
  REQUIRE(made.status == 0);
}

// Writes the registry's configuration and returns its path.
fs::path configure_registry(const WorkDirectory& place, const std::string& address,
                            const Registry::Access& access) {
  const auto& there = place.scratch();
  std::string text = "version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: " +
                     (there / "registry").string() + "}}\nhttp:\n  addr: " + address + "\n";
  if (access.is_encrypted) {
    make_certificate(there / "registry.crt", there / "registry.key");
    text += "  tls: {certificate: " + (there / "registry.crt").string() +
            ", key: " + (there / "registry.key").string() + "}\n";
  }
  if (access.is_private) {
    write_file(there / "htpasswd", htpasswd);
    text += "auth: {htpasswd: {realm: here, path: " + (there / "htpasswd").string() + "}}\n";
  }
  write_file(there / "registry.yml", text);
  return there / "registry.yml";
}

}  // namespace

bool daemon_is_podman() { return read_file(daemon_directory() + "/kind") == "podman\n"; }

FrozenDaemon::FrozenDaemon() : pid_(daemon_pid()) {
  ::kill(pid_, SIGSTOP);
  eventually("the daemon has stopped", [&] { return is_stopped(pid_); });
}
FrozenDaemon::~FrozenDaemon() { ::kill(pid_, SIGCONT); }

DeadDaemon::DeadDaemon(int signal) {
  const auto pid = daemon_pid();
  ::kill(pid, signal);
  eventually("the daemon is dead", [&] { return !is_alive(pid); });
}

DeadDaemon::~DeadDaemon() {
  const auto started = run({SOURCE_DIR "/bin/daemon", "start", daemon_directory()});
  INFO(started.err);
  CHECK(started.status == 0);
}

void DeadDaemon::wipe() const { tell_daemon("wipe"); }
void DeadDaemon::cut_power() const { tell_daemon("halt"); }

NoLiveRestore::NoLiveRestore() { set_live_restore(false); }
NoLiveRestore::~NoLiveRestore() { set_live_restore(true); }

ConfiguredDaemon::ConfiguredDaemon(const std::string& members) {
  const DeadDaemon dead(SIGTERM);
  write_file(daemon_directory() + "/daemon.json", "{\"live-restore\": true, " + members + "}");
}
ConfiguredDaemon::~ConfiguredDaemon() {
  const DeadDaemon dead(SIGTERM);
  write_file(daemon_directory() + "/daemon.json", "{\"live-restore\": true}");
}

// The kernel and other programs choose among the ports from 32,768 on, and a slave offers those
// from 31,000 on. One of these could be taken again before the caller uses it.
int free_port() {
  std::random_device random;
  std::uniform_int_distribution<int> ports(10'000, 29'999);
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (;;) {
    const int port = ports(random);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(socket.get(), generic, sizeof address) == 0) return port;
    REQUIRE(errno == EADDRINUSE);
  }
}

TlsListener::TlsListener(const fs::path& certificates) : port_(free_port()) {
  write_file(daemon_directory() + "/options",
             "-H tcp://127.0.0.1:" + std::to_string(port_) + " --tlsverify --tlscacert " +
                 (certificates / "ca.pem").string() + " --tlscert " +
                 (certificates / "cert.pem").string() + " --tlskey " +
                 (certificates / "key.pem").string());
  const DeadDaemon start_again(SIGTERM);
}

TlsListener::~TlsListener() {
  fs::remove(daemon_directory() + "/options");
  const DeadDaemon start_again(SIGTERM);
}

Registry::Registry(const WorkDirectory& place, Access access)
    : address_("127.0.0.1:" + std::to_string(free_port())),
      image_(address_ + "/busybox:pulled"),
      unknown_(address_ + "/nothing:1"),
      process_({"docker-registry", "serve", configure_registry(place, address_, access)}) {
  docker({"tag", "busybox:test", image_});
  const auto config = place.scratch() / "docker-config";
  fs::create_directory(config);
  write_file(config / "config.json", login());
  const char* host = std::getenv("TEST_DOCKER_HOST");
  eventually("the registry has the image", [&] {
    return run({"docker", "--config", config, "-H", host, "push", "-q", image_}).status == 0;
  });
  forget_image();
}

Registry::~Registry() {
  thaw();
  const char* host = std::getenv("TEST_DOCKER_HOST");
  run({"docker", "-H", host, "rmi", "-f", image_});
}

std::string Registry::login() const {
  return "{\"auths\": {\"" + address_ + "\": {\"auth\": \"" + packed_login + "\"}}}";
}

void Registry::forget_image() const { docker({"rmi", image_}); }
void Registry::freeze() const { ::kill(process_.pid(), SIGSTOP); }
void Registry::thaw() const {
  if (!process_.ended()) ::kill(process_.pid(), SIGCONT);
}
void Registry::die() { process_.kill_hard(); }

}  // namespace containerizer::integration

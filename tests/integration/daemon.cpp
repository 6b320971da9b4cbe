#include "tests/integration/daemon.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

namespace containerizer::integration {
namespace {

std::string engine_directory() {
  const char* directory = std::getenv("TEST_DOCKER_DIR");
  if (directory == nullptr) FAIL("this needs an engine of its own: run it by bin/engine");
  return directory;
}

pid_t daemon_pid() { return std::stoi(read_file(engine_directory() + "/docker.pid")); }

bool is_alive(pid_t pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  return !stat.empty() && stat.find(") Z ") == std::string::npos;
}

void tell_engine(const char* verb) {
  output_of({SOURCE_DIR "/bin/engine", verb, engine_directory()});
}

void set_live_restore(bool wanted) {
  const std::string value = wanted ? "true" : "false";
  write_file(engine_directory() + "/daemon.json", R"({"live-restore": )" + value + "}");
  ::kill(daemon_pid(), SIGHUP);
  eventually("the daemon has read its configuration", [&] {
    return docker({"info", "-f", "{{.LiveRestoreEnabled}}"}) == value;
  });
}

// With all threads: until the first of them has taken the signal, the others go on.
bool is_stopped(pid_t pid) {
  const fs::directory_iterator threads("/proc/" + std::to_string(pid) + "/task");
  return std::all_of(begin(threads), end(threads), [](const auto& thread) {
    return read_file(thread.path() / "stat").find(") T ") != std::string::npos;
  });
}

int free_port() {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(socket.get(), generic, size) == 0);
  REQUIRE(::getsockname(socket.get(), generic, &size) == 0);
  return ntohs(address.sin_port);
}

fs::path registry_config(const WorkDirectory& place, const std::string& address) {
  auto path = place.scratch() / "registry.yml";
  write_file(path, "version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: " +
                       (place.scratch() / "registry").string() + "}}\nhttp: {addr: " + address +
                       "}\n");
  return path;
}

}  // namespace

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
  const auto started = run({SOURCE_DIR "/bin/engine", "start", engine_directory()});
  INFO(started.err);
  CHECK(started.status == 0);
}

void DeadDaemon::wipe() const { tell_engine("wipe"); }
void DeadDaemon::cut_power() const { tell_engine("halt"); }

NoLiveRestore::NoLiveRestore() { set_live_restore(false); }
NoLiveRestore::~NoLiveRestore() { set_live_restore(true); }

Registry::Registry(const WorkDirectory& place)
    : image_("127.0.0.1:" + std::to_string(free_port())),
      process_({"docker-registry", "serve", registry_config(place, image_)}) {
  unknown_ = image_ + "/nothing:1";
  image_ += "/busybox:pulled";
  docker({"tag", "busybox:test", image_});
  const char* host = std::getenv("TEST_DOCKER_HOST");
  eventually("the registry takes the image", [&] {
    return run({"docker", "-H", host, "push", "-q", image_}).status == 0;
  });
  docker({"rmi", image_});
}

Registry::~Registry() {
  thaw();
  const char* host = std::getenv("TEST_DOCKER_HOST");
  run({"docker", "-H", host, "rmi", "-f", image_});
}

void Registry::freeze() const { ::kill(process_.pid(), SIGSTOP); }
void Registry::thaw() const { ::kill(process_.pid(), SIGCONT); }

}  // namespace containerizer::integration

// The client against a real Docker daemon (TEST_DOCKER_HOST), which has the image busybox:test.
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "engine/docker/client.h"
#include "host/fd.h"

using namespace containerizer;
namespace json = boost::json;

namespace {

constexpr const char* image_call = "busybox:test";
constexpr const char* label = "containerizer-client-test";

ClientSettings settings() {
  const char* host = std::getenv("TEST_DOCKER_HOST");
  if (host == nullptr) FAIL("TEST_DOCKER_HOST must name a Docker daemon for tests");
  const auto endpoint = parse_endpoint(host);
  REQUIRE(endpoint.ok());
  ClientSettings result;
  result.endpoint = endpoint.value();
  return result;
}

std::string text_of(const Status& status) { return status.ok() ? "done" : status.failure().text; }

json::object running(const std::string& script) {
  return {{"Image", image_call},
          {"Cmd", json::array{"/bin/sh", "-c", script}},
          {"Labels", {{label, "yes"}}},
          {"NetworkDisabled", true}};
}

// A container that the destructor removes.
class Subject {
 public:
  explicit Subject(Docker& docker, const json::object& body) : docker_(docker) {
    static int number = 0;
    name_ = "client-test-" + std::to_string(::getpid()) + "-" + std::to_string(++number);
    const auto id = docker_.create(name_, body);
    INFO((id.ok() ? "" : id.failure().text));
    REQUIRE(id.ok());
    id_ = id.value();
  }
  ~Subject() { CHECK(docker_.remove(name_).ok()); }

  const std::string& name() const { return name_; }
  const std::string& id() const { return id_; }
  ContainerFacts facts() const {
    const auto facts = docker_.inspect(name_);
    REQUIRE(facts.ok());
    return facts.value();
  }
  void start() const { REQUIRE(text_of(docker_.start(name_)) == "done"); }
  void await_end() const {
    auto stream = docker_.open_exit_stream(name_);
    REQUIRE(stream.ok());
    for (;;) {
      const auto ended = stream.value()->ended();
      INFO((ended.ok() ? "" : ended.failure().text));
      REQUIRE(ended.ok());
      if (ended.value()) return;
      pollfd watched{stream.value()->fd(), POLLIN, 0};
      REQUIRE(::poll(&watched, 1, 60'000) == 1);
    }
  }

 private:
  Docker& docker_;
  std::string name_;
  std::string id_;
};

// Everything up to the stream's end, which must be a proper one.
struct Attached {
  std::string out;
  std::string err;
};

Attached read_all(Result<std::unique_ptr<Attachment>> attached) {
  REQUIRE(attached.ok());
  Attached read;
  for (;;) {
    const auto piece = attached.value()->next();
    if (!piece.ok()) {
      INFO(piece.failure().text);
      REQUIRE(piece.failure().fault == Fault::not_found);
      return read;
    }
    if (piece.value()) {
      (piece.value()->stream == OutputStream::out ? read.out : read.err) += piece.value()->bytes;
      continue;
    }
    pollfd watched{attached.value()->fd(), POLLIN, 0};
    REQUIRE(::poll(&watched, 1, 60'000) == 1);
  }
}

std::vector<LogEntry> read_all(Result<std::unique_ptr<LogReader>> stream) {
  REQUIRE(stream.ok());
  std::vector<LogEntry> entries;
  for (;;) {
    const auto entry = stream.value()->next();
    if (!entry.ok()) {
      INFO(entry.failure().text);
      REQUIRE(entry.failure().fault == Fault::not_found);
      return entries;
    }
    if (entry.value()) {
      entries.push_back(*entry.value());
      continue;
    }
    pollfd watched{stream.value()->fd(), POLLIN, 0};
    REQUIRE(::poll(&watched, 1, 60'000) == 1);
  }
}

std::string joined(const std::vector<LogEntry>& entries, OutputStream stream) {
  std::string text;
  for (const auto& entry : entries) {
    if (entry.stream == stream) text += entry.bytes;
  }
  return text;
}

}  // namespace

TEST_CASE("A container lives from create to remove", "[dockerd][docker]") {
  DockerClient docker(settings());
  REQUIRE(text_of(docker.ping()) == "done");
  REQUIRE(docker.has_image(image_call).value());
  json::object body = running("echo out; echo err >&2; exit 7");
  body["StopSignal"] = "SIGQUIT";
  std::string name;
  {
    const Subject subject(docker, body);
    name = subject.name();
    CHECK(docker.api_version() == "1.41");
    CHECK(subject.id().size() == 64);
    const ContainerFacts created = subject.facts();
    CHECK(created.id == subject.id());
    CHECK(created.name == name);
    CHECK(created.status == "created");
    CHECK_FALSE(created.started);
    CHECK(created.labels == std::map<std::string, std::string>{{label, "yes"}});
    CHECK(created.stop_signal == "SIGQUIT");
    CHECK(docker.create(name, body).failed_with(Fault::conflict));

    subject.start();
    subject.await_end();
    const ContainerFacts ended = subject.facts();
    CHECK(ended.status == "exited");
    CHECK(ended.started);
    CHECK(ended.exit_code == 7);
    CHECK_FALSE(ended.finished_at.empty());
    CHECK(docker.kill(name, "SIGTERM").ok());

    const auto output = read_all(docker.read_log(name, "", 0));
    CHECK(joined(output, OutputStream::out) == "out\n");
    CHECK(joined(output, OutputStream::err) == "err\n");

    const auto list = docker.list(label, "yes");
    REQUIRE(list.ok());
    const auto listed = std::find_if(list.value().begin(), list.value().end(),
                                     [&](const auto& facts) { return facts.name == name; });
    REQUIRE(listed != list.value().end());
    CHECK(listed->id == subject.id());
    CHECK(listed->status == "exited");
    CHECK(docker.list(label, "no").value().empty());
  }
  CHECK(docker.inspect(name).failed_with(Fault::not_found));
  CHECK(docker.remove(name).ok());
  CHECK(docker.kill(name, "15").ok());
  CHECK(docker.start(name).failed_with(Fault::not_found));
  CHECK(docker.update(name, {}).failed_with(Fault::not_found));
  CHECK(docker.read_log(name, "", 0).failed_with(Fault::not_found));
  auto watch = docker.open_exit_stream(name);
  REQUIRE(watch.ok());
  pollfd watched{watch.value()->fd(), POLLIN, 0};
  REQUIRE(::poll(&watched, 1, 60'000) == 1);
  CHECK(watch.value()->ended().failed_with(Fault::not_found));
}

TEST_CASE("A running container starts once, is updated, and is killed", "[dockerd][docker]") {
  DockerClient docker(settings());
  const Subject subject(docker, running("exec sleep 1000"));
  subject.start();
  subject.start();
  CHECK(subject.facts().status == "running");
  CHECK(subject.facts().pid > 0);
  CHECK(text_of(docker.update(subject.name(), {{"CpuShares", 512}})) == "done");
  CHECK(docker.kill(subject.name(), "NONSENSE").failed_with(Fault::refused));
  CHECK(text_of(docker.kill(subject.name(), "SIGKILL")) == "done");
  subject.await_end();
  CHECK(subject.facts().exit_code == 137);
}

TEST_CASE("The daemon tells about itself, and which signals its clients have sent",
          "[dockerd][docker]") {
  DockerClient docker(settings());
  const auto info = docker.info();
  REQUIRE(info.ok());
  CHECK(info.value().live_restore);
  CHECK(info.value().api == docker.api_version());
  CHECK_FALSE(info.value().log_driver.empty());
  Subject subject(docker, running("trap : HUP; while :; do sleep 0.05; done"));
  subject.start();
  CHECK(text_of(docker.kill(subject.name(), "SIGHUP")) == "done");
  CHECK(text_of(docker.kill(subject.name(), "SIGKILL")) == "done");
  subject.await_end();
  const auto sent = docker.signals_sent(subject.facts());
  REQUIRE(sent.ok());
  CHECK(sent.value() == std::vector<int>{1, 9});
  Subject quiet(docker, running("exit 3"));
  quiet.start();
  quiet.await_end();
  CHECK(docker.signals_sent(quiet.facts()).value().empty());
}

TEST_CASE("A create or start that fails reports the daemon's reason", "[dockerd][docker]") {
  DockerClient docker(settings());
  json::object body = running("true");
  body["Image"] = "no-such-image:ever";
  const auto missing = docker.create("client-test-missing", body);
  REQUIRE(missing.failed_with(Fault::not_found));
  CHECK(missing.failure().text ==
        "cannot create container client-test-missing: No such image: no-such-image:ever");
  CHECK_FALSE(docker.has_image("no-such-image:ever").value());

  body = running("true");
  body["HostConfig"] = {{"Binds", json::array{"relative/path:/x"}}};
  CHECK(docker.create("client-test-bind", body).failed_with(Fault::refused));
  body = running("true");
  body["Env"] = json::array{"=hush"};
  const auto environment = docker.create("client-test-environment", body);
  REQUIRE(environment.failed_with(Fault::refused));
  CHECK(environment.failure().text.find("hush") == std::string::npos);

  body = running("true");
  body["Cmd"] = json::array{"/no/such/program"};
  const Subject subject(docker, body);
  const Status started = docker.start(subject.name());
  REQUIRE(started.failed_with(Fault::refused));
  CHECK(started.failure().text.find("/no/such/program") != std::string::npos);
  CHECK_FALSE(subject.facts().error.empty());
  CHECK_FALSE(subject.facts().started);
}

TEST_CASE("A start that needs another container or network is refused, not missing",
          "[dockerd][docker]") {
  DockerClient docker(settings());
  json::object body = running("true");
  body.erase("NetworkDisabled");
  body["HostConfig"] = {{"NetworkMode", "no-such-network"}};
  const Subject subject(docker, body);
  CHECK(docker.start(subject.name()).failed_with(Fault::refused));
}

TEST_CASE("An attachment gets all output, and the log can be read from any entry on",
          "[dockerd][docker]") {
  DockerClient docker(settings());
  const Subject subject(docker,
                        running("echo one; printf '\\377\\n' >&2; read x; echo \"got $x\""));
  auto attached = docker.attach(subject.name());
  REQUIRE(attached.ok());
  subject.start();
  const auto pieces = read_all(std::move(attached));
  CHECK(pieces.out == "one\ngot \n");
  CHECK(pieces.err == "\377\n");

  const auto all = read_all(docker.read_log(subject.name(), "", 0));
  REQUIRE(all.size() == 3);
  CHECK(all[0].timestamp.size() == 30);
  // The daemon may log the two streams in any order.
  const auto newest = std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.timestamp < b.timestamp;
  });
  const auto last = read_all(docker.read_log(subject.name(), newest->timestamp, 0));
  REQUIRE(last.size() == 1);
  CHECK(last[0].bytes == newest->bytes);
  CHECK(read_all(docker.read_log(subject.name(), "", 1)).size() == 1);
}

TEST_CASE("Long lines and binary output arrive byte for byte", "[dockerd][docker]") {
  DockerClient docker(settings());
  const std::string script =
      "head -c 100000 /dev/zero | tr '\\0' x; echo; printf 'a\\0b\\n'; seq 1 20000";
  std::string expected = std::string(100000, 'x') + "\n" + std::string("a\0b\n", 4);
  for (int i = 1; i <= 20000; ++i) expected += std::to_string(i) + "\n";
  const auto check = [&](const json::object& body) {
    const Subject subject(docker, body);
    auto attached = docker.attach(subject.name());
    REQUIRE(attached.ok());
    subject.start();
    CHECK((read_all(std::move(attached)).out == expected));
    const auto output = read_all(docker.read_log(subject.name(), "", 0));
    CHECK((joined(output, OutputStream::out) == expected));
    for (const auto& entry : output) CHECK_FALSE(entry.timestamp.empty());
  };
  SECTION("framed") { check(running(script)); }
  SECTION("with a terminal") {
    json::object body = running("stty -opost; " + script);
    body["Tty"] = true;
    check(body);
  }
}

TEST_CASE("Output without a readable log driver is refused", "[dockerd][docker]") {
  DockerClient docker(settings());
  json::object body = running("true");
  body["HostConfig"] = {{"LogConfig", {{"Type", "none"}}}};
  const Subject subject(docker, body);
  subject.start();
  auto stream = docker.read_log(subject.name(), "", 0);
  REQUIRE(stream.ok());
  for (;;) {
    const auto entry = stream.value()->next();
    if (entry.ok()) {
      REQUIRE_FALSE(entry.value().has_value());
      pollfd watched{stream.value()->fd(), POLLIN, 0};
      REQUIRE(::poll(&watched, 1, 60'000) == 1);
      continue;
    }
    INFO(entry.failure().text);
    CHECK(entry.failed_with(Fault::refused));
    break;
  }
}

TEST_CASE("A pull without a registry is refused with the daemon's message", "[docker]") {
  DockerClient docker(settings());
  const Status status = docker.pull("127.0.0.1:1/no/such:tag", {}, -1, nullptr);
  REQUIRE_FALSE(status.ok());
  INFO(status.failure().text);
  CHECK(status.failure().fault == Fault::refused);
  CHECK(status.failure().text.find("127.0.0.1:1") != std::string::npos);
}

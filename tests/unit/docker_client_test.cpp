// The client against a server that sends the replies of the test, valid or not.
#include <poll.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "docker_server.h"
#include "engine/docker/client.h"
#include "host/fd.h"

using namespace containerizer;

namespace {

constexpr Duration short_timeout{100};

// Polls the stream's descriptor as a caller does.
void await(int fd) {
  pollfd watched{fd, POLLIN, 0};
  REQUIRE(::poll(&watched, 1, 10'000) == 1);
}

Result<std::optional<LogEntry>> next_entry(LogReader& stream) {
  for (;;) {
    auto entry = stream.next();
    if (!entry.ok() || entry.value()) return entry;
    await(stream.fd());
  }
}

Result<bool> await_end(ExitStream& stream) {
  for (;;) {
    auto ended = stream.ended();
    if (!ended.ok() || ended.value()) return ended;
    await(stream.fd());
  }
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string plain = R"({"Id":"1","State":{"Status":"running"},"Config":{"Tty":false}})";

std::string frame(char stream, const std::string& text) {
  std::string bytes{stream, 0, 0, 0, 0, 0};
  bytes += static_cast<char>(text.size() >> 8);
  bytes += static_cast<char>(text.size());
  return bytes + text;
}

}  // namespace

TEST_CASE("No daemon: the text names the endpoint and the reason", "[docker][client]") {
  ClientSettings settings;
  settings.endpoint.address = "/nonexistent/docker.sock";
  DockerClient client(settings);
  const auto facts = client.inspect("x");
  REQUIRE(facts.failed_with(Fault::unavailable));
  CHECK(facts.failure().text ==
        "cannot inspect container x: no connection to the Docker daemon at "
        "unix:///nonexistent/docker.sock: No such file or directory; check that it listens there");
}

TEST_CASE("Replies that are not reliable are unavailable", "[docker][client]") {
  using Then = Reply::Then;
  const std::pair<std::string, Reply> rows[] = {
      {"not HTTP", {"SSH-2.0-OpenSSH\r\n\r\n", Then::keep}},
      {"nothing", {"", Then::close}},
      {"half a header", {"HTTP/1.1 200 OK\r\nContent-", Then::close}},
      {"half a body", {http(200, plain).substr(0, 70), Then::close}},
      {"half a chunk", {chunked_head + "FF\r\n{\"Id\":", Then::close}},
      {"a chunked body without its end", {chunked_head + chunk(plain), Then::close}},
      {"a body without length", {"HTTP/1.1 200 OK\r\n\r\n" + plain, Then::close}},
      {"too long a header",
       {"HTTP/1.1 200 OK\r\nX: " + std::string(80000, 'x') + "\r\n\r\n", Then::keep}},
      {"not JSON", {http(200, "<html>"), Then::keep}},
      {"other JSON", {http(200, "[1]"), Then::keep}},
      {"a redirection", {http(301, ""), Then::keep}},
      {"a server error", {message(500, "layer store broken"), Then::keep}},
  };
  for (const auto& [name, reply] : rows) {
    INFO(name);
    Server server({reply, reply});
    DockerClient client = server.client();
    const auto facts = client.inspect("x");
    REQUIRE(facts.failed_with(Fault::unavailable));
    CHECK(facts.failure().text.starts_with("cannot inspect container x: "));
    CHECK(facts.failure().text.find('\n') == std::string::npos);
    CHECK(facts.failure().text.size() < 500);
  }
}

TEST_CASE("A silent daemon costs no more than the deadline", "[docker][client]") {
  for (const std::string& partial :
       {std::string(), std::string("HTTP/1.1 200 OK\r\n"), chunked_head + "5\r\nhel"}) {
    Server server({Reply{partial}});
    DockerClient client = server.client(short_timeout);
    const auto much_later = deadline_in(Duration(10'000));
    const Status status = client.start("x");
    CHECK(time_left(much_later) > Duration::zero());
    REQUIRE(status.failed_with(Fault::unavailable));
    CHECK(contains(status.failure().text, "cannot start container x: the Docker daemon at unix://" +
                                              server.path() +
                                              " gave no complete answer within 0.1 s"));
  }
}

TEST_CASE("A full backlog costs no more than the deadline", "[docker][client]") {
  char directory[] = "/tmp/docker-client-test-XXXXXX";
  REQUIRE(mkdtemp(directory) != nullptr);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = std::string(directory) + "/s";
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener.get(), 0) == 0);
  const Fd first(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(first.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);

  ClientSettings settings;
  settings.endpoint.address = path;
  settings.call_deadline = short_timeout;
  DockerClient client(settings);
  CHECK(client.ping().failed_with(Fault::unavailable));
  std::filesystem::remove_all(directory);
}

TEST_CASE("Calls share one connection", "[docker][client]") {
  Server server({{http(200, plain)}, {http(204, "")}, {http(200, plain)}});
  DockerClient client = server.client();
  CHECK(client.inspect("x").ok());
  CHECK(client.start("x").ok());
  CHECK(client.inspect("x").ok());
  server.stop();
  CHECK(server.connections() == 1);
  CHECK(server.requests().at(0).starts_with("GET /v1.41/containers/x/json HTTP/1.1\r\n"));
  CHECK(server.requests().at(1).starts_with("POST /v1.41/containers/x/start HTTP/1.1\r\n"));
}

TEST_CASE("A keep-alive connection that the daemon has closed is replaced", "[docker][client]") {
  Server server({{http(200, plain), Reply::Then::close}, {http(204, "")}});
  DockerClient client = server.client();
  CHECK(client.inspect("x").ok());
  server.await_close();
  CHECK(client.start("x").ok());
  server.stop();
  CHECK(server.requests().size() == 2);
}

TEST_CASE("A request that may have been received is repeated only when it is a GET",
          "[docker][client]") {
  SECTION("GET") {
    Server server({{http(200, plain)}, {"", Reply::Then::close}, {http(200, plain)}});
    DockerClient client = server.client();
    CHECK(client.inspect("x").ok());
    CHECK(client.inspect("x").ok());
    server.stop();
    CHECK(server.requests().size() == 3);
  }
  SECTION("POST") {
    Server server({{http(200, plain)}, {"", Reply::Then::close}, {http(204, "")}});
    DockerClient client = server.client();
    CHECK(client.inspect("x").ok());
    CHECK(client.start("x").failed_with(Fault::unavailable));
    server.stop();
    CHECK(server.requests().size() == 2);
  }
}

TEST_CASE("The API version is ours, or the closest that the daemon supports", "[docker][client]") {
  const auto ping = [](const std::string& version) {
    return Reply{"HTTP/1.1 200 OK\r\nApi-Version: " + version + "\r\nContent-Length: 2\r\n\r\nOK"};
  };
  const auto range = [](const std::string& newest, const std::string& oldest) {
    return Reply{
        http(200, R"({"ApiVersion":")" + newest + R"(","MinAPIVersion":")" + oldest + "\"}")};
  };
  const Reply done{http(204, "")};
  const std::pair<std::vector<Reply>, std::string> rows[] = {
      {{ping("1.41"), done}, "1.41"},
      {{ping("1.24"), done}, "1.24"},
      {{ping("1.48"), range("1.48", "1.24"), done}, "1.41"},
      {{ping("1.52"), range("1.52", "1.44"), done}, "1.44"},
      {{ping("2.0"), range("2.0", "1.50"), done}, "1.50"},
      {{ping("1.48"), {http(200, R"({"ApiVersion":"1.48"})")}, done}, "1.41"},
  };
  for (const auto& [replies, version] : rows) {
    Server server(replies);
    ClientSettings settings;
    settings.endpoint.address = server.path();
    DockerClient client(settings);
    CHECK(client.api_version().empty());
    CHECK(client.start("x").ok());
    CHECK(client.api_version() == version);
  }
}

TEST_CASE("Old daemons are asked for their version, and refused if they are too old",
          "[docker][client]") {
  const Reply ping{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"};
  std::string where;
  const auto negotiated = [&](const std::string& version) {
    Server server({ping, {http(200, version)}, {http(204, "")}});
    where = server.path();
    ClientSettings settings;
    settings.endpoint.address = server.path();
    DockerClient client(settings);
    const Status status = client.start("x");
    return status.ok() ? client.api_version() : status.failure().text;
  };
  CHECK(negotiated(R"({"ApiVersion":"1.24"})") == "1.24");
  const auto too_old = negotiated(R"({"ApiVersion":"1.23"})");
  CHECK(too_old == "cannot start container x: the daemon at unix://" + where +
                       " has API version 1.23, but 1.24 is required; upgrade it to Docker 1.12 or "
                       "newer");
  CHECK(contains(negotiated("{}"), "did not report an API version"));
  CHECK(contains(negotiated("<html>"), "did not report an API version"));
}

TEST_CASE("An operation that is already done succeeds", "[docker][client]") {
  const auto server_of = [](const std::string& answer) { return std::vector<Reply>{{answer}}; };
  const std::string gone = message(404, "No such container: x");
  CHECK(Server(server_of(http(304, ""))).client().start("x").ok());
  CHECK(Server(server_of(gone)).client().start("x").failed_with(Fault::not_found));
  CHECK(Server(server_of(gone)).client().remove("x").ok());
  CHECK(Server(server_of(gone)).client().kill("x", "15").ok());
  for (const int status : {409, 500}) {
    for (const char* words : {"Cannot kill container: x: Container 12 is not running",
                              "can only kill running containers. 12 is in state exited"}) {
      CHECK(Server(server_of(message(status, words))).client().kill("x", "15").ok());
    }
  }
  CHECK(Server(server_of(message(400, "invalid signal: FOO")))
            .client()
            .kill("x", "FOO")
            .failed_with(Fault::refused));
  CHECK(Server(server_of(message(404, "page not found")))
            .client()
            .remove("x")
            .failed_with(Fault::refused));
}

TEST_CASE("A removal in progress is awaited", "[docker][client]") {
  const Reply under_way{message(409, "removal of container x is already in progress")};
  SECTION("until it has ended") {
    Server server({under_way, under_way, {message(404, "No such container: x")}});
    DockerClient client = server.client();
    CHECK(client.remove("x").ok());
    server.stop();
    CHECK(server.requests().size() == 3);
  }
  SECTION("until the deadline") {
    Server server(std::vector<Reply>(100, under_way));
    DockerClient client = server.client(short_timeout);
    CHECK(client.remove("x").failed_with(Fault::unavailable));
  }
}

TEST_CASE("Failure texts contain no values of the environment", "[docker][client]") {
  Server server({{message(400, "invalid environment variable: SECRET=hush\t1")}});
  DockerClient client = server.client();
  const auto created =
      client.create("x", {{"Env", boost::json::array{"A=1", "SECRET=hush\t1", "B"}}});
  REQUIRE(created.failed_with(Fault::refused));
  CHECK(created.failure().text ==
        "cannot create container x: invalid environment variable: SECRET");
}

TEST_CASE("Names and references are encoded into the request", "[docker][client]") {
  Server server({{http(200, "[]")}, {http(200, "{}")}, {http(204, "")}});
  DockerClient client = server.client();
  CHECK(client.list("a b", "c&d").ok());
  CHECK(client.has_image("reg:5000/a b:1").value());
  CHECK(client.remove("a/../b?c").ok());
  server.stop();
  CHECK(server.requests().at(0).starts_with(
      "GET /v1.41/containers/"
      "json?all=1&filters=%7B%22label%22%3A%5B%22a%20b%3Dc%26d%22%5D%7D HTTP/1.1\r\n"));
  CHECK(server.requests().at(1).starts_with("GET /v1.41/images/reg:5000/a%20b:1/json HTTP"));
  CHECK(server.requests().at(2).starts_with(
      "DELETE /v1.41/containers/a%2F..%2Fb%3Fc?v=1&force=1 HTTP"));
}

TEST_CASE("Output: a clean end and a broken connection differ", "[docker][client]") {
  const std::string stamp = "2024-01-02T03:04:05.123456789Z";
  const std::string first = chunk(frame(1, stamp + " one\n"));
  const std::string cut = chunk(frame(2, stamp + " two\n").substr(0, 12));
  const std::tuple<std::string, std::string, Fault> rows[] = {
      {"clean", first + "0\r\n\r\n", Fault::not_found},
      {"without the last chunk", first, Fault::unavailable},
      {"inside a frame, cleanly", first + cut + "0\r\n\r\n", Fault::unavailable},
      {"inside a frame", first + cut, Fault::unavailable},
      {"inside a chunk", first + cut.substr(0, 7), Fault::unavailable},
      {"garbage for a frame", first + chunk("garbage garbage"), Fault::unavailable},
      {"the daemon's complaint", first + chunk(frame(3, "Error grabbing logs: EOF")) + "0\r\n\r\n",
       Fault::unavailable},
  };
  for (const auto& [name, bytes, fault] : rows) {
    INFO(name);
    Server server({{http(200, plain)}, {chunked_head + bytes, Reply::Then::close}});
    DockerClient client = server.client();
    auto stream = client.read_log("x", "2024-01-01T00:00:00.5Z", 0);
    REQUIRE(stream.ok());
    const auto entry = next_entry(*stream.value());
    REQUIRE(entry.ok());
    CHECK(entry.value()->timestamp == stamp);
    CHECK(entry.value()->bytes == "one\n");
    for (int i = 0; i < 2; ++i) {
      const auto end = next_entry(*stream.value());
      REQUIRE_FALSE(end.ok());
      CHECK(end.failure().fault == fault);
    }
    server.stop();
    CHECK(contains(server.requests().at(1),
                   "/v1.41/containers/x/logs?stdout=1&stderr=1&timestamps=1&"
                   "since=1704067200.500000000 "));
  }
}

TEST_CASE("Output that the daemon refuses fails with its message", "[docker][client]") {
  const int status = GENERATE(501, 500);
  Server server({{http(200, plain)},
                 {message(status, "configured logging driver does not support reading")}});
  DockerClient client = server.client();
  auto stream = client.read_log("x", "", 0);
  REQUIRE(stream.ok());
  const auto entry = next_entry(*stream.value());
  REQUIRE(entry.failed_with(Fault::refused));
  CHECK(entry.failure().text ==
        "cannot read the log of container x: configured logging driver does not support "
        "reading; use the log driver json-file, local or journald, or one whose cache is not "
        "disabled");
  CHECK(client.read_log("x", "yesterday", 0).failed_with(Fault::refused));
}

TEST_CASE("Only a valid reply reports the exit of a container", "[docker][client]") {
  using Then = Reply::Then;
  const auto watch = [](const Reply& reply) {
    Server server({reply});
    DockerClient client = server.client();
    auto stream = client.open_exit_stream("x");
    REQUIRE(stream.ok());
    return await_end(*stream.value());
  };
  const auto ended =
      watch({chunked_head + chunk(R"({"Error":null,"StatusCode":0})") + "0\r\n\r\n"});
  REQUIRE(ended.ok());
  CHECK(ended.value());
  CHECK(watch({http(200, R"({"StatusCode":3})")}).ok());
  CHECK(watch({message(404, "No such container: x")}).failed_with(Fault::not_found));
  CHECK(watch({chunked_head, Then::close}).failed_with(Fault::unavailable));
  CHECK(watch({"", Then::close}).failed_with(Fault::unavailable));
  CHECK(watch({http(200, "{}")}).failed_with(Fault::unavailable));
  const auto cancelled =
      watch({http(200, R"({"StatusCode":-1,"Error":{"Message":"context\ncanceled\u001b"}})")});
  REQUIRE(cancelled.failed_with(Fault::unavailable));
  CHECK(cancelled.failure().text.ends_with("x: context canceled "));
}

TEST_CASE("A pull reports, fails, and ends as the daemon says", "[docker][client]") {
  using Then = Reply::Then;
  std::vector<std::string> lines;
  const auto pull = [&](const Reply& reply) {
    lines.clear();
    Server server({reply});
    DockerClient client = server.client();
    Status status = client.pull("reg:5000/a:1", {"me", "s3cret", "reg:5000", ""}, -1,
                                [&](const PullNews& news) { lines.push_back(news.line); });
    server.stop();
    CHECK(contains(server.requests().at(0),
                   "POST /v1.41/images/create?fromImage=reg%3A5000%2Fa&tag=1 HTTP"));
    CHECK(contains(server.requests().at(0),
                   "X-Registry-Auth: eyJzZXJ2ZXJhZGRyZXNzIjoicmVnOjUwMDAiLCJ1c2VybmFtZSI6Im1lIiwicG"
                   "Fzc3dvcmQiOiJzM2NyZXQifQ==\r\n"));
    if (!status.ok()) CHECK_FALSE(contains(status.failure().text, "s3cret"));
    return status;
  };
  const std::string line = chunk("{\"status\":\"Pulling\"}\r\n");
  CHECK(pull({chunked_head + line + "0\r\n\r\n"}).ok());
  CHECK(lines == std::vector<std::string>{"Pulling"});
  CHECK(pull({chunked_head + line, Then::close}).failed_with(Fault::unavailable));
  CHECK(
      pull({chunked_head + line + chunk("<html>") + "0\r\n\r\n"}).failed_with(Fault::unavailable));
  CHECK(pull({message(404, "pull access denied for a")}).failed_with(Fault::not_found));
  const Status refused = pull({message(500, "Get https://reg:5000/v2/: connection refused")});
  REQUIRE(refused.failed_with(Fault::refused));
  CHECK(refused.failure().text ==
        "cannot pull image reg:5000/a:1: Get https://reg:5000/v2/: connection refused");
}

TEST_CASE("A pull ends at an interrupt and at the daemon's silence", "[docker][client]") {
  Server server({{chunked_head + chunk("{\"status\":\"Pulling\"}\r\n")}});
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const Fd interrupt(ends[0]);
  Fd trigger(ends[1]);
  SECTION("interrupt") {
    DockerClient client = server.client();
    const Status status =
        client.pull("a", {}, interrupt.get(), [&](const PullNews&) { trigger.close(); });
    CHECK(status.failed_with(Fault::interrupted));
  }
  SECTION("silence") {
    DockerClient client = server.client(short_timeout);
    const Status status = client.pull("a", {}, interrupt.get(), nullptr);
    REQUIRE(status.failed_with(Fault::unavailable));
    CHECK(contains(status.failure().text, "sent nothing for 0.1 s"));
  }
}

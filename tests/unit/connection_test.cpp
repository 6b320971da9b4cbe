#include "engine/docker/transport/connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "host/fd.h"

namespace containerizer {

TEST_CASE("a TCP daemon that vanishes is noticed within the time limit of calls") {
  const Fd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(server.get(), generic, size) == 0);
  REQUIRE(::listen(server.get(), 1) == 0);
  REQUIRE(::getsockname(server.get(), generic, &size) == 0);
  Endpoint endpoint{Endpoint::Kind::tcp, "127.0.0.1", ntohs(address.sin_port)};
  const auto connection = Connection::open(endpoint, Timeout(Duration(30'000)));
  REQUIRE(connection.ok());
  const auto option = [&](int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    CHECK(::getsockopt(connection.value().fd(), level, name, &value, &length) == 0);
    return value;
  };
  CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option(IPPROTO_TCP, TCP_KEEPIDLE) +
            option(IPPROTO_TCP, TCP_KEEPCNT) * option(IPPROTO_TCP, TCP_KEEPINTVL) <=
        30);
  CHECK(option(IPPROTO_TCP, TCP_USER_TIMEOUT) == 30'000);
}

}  // namespace containerizer

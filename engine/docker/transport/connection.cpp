#include "engine/docker/transport/connection.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

namespace containerizer {

namespace {

constexpr Duration kBacklogPause{20};
constexpr const char* kAdvice = "; check that it responds (docker ps) and is not overloaded";
constexpr std::size_t kReceiveSize = kTlsRecordSize;

union Address {
  sockaddr any;
  sockaddr_un local;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

// Fills in the address and returns its length.
socklen_t resolve(const Endpoint& endpoint, Address& address) {
  std::memset(&address, 0, sizeof address);
  if (endpoint.kind == Endpoint::Kind::unix_socket) {
    address.local.sun_family = AF_UNIX;
    endpoint.address.copy(address.local.sun_path, sizeof address.local.sun_path - 1);
    return sizeof address.local;
  }
  if (inet_pton(AF_INET, endpoint.address.c_str(), &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(endpoint.port);
    return sizeof address.v4;
  }
  inet_pton(AF_INET6, endpoint.address.c_str(), &address.v6.sin6_addr);
  address.v6.sin6_family = AF_INET6;
  address.v6.sin6_port = htons(endpoint.port);
  return sizeof address.v6;
}

// Connects without blocking beyond `end`. Returns 0 or an errno.
int connect_by(int socket, const Address& address, socklen_t length, Deadline end) {
  for (;;) {
    if (::connect(socket, &address.any, length) == 0 || errno == EISCONN) return 0;
    if (errno == EAGAIN) {  // a unix socket whose backlog is full
      if (time_left(end).count() == 0) return ETIMEDOUT;
      ::poll(nullptr, 0, static_cast<int>(std::min(kBacklogPause, time_left(end)).count()));
      continue;
    }
    if (errno != EINPROGRESS && errno != EINTR) return errno;
    if (wait_for(socket, POLLOUT, end) != Readiness::ready) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error;
  }
}

std::string seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", static_cast<double>(duration.count()) / 1000.0);
  return text;
}

Transfer judge(ssize_t count, Transfer::Outcome wait) {
  using Outcome = Transfer::Outcome;
  if (count >= 0) return {Outcome::moved, static_cast<std::size_t>(count)};
  if (errno == EAGAIN || errno == EINTR) return {wait};
  return {Outcome::failed, 0, std::strerror(errno)};
}

Transfer send_plain(int socket, std::string_view bytes) {
  return judge(::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL),
               Transfer::Outcome::needs_output);
}

Transfer receive_plain(int socket, char* buffer, std::size_t size) {
  auto transfer = judge(::recv(socket, buffer, size, 0), Transfer::Outcome::needs_input);
  const bool is_end = transfer.outcome == Transfer::Outcome::moved && transfer.count == 0;
  return is_end ? Transfer{Transfer::Outcome::closed} : transfer;
}

// Waits for what a transfer needs. False when that takes too long.
bool await(int socket, const Transfer& transfer, Deadline end) {
  const bool input = transfer.outcome == Transfer::Outcome::needs_input;
  return wait_for(socket, input ? POLLIN : POLLOUT, end) == Readiness::ready;
}

}  // namespace

Readiness wait_for(int fd, short events, Deadline end, int interrupt) {
  pollfd watched[] = {{fd, events, 0}, {interrupt, POLLIN, 0}};
  for (;;) {
    const auto left = std::min<Duration::rep>(time_left(end).count(), INT_MAX);
    const int count = ::poll(watched, 2, static_cast<int>(left));
    if (count < 0 && errno != EINTR) return Readiness::ready;  // the next call on fd says why
    if (count > 0) return watched[1].revents != 0 ? Readiness::interrupted : Readiness::ready;
    if (count == 0 && time_left(end).count() == 0) return Readiness::timed_out;
  }
}

Result<Connection> Connection::open(const Endpoint& endpoint, const Patience& patience) {
  Connection unconnected(Fd(), "the Docker daemon at " + endpoint.text());
  Address address;
  const socklen_t length = resolve(endpoint, address);
  Fd socket(::socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int error =
      socket.valid() ? connect_by(socket.get(), address, length, patience.end) : errno;
  if (error == ETIMEDOUT) return unconnected.timed_out(patience);
  if (error != 0) {
    return Failure{Fault::unavailable, std::string("no connection to ") + unconnected.daemon_ +
                                           ": " + std::strerror(error) +
                                           "; check that it listens there"};
  }
  if (endpoint.kind == Endpoint::Kind::tcp) {  // a stream must notice when the other host is gone
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  Connection connection(std::move(socket), std::move(unconnected.daemon_));
  if (endpoint.tls) {
    const Status encrypted = connection.encrypt(endpoint, patience);
    if (!encrypted.ok()) return encrypted.failure();
  }
  return connection;
}

Status Connection::encrypt(const Endpoint& endpoint, const Patience& patience) {
  const auto failed = [&](const std::string& reason) {
    return Failure{Fault::unavailable, "no TLS with " + daemon_ + ": " + reason};
  };
  auto session = TlsSession::prepare(fd(), *endpoint.tls, endpoint.name);
  if (!session.ok()) return failed(session.failure().text);
  for (;;) {
    const auto shaken = session.value()->handshake();
    switch (shaken.outcome) {
      case Transfer::Outcome::moved:
        tls_ = std::move(session.value());
        return Done{};
      case Transfer::Outcome::failed:
        return failed(shaken.reason);
      case Transfer::Outcome::closed:
        return failed("it closed the connection during the handshake");
      default:
        if (await(fd(), shaken, patience.end)) continue;
        return failed("it did not complete the handshake within " + seconds(patience.length));
    }
  }
}

bool Connection::stale() const {
  pollfd watched{fd(), POLLIN, 0};
  return ::poll(&watched, 1, 0) != 0;
}

Status Connection::send(const std::string& bytes, const Patience& patience) {
  touched_ = false;
  for (std::string_view rest = bytes; !rest.empty();) {
    const auto sent = tls_ ? tls_->send(rest) : send_plain(fd(), rest);
    switch (sent.outcome) {
      case Transfer::Outcome::moved:
        rest.remove_prefix(sent.count);
        touched_ = touched_ || sent.count > 0;
        break;
      case Transfer::Outcome::failed:
        return failure("did not take the request: " + sent.reason);
      case Transfer::Outcome::closed:
        return failure("closed the connection before it took the request");
      default:
        if (!await(fd(), sent, patience.end)) return timed_out(patience);
    }
  }
  return Done{};
}

Result<std::string_view> Connection::receive(char* buffer, std::size_t size) {
  const auto received = tls_ ? tls_->receive(buffer, size) : receive_plain(fd(), buffer, size);
  switch (received.outcome) {
    case Transfer::Outcome::moved:
      return std::string_view(buffer, received.count);
    case Transfer::Outcome::closed:
      closed_ = true;
      return failure("closed the connection before its answer was complete");
    case Transfer::Outcome::failed:
      return failure("broke the connection: " + received.reason);
    default:
      return std::string_view();
  }
}

Failure Connection::timed_out(const Patience& patience) const {
  return failure("gave no complete answer within " + seconds(patience.length) + kAdvice);
}

Failure Connection::silent(const Patience& patience) const {
  return failure("said nothing for " + seconds(patience.length) + kAdvice);
}

Failure Connection::failure(const std::string& reason) const {
  return Failure{Fault::unavailable, daemon_ + " " + reason};
}

// A server that wants TLS answers a plain request with so much.
Failure Exchange::cut_short(const Failure& why) const {
  const bool wants_tls =
      !connection_.is_encrypted() && answer_.headers_complete() && answer_.status() == 400;
  if (!wants_tls) return why;
  return connection_.failure("does not take requests without TLS; ask for it with --tlsverify");
}

Result<bool> Exchange::advance() {
  char buffer[kReceiveSize];
  const auto received = connection_.receive(buffer, sizeof buffer);
  closed_ = !received.ok();
  if (closed_) return cut_short(received.failure());
  if (received.value().empty()) return false;
  answered_ = true;
  const Status fed = answer_.feed(received.value());
  if (!fed.ok()) return connection_.failure(fed.failure().text);
  return true;
}

Status Exchange::finish(const Patience& patience) {
  while (!answer_.complete()) {
    const auto arrived = advance();
    if (!arrived.ok()) return arrived.failure();
    if (arrived.value()) continue;
    if (wait_for(fd(), POLLIN, patience.end) != Readiness::ready) {
      return connection_.timed_out(patience);
    }
  }
  return Done{};
}

Connection Exchange::take_connection() {
  return answer_.connection_free() ? std::move(connection_) : Connection();
}

}  // namespace containerizer

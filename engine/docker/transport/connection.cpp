#include "engine/docker/transport/connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "engine/docker/transport/tls.h"
#include "host/poll.h"

namespace containerizer {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using beast::error_code;
using Local = asio::local::stream_protocol;
using Tcp = asio::ip::tcp;
using Protocol = asio::generic::stream_protocol;
using Stream = beast::basic_stream<Protocol, asio::io_context::executor_type>;
using TlsStream = beast::ssl_stream<Stream&>;

constexpr Duration backlog_pause{20};
constexpr const char* advice = "; check that it responds (docker ps) and is not overloaded";
constexpr std::size_t receive_size = 16U << 10;

// Runs the operations of all connections. complete() leaves none of them pending, so one loop is
// enough. An epoll, an event and a timer descriptor for each connection would be a waste.
asio::io_context& loop() {
  static thread_local asio::io_context context(1);
  return context;
}

// Starts an operation of `stream` and runs it until it is complete. At `end`, Beast closes the
// socket and the operation completes with beast::error::timeout.
template <class Start>
error_code complete(Stream& stream, Deadline end, const Start& start) {
  error_code result;
  stream.expires_at(end);
  start([&](error_code error, auto...) { result = error; });
  loop().restart();
  loop().run();
  stream.expires_never();
  return result;
}

Protocol::endpoint address_of(const Endpoint& endpoint) {
  if (endpoint.kind == Endpoint::Kind::unix_socket) return Local::endpoint(endpoint.address);
  return Tcp::endpoint(asio::ip::make_address(endpoint.address), endpoint.port);
}

// Opens the socket here, because Asio's open() does not set close-on-exec: mesos-executor and hooks
// would inherit the connection.
error_code open_socket(Stream& stream, const Protocol& protocol) {
  error_code error;
  const int fd = ::socket(protocol.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return {errno, boost::system::system_category()};
  stream.socket().assign(protocol, fd, error);
  if (!error) stream.socket().non_blocking(true, error);
  return error;
}

error_code connect_by(Stream& stream, const Protocol::endpoint& address, Deadline end) {
  for (;;) {
    error_code error =
        complete(stream, end, [&](auto done) { stream.async_connect(address, done); });
    if (error || address.protocol().family() != AF_UNIX) return error;
    // connect() on a unix socket reports EAGAIN while the daemon's backlog is full. Asio then polls
    // the socket, sees no error and reports success. Only the missing peer shows the difference.
    stream.socket().remote_endpoint(error);
    if (error != asio::error::not_connected) return error;
    if (time_left(end).count() == 0) return beast::error::timeout;
    sleep_for(std::min(backlog_pause, time_left(end)));
  }
}

bool is_end(const error_code& error) {
  return error == asio::error::eof || error == asio::ssl::error::stream_truncated;
}

std::string seconds(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", static_cast<double>(duration.count()) / 1000.0);
  return text;
}

// The first probe after half of the time without a byte, and two more before the end. Errors leave
// the kernel's own times, which are hours.
void notice_loss_within(int socket, Duration time) {
  const auto whole = [](Duration duration) {
    return std::max(1, static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(
                                            std::min(duration, Duration(3'600'000)))
                                            .count()));
  };
  const int idle = whole(time / 2);
  const int interval = whole(time / 6);
  const int probes = 2;
  const auto unread = static_cast<unsigned int>(whole(time) * 1000);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &unread, sizeof unread);
}

}  // namespace

struct Connection::Socket {
  Stream stream{loop()};
  std::optional<TlsStream> tls;
  TlsSettings settings;
  std::string server;

  // Sends the end of TLS, so that the daemon can tell it from a cut connection.
  ~Socket() {
    error_code ignored;
    if (tls) tls->shutdown(ignored);
  }

  template <class Action>
  auto with(const Action& action) {
    return tls ? action(*tls) : action(stream);
  }

  std::size_t read(char* buffer, std::size_t size, error_code& error) {
    return with([&](auto& on) { return on.read_some(asio::buffer(buffer, size), error); });
  }

  std::string explain(const error_code& error) {
    return tls ? explain_tls(error, tls->native_handle(), settings, server) : error.message();
  }
};

Readiness wait_for(int fd, short events, Deadline end, int interrupt) {
  pollfd watched[] = {{fd, events, 0}, {interrupt, POLLIN, 0}};
  for (;;) {
    const int count = poll_patiently(watched, 2, time_left(end));
    if (count > 0) return watched[1].revents != 0 ? Readiness::interrupted : Readiness::ready;
    if (time_left(end).count() == 0) return Readiness::timed_out;
  }
}

Connection::Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

int Connection::fd() const { return socket_->stream.socket().native_handle(); }
bool Connection::is_encrypted() const { return socket_->tls.has_value(); }

Result<Connection> Connection::open(const Endpoint& endpoint, const Timeout& timeout) {
  Connection connection;
  connection.daemon_ = "the Docker daemon at " + endpoint.text();
  connection.socket_ = std::make_unique<Socket>();
  Status opened = connection.connect(endpoint, timeout);
  if (opened.ok() && endpoint.tls) opened = connection.encrypt(endpoint, timeout);
  if (!opened.ok()) return opened.failure();
  return connection;
}

Status Connection::connect(const Endpoint& endpoint, const Timeout& timeout) {
  const auto address = address_of(endpoint);
  auto error = open_socket(socket_->stream, address.protocol());
  if (!error) error = connect_by(socket_->stream, address, timeout.end);
  if (error == beast::error::timeout || error == asio::error::timed_out) return timed_out(timeout);
  if (error) {
    return Failure{Fault::unavailable, "no connection to " + daemon_ + ": " + error.message() +
                                           "; check that it listens there"};
  }
  if (endpoint.kind == Endpoint::Kind::tcp) {
    // An idle stream sends nothing. Without keepalive it would not notice that the host is gone.
    socket_->stream.socket().set_option(asio::socket_base::keep_alive(true), error);
    notice_loss_within(socket_->stream.socket().native_handle(), timeout.length);
  }
  return Done{};
}

Status Connection::encrypt(const Endpoint& endpoint, const Timeout& timeout) {
  const auto failure = [&](const std::string& reason) {
    return Failure{Fault::unavailable, "no TLS with " + daemon_ + ": " + reason};
  };
  auto made = make_tls_context(*endpoint.tls);
  if (!made.ok()) return failure(made.failure().text);
  asio::ssl::context context(made.value().release());
  socket_->settings = *endpoint.tls;
  socket_->server = endpoint.name;
  TlsStream& tls = socket_->tls.emplace(socket_->stream, context);
  expect_server(tls.native_handle(), endpoint.name);
  const auto error = complete(socket_->stream, timeout.end, [&](auto done) {
    tls.async_handshake(asio::ssl::stream_base::client, done);
  });
  if (!error) return Done{};
  if (is_end(error)) return failure("it closed the connection during the handshake");
  if (error != beast::error::timeout) return failure(socket_->explain(error));
  return failure("it did not complete the handshake within " + seconds(timeout.length));
}

bool Connection::stale() const {
  char nothing = 0;
  error_code error;
  socket_->read(&nothing, sizeof nothing, error);
  return error != asio::error::would_block;
}

Status Connection::send(const std::string& bytes, const Timeout& timeout) {
  std::size_t sent = 0;
  const auto error = complete(socket_->stream, timeout.end, [&](auto done) {
    socket_->with([&](auto& on) {
      asio::async_write(on, asio::buffer(bytes), [done, &sent](error_code why, std::size_t count) {
        sent = count;
        done(why);
      });
    });
  });
  touched_ = sent > 0;
  if (!error) return Done{};
  if (error == beast::error::timeout) return timed_out(timeout);
  if (is_end(error)) return failure("closed the connection before it read the whole request");
  // In TLS 1.3 the daemon checks our certificate after our side of the handshake is complete. It
  // sends an alert with the reason and closes the connection: send() then fails, but the alert is
  // still there to read.
  char nothing = 0;
  error_code alert;
  if (socket_->tls) socket_->read(&nothing, sizeof nothing, alert);
  const bool has_alert = alert.category() == asio::error::get_ssl_category();
  return failure("did not receive the whole request: " +
                 socket_->explain(has_alert ? alert : error));
}

Result<std::string_view> Connection::receive(char* buffer, std::size_t size) {
  error_code error;
  const auto count = socket_->read(buffer, size, error);
  if (!error) return std::string_view(buffer, count);
  if (error == asio::error::would_block) return std::string_view();
  closed_ = is_end(error);
  if (closed_) return failure("closed the connection before its answer was complete");
  return failure("broke the connection: " + socket_->explain(error));
}

Failure Connection::timed_out(const Timeout& timeout) const {
  return failure("gave no complete answer within " + seconds(timeout.length) + advice);
}

Failure Connection::silent(const Timeout& timeout) const {
  return failure("sent nothing for " + seconds(timeout.length) + advice);
}

Failure Connection::failure(const std::string& reason) const {
  return Failure{Fault::unavailable, daemon_ + " " + reason};
}

// A server that requires TLS answers a plain request with status 400.
Failure Exchange::cut_short(const Failure& why) const {
  const bool wants_tls =
      !connection_.is_encrypted() && answer_.headers_complete() && answer_.status() == 400;
  if (!wants_tls) return why;
  return connection_.failure(
      "accepts only requests with TLS; add --tlsverify to CONTAINERIZER_DOCKER_ARGS");
}

Result<bool> Exchange::advance() {
  char buffer[receive_size];
  const auto received = connection_.receive(buffer, sizeof buffer);
  closed_ = !received.ok();
  if (closed_) return cut_short(received.failure());
  if (received.value().empty()) return false;
  answered_ = true;
  const Status fed = answer_.feed(received.value());
  if (!fed.ok()) return connection_.failure(fed.failure().text);
  return true;
}

Status Exchange::finish(const Timeout& timeout) {
  while (!answer_.complete()) {
    const auto arrived = advance();
    if (!arrived.ok()) return arrived.failure();
    if (arrived.value()) continue;
    if (wait_for(fd(), POLLIN, timeout.end) != Readiness::ready) {
      return connection_.timed_out(timeout);
    }
  }
  return Done{};
}

Connection Exchange::take_connection() {
  return answer_.connection_free() ? std::move(connection_) : Connection();
}

}  // namespace containerizer

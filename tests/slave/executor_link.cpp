#include "tests/slave/executor_link.h"

#include <sys/socket.h>

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <system_error>

namespace containerizer::player {

using boost::asio::ip::tcp;

namespace {

// Every descriptor is created close-on-exec. If a process of the containerizer inherited a
// connection, the executor would not notice the slave's death.
int new_socket() {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "socket");
  return descriptor;
}

}  // namespace

Connection::Connection(Runtime& runtime, int descriptor)
    : runtime_(runtime), socket_(runtime.loop(), tcp::v4(), descriptor) {}

void Connection::send(const Message& message) {
  boost::asio::post(runtime_.loop(), [self = shared_from_this(), line = to_line(message)] {
    self->unsent_.push_back(line);
    if (self->unsent_.size() == 1) self->write_next();
  });
}

void Connection::write_next() {
  boost::asio::async_write(socket_, boost::asio::buffer(unsent_.front()),
                           [self = shared_from_this()](auto error, std::size_t) {
                             if (error) return;
                             self->unsent_.pop_front();
                             if (!self->unsent_.empty()) self->write_next();
                           });
}

void Connection::receive(const OnMessage& handler) {
  boost::asio::async_read_until(
      socket_, boost::asio::dynamic_buffer(received_), '\n',
      [self = shared_from_this(), handler](auto error, std::size_t size) {
        if (error) return;
        const auto message = from_line(std::string_view(self->received_).substr(0, size - 1));
        self->received_.erase(0, size);
        if (message) handler(self, *message);
        self->receive(handler);
      });
}

ExecutorLink::ExecutorLink(Runtime& runtime, unsigned short port)
    : runtime_(runtime), acceptor_(runtime.loop(), tcp::v4(), new_socket()) {
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  acceptor_.bind({boost::asio::ip::address_v4::loopback(), port});
  acceptor_.listen();
  acceptor_.non_blocking(true);
  port_ = acceptor_.local_endpoint().port();
}

void ExecutorLink::start(OnMessage handler) {
  handler_ = std::move(handler);
  accept_next();
}

void ExecutorLink::accept_next() {
  acceptor_.async_wait(tcp::acceptor::wait_read, [this](auto error) {
    if (error) return;
    const int accepted = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted >= 0) std::make_shared<Connection>(runtime_, accepted)->receive(handler_);
    accept_next();
  });
}

void ExecutorLink::tell(const std::string& address, const Message& message) {
  const auto parsed = parse_address(address);
  if (!parsed) return;
  auto connection = std::make_shared<Connection>(runtime_, new_socket());
  const tcp::endpoint peer(boost::asio::ip::make_address(parsed->ip), parsed->port);
  connection->socket_.async_connect(peer, [connection, message](auto error) {
    if (!error) connection->send(message);
  });
}

}  // namespace containerizer::player

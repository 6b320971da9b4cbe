#include "tests/mesos/endpoint.h"

#include <fcntl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cctype>
#include <optional>

namespace containerizer::real_mesos {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::string_view agent_prefix = "libprocess/";

// ACTOR@IP:PORT
struct Address {
  std::string actor;
  tcp::endpoint peer;
};

std::optional<Address> parse(const std::string& text) {
  const auto at = text.find('@');
  const auto colon = text.rfind(':');
  if (at == std::string::npos || colon == std::string::npos || colon < at) return std::nullopt;
  boost::system::error_code error;
  const auto ip = asio::ip::make_address(text.substr(at + 1, colon - at - 1), error);
  if (error) return std::nullopt;
  const auto port = static_cast<unsigned short>(std::stoul(text.substr(colon + 1)));
  return Address{text.substr(0, at), {ip, port}};
}

std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '%' && i + 2 < text.size();
    result += escaped
                  ? static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16))
                  : text[i];
    if (escaped) i += 2;
  }
  return result;
}

// A program that this process starts must not keep the connection open: the peer would not notice
// that this process has closed it.
template <class Socket>
void close_on_exec(Socket& socket) {
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
}

// Reads one message after another from a connection that a peer has made.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, const Endpoint::Handlers& handlers)
      : socket_(std::move(socket)), handlers_(handlers) {}

  void read() {
    parser_.emplace();
    parser_->body_limit(boost::none);
    http::async_read(socket_, buffer_, *parser_,
                     [self = shared_from_this()](auto error, std::size_t) {
                       if (error) return;
                       self->deliver();
                       self->read();
                     });
  }

 private:
  void deliver() const {
    const auto& request = parser_->get();
    std::string from(request["Libprocess-From"]);
    if (from.empty()) {
      from = std::string(request[http::field::user_agent]);
      if (from.starts_with(agent_prefix)) from.erase(0, agent_prefix.size());
    }
    const std::string target(request.target());
    handlers_.received(from, decoded(target.substr(target.rfind('/') + 1)), request.body());
  }

  tcp::socket socket_;
  const Endpoint::Handlers& handlers_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
};

}  // namespace

Endpoint::Endpoint(asio::io_context& loop, const std::string& actor, Handlers handlers)
    : loop_(loop),
      acceptor_(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      handlers_(std::move(handlers)),
      address_(actor + "@127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port())) {
  close_on_exec(acceptor_);
  accept();
}

void Endpoint::accept() {
  acceptor_.async_accept([this](auto error, tcp::socket socket) {
    if (error) return;
    close_on_exec(socket);
    std::make_shared<Session>(std::move(socket), handlers_)->read();
    accept();
  });
}

std::string Endpoint::request_for(const std::string& to,
                                  const google::protobuf::MessageLite& message) const {
  const auto body = message.SerializeAsString();
  std::string request = "POST /" + to.substr(0, to.find('@')) + "/" + message.GetTypeName() +
                        " HTTP/1.1\r\nUser-Agent: " + std::string(agent_prefix) + address_ +
                        "\r\nLibprocess-From: " + address_ +
                        "\r\nConnection: Keep-Alive\r\nHost: \r\n";
  if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return request + "\r\n" + body;
}

void Endpoint::post(const std::string& to, const google::protobuf::MessageLite& message) {
  asio::post(loop_, [this, to, request = request_for(to, message)] { send_request(to, request); });
}

void Endpoint::send(const std::string& to, const google::protobuf::MessageLite& message) {
  send_request(to, request_for(to, message));
}

void Endpoint::send_request(const std::string& to, const std::string& request) {
  const auto socket = connection_to(to);
  if (socket == nullptr) return;
  boost::system::error_code error;
  asio::write(*socket, asio::buffer(request), error);
}

std::shared_ptr<Endpoint::Socket> Endpoint::connection_to(const std::string& to) {
  if (const auto found = connections_.find(to); found != connections_.end()) return found->second;
  const auto address = parse(to);
  if (!address) return nullptr;
  auto socket = std::make_shared<Socket>(loop_, address->peer.protocol());
  close_on_exec(*socket);
  boost::system::error_code error;
  socket->connect(address->peer, error);
  if (error) return nullptr;
  connections_[to] = socket;
  watch(to, socket);
  return socket;
}

// Nothing is expected from the peer but the end.
void Endpoint::watch(const std::string& to, const std::shared_ptr<Socket>& socket) {
  auto byte = std::make_shared<char>();
  socket->async_read_some(asio::buffer(byte.get(), 1),
                          [this, to, socket, byte](auto error, std::size_t) {
                            if (!error) return watch(to, socket);
                            if (error == asio::error::operation_aborted) return;
                            connections_.erase(to);
                            if (handlers_.lost) handlers_.lost(to);
                          });
}

}  // namespace containerizer::real_mesos

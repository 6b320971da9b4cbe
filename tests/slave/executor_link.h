// The slave's connections to executors.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "tests/slave/runtime.h"
#include "tests/slave/wire.h"

namespace containerizer::player {

class Connection;
using ConnectionPtr = std::shared_ptr<Connection>;
// Called by the loop's thread. It must only pass on the message.
using OnMessage = std::function<void(ConnectionPtr, Message)>;

// One executor's stream of messages. It exists while it is open or referenced.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Runtime& runtime, int descriptor);

  // Any thread may call it. A message that cannot be delivered is lost.
  void send(const Message& message);
  void receive(const OnMessage& handler);

 private:
  friend class ExecutorLink;
  void write_next();

  Runtime& runtime_;
  boost::asio::ip::tcp::socket socket_;
  std::string received_;
  std::deque<std::string> unsent_;
};

class ExecutorLink {
 public:
  // Listens on 127.0.0.1; port 0: any free port. Throws std::system_error if the port is taken.
  ExecutorLink(Runtime& runtime, unsigned short port);

  unsigned short port() const { return port_; }
  // Accepts executors from now on.
  void start(OnMessage handler);
  // Connects to an executor that listens at `address`, and sends one message.
  void tell(const std::string& address, const Message& message);

 private:
  void accept_next();

  Runtime& runtime_;
  boost::asio::ip::tcp::acceptor acceptor_;
  unsigned short port_ = 0;
  OnMessage handler_;
};

}  // namespace containerizer::player

// One actor of libprocess, the messages of which are HTTP requests: POST /ACTOR/MESSAGE with a
// protobuf in the body, and the sender's address in a header. A scheduler and an executor need no
// more of Mesos than this, and every release from 0.19.0 to 1.0.4 understands it. (Source:
// 3rdparty/libprocess/src/encoder.hpp of Mesos.)
#pragma once

#include <google/protobuf/message_lite.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace containerizer::real_mesos {

// Works in the thread that runs `loop`, and calls its handlers there. Only post() may be called by
// other threads.
class Endpoint {
 public:
  struct Handlers {
    // `from` is the sender's address, `name` the full name of the message.
    std::function<void(const std::string& from, const std::string& name, const std::string& body)>
        received;
    // The connection to this address, which send() has made, is closed.
    std::function<void(const std::string& to)> lost;
  };

  // Listens on a free port of the loopback address.
  Endpoint(boost::asio::io_context& loop, const std::string& actor, Handlers handlers);

  // ACTOR@127.0.0.1:PORT
  const std::string& address() const { return address_; }
  // A message that cannot be sent is lost, as in libprocess.
  void send(const std::string& to, const google::protobuf::MessageLite& message);
  void post(const std::string& to, const google::protobuf::MessageLite& message);

 private:
  using Socket = boost::asio::ip::tcp::socket;

  void send_request(const std::string& to, const std::string& request);
  std::string request_for(const std::string& to,
                          const google::protobuf::MessageLite& message) const;
  void accept();
  std::shared_ptr<Socket> connection_to(const std::string& to);
  void watch(const std::string& to, const std::shared_ptr<Socket>& socket);

  boost::asio::io_context& loop_;
  boost::asio::ip::tcp::acceptor acceptor_;
  Handlers handlers_;
  std::string address_;
  std::map<std::string, std::shared_ptr<Socket>> connections_;
};

}  // namespace containerizer::real_mesos

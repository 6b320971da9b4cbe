// A connection to the daemon, and one request with its answer. Boost.Asio and Beast move the bytes.
// Every operation that waits has a deadline. Failures are unavailable unless a comment names
// another kind. Their text does not name the operation: the caller adds it.
//
// One thread opens and uses a connection. No function starts a thread or raises a signal.
#pragma once

#include <memory>
#include <string>

#include "engine/docker/transport/endpoint.h"
#include "engine/docker/transport/http.h"
#include "host/clock.h"
#include "host/result.h"

namespace containerizer {

// How long a call may take, and when that time ends.
struct Timeout {
  explicit Timeout(Duration duration) : length(duration), end(deadline_in(duration)) {}
  Duration length;
  Deadline end;
};

enum class Readiness { ready, timed_out, interrupted };

// Waits until `fd` has one of `events` (the flags of poll) or `interrupt` is readable. -1 means no
// interrupt. Returns interrupted if both are ready.
Readiness wait_for(int fd, short events, Deadline end, int interrupt = -1);

// A non-blocking, close-on-exec socket, with TLS if the endpoint asks for it. An idle connection
// keeps no buffer; with TLS, Asio and OpenSSL keep about 60 KB for it.
class Connection {
 public:
  Connection();  // not valid
  // Connects, and completes the handshake of TLS.
  static Result<Connection> open(const Endpoint& endpoint, const Timeout& timeout);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  // Closes the socket. Ends TLS first, unless that would block.
  ~Connection();

  bool valid() const { return socket_ != nullptr; }
  int fd() const;
  bool is_encrypted() const;

  // Whether the daemon closed the connection or sent bytes between two requests. The connection
  // then cannot carry another request.
  bool stale() const;

  // Sends all bytes. After a failure, touched() returns whether the daemon may have received some.
  Status send(const std::string& bytes, const Timeout& timeout);
  bool touched() const { return touched_; }

  // Returns the bytes that have arrived, or "" if none have, without blocking. TLS may keep
  // decrypted or read bytes back: fd() becomes readable for more bytes only after receive() has
  // returned "".
  Result<std::string_view> receive(char* buffer, std::size_t size);

  // Failures for the caller's own waiting: the answer, or its next piece, did not arrive in time.
  Failure timed_out(const Timeout& timeout) const;
  Failure silent(const Timeout& timeout) const;
  // The failure "DAEMON reason".
  Failure failure(const std::string& reason) const;

 private:
  struct Socket;

  Status connect(const Endpoint& endpoint, const Timeout& timeout);
  Status encrypt(const Endpoint& endpoint, const Timeout& timeout);

  std::unique_ptr<Socket> socket_;
  std::string daemon_;  // "the Docker daemon at unix:///…"
  bool touched_ = false;
};

// A request and its answer. Owns the connection until the answer is complete.
class Exchange {
 public:
  Exchange(Connection connection, ResponseReader::Body body)
      : connection_(std::move(connection)), answer_(body) {}

  int fd() const { return connection_.fd(); }
  ResponseReader& answer() { return answer_; }
  const Connection& connection() const { return connection_; }

  Status send(const std::string& bytes, const Timeout& timeout) {
    return connection_.send(bytes, timeout);
  }

  // Takes the bytes that have arrived, without blocking. Returns false if none have: the caller
  // then waits for fd(). REQUIRES: the answer is not complete.
  Result<bool> advance();

  // Waits for the complete answer.
  Status finish(const Timeout& timeout);

  // Whether the caller may send the request again: no byte of it was sent, or it is idempotent and
  // the connection ended before the first byte of the answer.
  bool may_repeat(bool idempotent) const {
    return !connection_.touched() || (idempotent && closed_ && !answered_);
  }

  // Returns the connection for the next request. It is not valid if it cannot carry one.
  Connection take_connection();

 private:
  Failure cut_short(const Failure& why) const;

  Connection connection_;
  ResponseReader answer_;
  bool answered_ = false;
  bool closed_ = false;
};

}  // namespace containerizer

// A connection to the daemon, and one request with its answer on it. Waiting is bounded by a
// deadline; nothing blocks beyond it. Failures are unavailable unless said otherwise, and their
// text is a clause without subject of the operation: the caller says what was attempted.
#pragma once

#include <memory>
#include <string>

#include "engine/docker/transport/endpoint.h"
#include "engine/docker/transport/http.h"
#include "engine/docker/transport/tls.h"
#include "host/clock.h"
#include "host/fd.h"
#include "host/result.h"

namespace containerizer {

// How long a call may take, and when that is over.
struct Patience {
  explicit Patience(Duration duration) : length(duration), end(deadline_in(duration)) {}
  Duration length;
  Deadline end;
};

enum class Readiness { ready, timed_out, interrupted };

// Waits until `fd` has one of `events` (as poll takes them) or `interrupt` (-1 for none) is
// readable; the interrupt wins.
Readiness wait_for(int fd, short events, Deadline end, int interrupt = -1);

// A non-blocking, close-on-exec socket, with TLS on it if the endpoint asks for that.
class Connection {
 public:
  Connection() = default;  // not valid
  static Result<Connection> open(const Endpoint& endpoint, const Patience& patience);

  bool valid() const { return socket_.valid(); }
  int fd() const { return socket_.get(); }
  bool is_encrypted() const { return tls_ != nullptr; }

  // Whether a connection that should be silent was closed, or spoke unasked.
  bool stale() const;

  // Sends everything. After a failure, touched() says whether any byte left.
  Status send(const std::string& bytes, const Patience& patience);
  bool touched() const { return touched_; }

  // Without blocking: what has arrived, "" for nothing yet; fd() is readable when there is more.
  // REQUIRES: `buffer` has room for kTlsRecordSize, with TLS.
  Result<std::string_view> receive(char* buffer, std::size_t size);

  // Whether the other side has ended the connection properly. After a failure of receive().
  bool is_closed() const { return closed_; }

  // The failures of having waited in vain: for an answer, and for its next piece.
  Failure timed_out(const Patience& patience) const;
  Failure silent(const Patience& patience) const;
  // `reason` as a clause about the daemon.
  Failure failure(const std::string& reason) const;

 private:
  Connection(Fd socket, std::string daemon)
      : socket_(std::move(socket)), daemon_(std::move(daemon)) {}

  Status encrypt(const Endpoint& endpoint, const Patience& patience);

  Fd socket_;
  std::unique_ptr<TlsSession> tls_;  // without one, bytes go as they are
  std::string daemon_;               // "the Docker daemon at unix:///…"
  bool touched_ = false;
  bool closed_ = false;
};

// A request under way. Owns the connection until the answer is complete.
class Exchange {
 public:
  Exchange(Connection connection, ResponseReader::Body body)
      : connection_(std::move(connection)), answer_(body) {}

  int fd() const { return connection_.fd(); }
  ResponseReader& answer() { return answer_; }
  const Connection& connection() const { return connection_; }

  Status send(const std::string& bytes, const Patience& patience) {
    return connection_.send(bytes, patience);
  }

  // Without blocking: takes what has arrived. False when nothing has. REQUIRES: not complete.
  Result<bool> advance();

  // Waits for the complete answer.
  Status finish(const Patience& patience);

  // Whether the request had no effect, or may safely have it twice: no byte of it was sent, or it
  // is idempotent and the connection ended before the first byte of the answer.
  bool may_repeat(bool idempotent) const {
    return !connection_.touched() || (idempotent && closed_ && !answered_);
  }

  // REQUIRES: the answer was an upgrade. The connection, for whatever follows the answer.
  Connection take_upgraded() { return std::move(connection_); }

  // The connection for the next request; not valid when it cannot carry one.
  Connection take_connection();

 private:
  Failure cut_short(const Failure& why) const;

  Connection connection_;
  ResponseReader answer_;
  bool answered_ = false;
  bool closed_ = false;
};

}  // namespace containerizer

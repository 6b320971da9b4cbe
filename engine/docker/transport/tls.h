// TLS over a socket that is connected already, by OpenSSL, which is not touched before the first
// session. Nothing here waits: the owner of the socket does.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "engine/docker/transport/endpoint.h"
#include "host/result.h"

namespace containerizer {

// What moving bytes over a connection came to, with TLS or without.
struct Transfer {
  enum class Outcome {
    moved,         // `count` bytes; of a handshake: it is complete
    needs_input,   // to be tried again when the socket is readable,
    needs_output,  // or writable
    closed,        // by the other side
    failed,        // for `reason`, a clause about the other side
  };
  Outcome outcome;
  std::size_t count = 0;
  std::string reason = {};
};

// The most that one record holds: a buffer of this size leaves nothing in TLS that poll() on the
// socket would not tell of.
inline constexpr std::size_t kTlsRecordSize = 16U << 10;

// One connection's. Speaks TLS 1.2 and 1.3; raises no signals. Does not own the socket, which must
// be non-blocking and outlive it.
class TlsSession {
 public:
  // `server` is the address or name that the other side's certificate has to be for.
  // unavailable: a file of the settings cannot be used; the text names it. This and all else that
  // may be wrong with certificates is no refusal, for they can be renewed.
  static Result<std::unique_ptr<TlsSession>> prepare(int socket, const TlsSettings& settings,
                                                     const std::string& server);
  // Takes its leave of the other side, if that is still possible.
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // REQUIRES: the handshake first, until it is complete. After one that has failed, nothing else.
  Transfer handshake();
  Transfer send(std::string_view bytes);
  Transfer receive(char* buffer, std::size_t size);

 private:
  struct State;
  explicit TlsSession(std::unique_ptr<State> state);
  Transfer judge(int result, std::size_t count);
  std::string last_words();

  std::unique_ptr<State> state_;
};

// The SHA-256 of bytes, in hexadecimal.
std::string sha256_hex(std::string_view bytes);

}  // namespace containerizer

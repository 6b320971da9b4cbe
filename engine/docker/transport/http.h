// HTTP/1.1 as bytes: requests to bytes, bytes to responses. No sockets, no waiting.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/result.h"

namespace containerizer {

enum class Method { get, post, remove };

struct Request {
  Method method = Method::get;
  std::string target;  // path and query, encoded
  std::string body;    // JSON, or "" for none
  std::vector<std::pair<std::string, std::string>> headers = {};
};

// The bytes of a request; `host` is the Host header.
std::string to_bytes(const Request& request, const std::string& host);

// A response as far as it has arrived. Headers are limited to 64 KiB. The part of the body that
// has not been taken is limited to 64 MiB. Keeps no buffer once everything has been taken.
class ResponseReader {
 public:
  enum class Body {
    whole,    // the body is at most 64 MiB long
    endless,  // the body may have any length; the caller takes it piece by piece
  };
  explicit ResponseReader(Body body);
  ResponseReader(ResponseReader&& other) noexcept;
  ResponseReader& operator=(ResponseReader&& other) noexcept;
  ~ResponseReader();

  // Takes bytes as they arrive, in pieces of any size. unavailable: they are not an HTTP
  // response within the limits; the text says why. Do not use a reader that has failed.
  Status feed(std::string_view bytes);

  bool headers_complete() const;
  bool complete() const;         // by its own length: the end of a connection never completes it
  bool connection_free() const;  // complete, and the connection may carry another request

  // REQUIRES: headers_complete().
  int status() const;
  std::string header(std::string_view name) const;  // "" when absent

  // What has arrived of the body since the last call, without the transfer coding.
  std::string take_body();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace containerizer

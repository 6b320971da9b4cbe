#include "engine/docker/transport/http.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

namespace containerizer {

namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

constexpr std::uint32_t header_limit_bytes = 64U << 10;
constexpr std::size_t body_limit_bytes = 64U << 20;
// The longest run of bytes that may stay undecided: a whole header, or one line of chunk framing.
constexpr std::size_t pending_limit_bytes = header_limit_bytes + (16U << 10);
http::verb verb_of(Method method) {
  switch (method) {
    case Method::get:
      return http::verb::get;
    case Method::post:
      return http::verb::post;
    case Method::remove:
      return http::verb::delete_;
  }
  return http::verb::get;
}

// Whether `framing` is the beginning of an empty body's end. Beast must not see it twice: it
// asserts that the second time all of it is there.
bool is_half_an_end(const http::response_parser<http::string_body>& parser,
                    std::string_view framing) {
  constexpr std::string_view end_marker = "0\r\n\r\n";
  return parser.is_header_done() && !parser.is_done() && parser.chunked() &&
         framing.starts_with('0') && framing.size() < end_marker.size();
}

Failure failure(const std::string& reason) {
  return Failure{Fault::unavailable, "sent an unusable answer (" + reason + ")"};
}

}  // namespace

std::string to_bytes(const Request& request, const std::string& host) {
  http::request<http::string_body> message(verb_of(request.method), request.target, 11);
  message.set(http::field::host, host);
  message.set(http::field::user_agent, "docker-containerizer");
  for (const auto& [name, value] : request.headers) message.set(name, value);
  if (!request.body.empty()) message.set(http::field::content_type, "application/json");
  message.body() = request.body;
  message.prepare_payload();

  std::string bytes;
  error_code error;
  http::request_serializer<http::string_body> serializer(message);
  while (!error && !serializer.is_done()) {
    serializer.next(error, [&](error_code&, const auto& buffers) {
      for (const boost::asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
        bytes.append(static_cast<const char*>(buffer.data()), buffer.size());
      }
      serializer.consume(boost::beast::buffer_bytes(buffers));
    });
  }
  return bytes;
}

struct ResponseReader::State {
  http::response_parser<http::string_body> parser;
  std::string pending;  // arrived, not understood yet
  Body body = Body::whole;
  bool excess = false;  // bytes arrived behind the response
};

ResponseReader::ResponseReader(Body body) : state_(std::make_unique<State>()) {
  state_->body = body;
  state_->parser.header_limit(header_limit_bytes);
  state_->parser.body_limit(body_limit_bytes);
}
ResponseReader::ResponseReader(ResponseReader&&) noexcept = default;
ResponseReader& ResponseReader::operator=(ResponseReader&&) noexcept = default;
ResponseReader::~ResponseReader() = default;

Status ResponseReader::feed(std::string_view bytes) {
  State& s = *state_;
  if (!s.pending.empty()) {
    bytes = s.pending.append(bytes);
    if (is_half_an_end(s.parser, bytes)) return Done{};
  }
  while (!bytes.empty() && !s.parser.is_done()) {
    error_code error;
    const std::size_t used = s.parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    bytes.remove_prefix(used);
    if (s.parser.is_header_done()) {
      // Beast accepts a body of unlimited length only if it has reserved nothing for it. So the
      // body starts with a separate put, even if a part of it came with the header.
      if (s.body == Body::endless) s.parser.body_limit(boost::none);
      s.parser.eager(true);
    }
    if (error == http::error::need_more || (!error && used == 0)) break;
    if (error) return failure(error.message());
  }
  s.excess = s.parser.is_done() && !bytes.empty();
  if (bytes.size() > pending_limit_bytes) {
    return failure("its header or chunk framing is longer than " +
                   std::to_string(pending_limit_bytes) + " bytes");
  }
  if (s.parser.get().body().size() > body_limit_bytes) {
    return failure("its body is longer than " + std::to_string(body_limit_bytes) + " bytes");
  }
  std::string(bytes).swap(s.pending);  // an assignment would keep the old buffer
  return Done{};
}

bool ResponseReader::headers_complete() const { return state_->parser.is_header_done(); }
bool ResponseReader::complete() const { return state_->parser.is_done(); }
bool ResponseReader::connection_free() const {
  return complete() && !state_->excess && state_->parser.keep_alive();
}
int ResponseReader::status() const { return static_cast<int>(state_->parser.get().result_int()); }
std::string ResponseReader::header(std::string_view name) const {
  const auto value = state_->parser.get()[boost::beast::string_view(name.data(), name.size())];
  return std::string(value.data(), value.size());
}

std::string ResponseReader::take_body() {
  return std::exchange(state_->parser.get().body(), std::string());
}

std::string ResponseReader::take_excess() {
  return state_->excess ? std::exchange(state_->pending, std::string()) : std::string();
}

}  // namespace containerizer

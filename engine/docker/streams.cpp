#include "engine/docker/streams.h"

#include "engine/docker/answers.h"
#include "engine/docker/encoding.h"
#include "engine/docker/piece_decoder.h"
#include "host/json.h"
#include "host/text.h"

namespace containerizer {

namespace {

class DockerLogReader final : public LogReader {
 public:
  DockerLogReader(Exchange exchange, std::string container, LogDecoder::Format format)
      : exchange_(std::move(exchange)), container_(std::move(container)), decoder_(format) {}

  int fd() const override { return exchange_.fd(); }

  Result<std::optional<LogEntry>> next() override {
    while (!end_) {
      ResponseReader& answer = exchange_.answer();
      const bool flowing = answer.headers_complete() && answer.status() == 200;
      if (flowing) {
        auto entry = take_entry();
        if (!entry.ok()) return end(failure(log_call, container_, entry.failure()));
        if (entry.value()) return entry;
      }
      if (answer.complete()) return end(flowing ? clean_end() : refused());
      const auto arrived = exchange_.advance();
      if (!arrived.ok()) return end(failure(log_call, container_, arrived.failure()));
      if (!arrived.value()) return std::optional<LogEntry>();
    }
    return *end_;
  }

 private:
  Result<std::optional<LogEntry>> take_entry() {
    const std::string body = exchange_.answer().take_body();
    if (!body.empty()) decoder_.feed(body);
    auto entry = decoder_.next();
    const bool dry = entry.ok() && !entry.value();
    return dry && exchange_.answer().complete() ? decoder_.last() : entry;
  }

  // From here on the stream has nothing but this to say.
  Failure end(Failure failure) {
    if (mentions(failure.text, "does not support reading")) {
      failure.text +=
          "; use the log driver json-file, local or journald, or one whose cache is not disabled";
    }
    end_ = failure;
    return failure;
  }

  Failure clean_end() const {
    return failure(log_call, container_, {Fault::not_found, "it has ended"});
  }

  Failure refused() { return failure(log_call, container_, take_answer(exchange_)); }

  Exchange exchange_;
  std::string container_;
  LogDecoder decoder_;
  std::optional<Failure> end_;
};

class DockerAttachment final : public Attachment {
 public:
  DockerAttachment(Connection connection, std::string first, std::string container,
                   bool has_terminal)
      : connection_(std::move(connection)),
        container_(std::move(container)),
        decoder_(has_terminal),
        first_(std::move(first)),
        rest_(first_) {}

  int fd() const override { return connection_.fd(); }

  Result<std::optional<OutputPiece>> next() override {
    while (!end_) {
      auto piece = decoder_.next(rest_);
      if (!piece.ok()) return end(piece.failure());
      if (piece.value()) return piece;
      const auto received = receive();
      if (!received.ok()) return end(received.failure());
      if (received.value().empty()) return std::optional<OutputPiece>();
    }
    return *end_;
  }

 private:
  // What has arrived, in the buffer, which is there only meanwhile.
  Result<std::string_view> receive() {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(buffer_size);
    auto received = connection_.receive(buffer_.get(), buffer_size);
    rest_ = received.ok() ? received.value() : std::string_view();
    if (rest_.empty()) buffer_.reset();
    if (!received.ok() && connection_.is_closed() && decoder_.is_complete()) {
      return Failure{Fault::not_found, "it has ended"};
    }
    return received;
  }

  Failure end(const Failure& reason) {
    end_ = failure(attach_call, container_, reason);
    return *end_;
  }

  static constexpr std::size_t buffer_size = 65'536;
  Connection connection_;
  std::string container_;
  PieceDecoder decoder_;
  const std::string first_;  // what came with the answer
  std::unique_ptr<char[]> buffer_;
  std::string_view rest_;  // not decoded yet, of first_ or buffer_
  std::optional<Failure> end_;
};

class DockerExitStream final : public ExitStream {
 public:
  DockerExitStream(Exchange exchange, std::string container)
      : exchange_(std::move(exchange)), container_(std::move(container)) {}

  int fd() const override { return exchange_.fd(); }

  Result<bool> ended() override {
    while (!outcome_) {
      if (exchange_.answer().complete()) {
        outcome_ = conclude();
        break;
      }
      const auto arrived = exchange_.advance();
      if (!arrived.ok()) {
        outcome_ = failure(wait_call, container_, arrived.failure());
      } else if (!arrived.value()) {
        return false;
      }
    }
    return *outcome_;
  }

 private:
  Result<bool> conclude() {
    const Answer answer = take_answer(exchange_);
    if (answer.status != 200) return failure(wait_call, container_, answer);
    const auto document = parse_json(answer.body);
    const auto* object = document ? document->if_object() : nullptr;
    if (object == nullptr || !object->contains("StatusCode"))
      return unusable_answer(wait_call, container_);
    // A daemon that shuts down answers every pending wait with an error.
    const auto* error = object_member(*object, "Error");
    const std::string words = error == nullptr ? "" : text_member(*error, "Message");
    if (!words.empty())
      return failure(wait_call, container_, {Fault::unavailable, one_line(words)});
    return true;
  }

  Exchange exchange_;
  std::string container_;
  std::optional<Result<bool>> outcome_;
};

}  // namespace

Answer take_answer(Exchange& exchange) {
  ResponseReader& reader = exchange.answer();
  return Answer{reader.status(), reader.take_body(), reader.header("Api-Version"),
                reader.header("Libpod-Api-Version")};
}

std::unique_ptr<LogReader> make_log_reader(Exchange exchange, const std::string& container,
                                           LogDecoder::Format format) {
  return std::make_unique<DockerLogReader>(std::move(exchange), container, format);
}

std::unique_ptr<Attachment> make_attachment(Exchange exchange, const std::string& container,
                                            bool has_terminal) {
  auto first = exchange.answer().take_excess();
  return std::make_unique<DockerAttachment>(exchange.take_upgraded(), std::move(first), container,
                                            has_terminal);
}

std::unique_ptr<ExitStream> make_exit_stream(Exchange exchange, const std::string& container) {
  return std::make_unique<DockerExitStream>(std::move(exchange), container);
}

}  // namespace containerizer

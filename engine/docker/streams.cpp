#include "engine/docker/streams.h"

#include "engine/docker/answers.h"
#include "engine/docker/encoding.h"
#include "host/json.h"
#include "host/text.h"

namespace containerizer {

namespace {

class DockerOutputStream final : public OutputStream {
 public:
  DockerOutputStream(Exchange exchange, std::string container, OutputDecoder::Format format)
      : exchange_(std::move(exchange)), container_(std::move(container)), decoder_(format) {}

  int fd() const override { return exchange_.fd(); }

  Result<std::optional<OutputEntry>> next() override {
    while (!end_) {
      ResponseReader& answer = exchange_.answer();
      const bool flowing = answer.headers_complete() && answer.status() == 200;
      if (flowing) {
        auto entry = take_entry();
        if (!entry.ok()) return end(failure(output_call, container_, entry.failure()));
        if (entry.value()) return entry;
      }
      if (answer.complete()) return end(flowing ? clean_end() : refused());
      const auto arrived = exchange_.advance();
      if (!arrived.ok()) return end(failure(output_call, container_, arrived.failure()));
      if (!arrived.value()) return std::optional<OutputEntry>();
    }
    return *end_;
  }

 private:
  Result<std::optional<OutputEntry>> take_entry() {
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
    return failure(output_call, container_, {Fault::not_found, "there is no more of it"});
  }

  Failure refused() { return failure(output_call, container_, take_answer(exchange_)); }

  Exchange exchange_;
  std::string container_;
  OutputDecoder decoder_;
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
                !reader.header("Libpod-Api-Version").empty()};
}

std::unique_ptr<OutputStream> make_output_stream(Exchange exchange, const std::string& container,
                                                 OutputDecoder::Format format) {
  return std::make_unique<DockerOutputStream>(std::move(exchange), container, format);
}

std::unique_ptr<ExitStream> make_exit_stream(Exchange exchange, const std::string& container) {
  return std::make_unique<DockerExitStream>(std::move(exchange), container);
}

}  // namespace containerizer

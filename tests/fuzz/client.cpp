// The whole client against a daemon that sends any bytes. The first byte of the input selects the
// request, the rest is the reply.
#include "engine/docker/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "engine/docker/streams.h"
#include "host/fd.h"
#include "host/file.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

// Sends the same reply to every connection, and closes it.
class Daemon {
 public:
  Daemon() : path_("/tmp/fuzz-daemon-" + std::to_string(::getpid())) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    expect(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
               ::listen(socket_.get(), 8) == 0,
           "a daemon listens");
    thread_ = std::thread([this] { serve(); });
  }
  ~Daemon() {
    ::unlink(path_.c_str());
    ::shutdown(socket_.get(), SHUT_RDWR);
    thread_.join();
  }
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  Endpoint endpoint() const { return {Endpoint::Kind::unix_socket, path_, 0}; }

  // Sets the reply from the next connection on.
  void answer_with(std::string_view bytes) {
    const std::lock_guard guard(mutex_);
    answer_ = bytes;
  }

 private:
  void serve() {
    for (;;) {
      const Fd client(
          uninterrupted([&] { return ::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC); }));
      if (!client.valid()) return;
      // Reads the request first, like a daemon. Otherwise closing would reset the connection.
      char request[4096];
      const auto receive = [&] {
        return uninterrupted([&] { return ::recv(client.get(), request, sizeof request, 0); });
      };
      if (receive() <= 0) continue;
      const std::string bytes = answer();
      uninterrupted([&] { return ::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
      ::shutdown(client.get(), SHUT_WR);
      while (receive() > 0) {
      }
    }
  }

  // A client may have timed out and gone, and its reply may be replaced, before its turn.
  std::string answer() {
    const std::lock_guard guard(mutex_);
    return answer_;
  }

  std::string path_;
  Fd socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  std::mutex mutex_;
  std::string answer_;
  std::thread thread_;
};

void check(const Failure& failure) {
  expect_readable(failure);
  expect(failure.fault != Fault::interrupted, "a daemon does not interrupt us", failure.text);
}

template <class T>
void check(const Result<T>& result) {
  if (!result.ok()) check(result.failure());
}

Exchange ask(const Daemon& daemon) {
  const Timeout timeout(Duration(1000));
  auto connection = Connection::open(daemon.endpoint(), timeout);
  expect(connection.ok(), "the daemon accepts a connection");
  Exchange exchange(std::move(connection.value()), ResponseReader::Body::endless);
  check(exchange.send(to_bytes({Method::get, "/", ""}, "docker"), timeout));
  return exchange;
}

template <class Stream, class Next>
void read_to_end(Stream& stream, Next next) {
  const Timeout timeout(Duration(5000));
  for (;;) {
    const auto more = next();
    if (!more) return;
    if (*more) continue;
    const auto readiness = wait_for(stream.fd(), POLLIN, timeout.end);
    expect(readiness == Readiness::ready, "a stream that has ended is ready");
  }
}

void follow_output(const Daemon& daemon, OutputDecoder::Format format) {
  const auto stream = make_output_stream(ask(daemon), "subject", format);
  read_to_end(*stream, [&]() -> std::optional<bool> {
    const auto entry = stream->next();
    check(entry);
    if (entry.ok()) return entry.value().has_value();
    const auto again = stream->next();
    expect(!again.ok() && again.failure().text == entry.failure().text, "a failure is final");
    return std::nullopt;
  });
}

void await_exit(const Daemon& daemon) {
  const auto stream = make_exit_stream(ask(daemon), "subject");
  read_to_end(*stream, [&]() -> std::optional<bool> {
    const auto ended = stream->ended();
    check(ended);
    if (ended.ok() && !ended.value()) return false;
    return std::nullopt;
  });
}

void check_facts(const Result<ContainerFacts>& facts) {
  check(facts);
  if (!facts.ok()) return;
  expect(!facts.value().id.empty() && is_one_line(facts.value().error), "facts can be shown");
}

// The calls, in the order of the first byte in the seeds.
void call(char which, const Daemon& daemon) {
  DockerClient client(
      {daemon.endpoint(), Duration(40), Duration(1000), which == 'v' ? "" : "1.41"});
  const auto listen = [](const PullNews& news) {
    expect(is_one_line(news.line), "a line", news.line);
  };
  switch (which) {
    case 'c':
      return check(client.create("subject", {{"Env", {"SECRET=hidden from people"}}}));
    case 's':
      return check(client.start("subject"));
    case 'l':
      return check(client.list("label", "value"));
    case 'k':
      return check(client.kill("subject", "SIGTERM"));
    case 'r':
      return check(client.remove("subject"));
    case 'u':
      return check(client.update("subject", {}));
    case 'm':
      return check(client.has_image("image:tag"));
    case 'p':
      return check(client.pull("image:tag", {"user", "password", "server", ""}, -1, listen));
    case 'o':
      return follow_output(daemon, OutputDecoder::Format::framed);
    case 't':
      return follow_output(daemon, OutputDecoder::Format::bare);
    case 'w':
      return await_exit(daemon);
    case 'g':
      return check(client.ping());
    default:  // 'i', and 'v' without a known version
      return check_facts(client.inspect("subject"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Daemon daemon;
  if (size == 0) return 0;
  daemon.answer_with(as_text(data, size).substr(1));
  call(static_cast<char>(data[0]), daemon);
  return 0;
}

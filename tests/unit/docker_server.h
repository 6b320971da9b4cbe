// A server on a unix socket that sends the replies of a test, in place of a daemon.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "engine/docker/client.h"
#include "host/fd.h"

namespace containerizer {

// The server's behaviour for one request.
struct Reply {
  std::string bytes;
  enum class Then { keep, close } then = Then::keep;
};

inline std::string http(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nApi-Version: 1.41\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         body;
}

inline std::string message(int status, const std::string& text) {
  return http(status, boost::json::serialize(boost::json::object{{"message", text}}));
}

inline const std::string chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

inline std::string chunk(const std::string& bytes) {
  char size[16];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}

// Answers the nth request, whatever it is, with the nth reply. It does not answer further requests.
class Server {
 public:
  explicit Server(std::vector<Reply> replies)
      : Server([replies = std::move(replies)](std::size_t number, const std::string&) {
          return number < replies.size() ? std::optional(replies[number]) : std::nullopt;
        }) {}

  // `answer` returns the reply to the nth request, of which it gets all bytes; empty for none.
  using Answer =
      std::function<std::optional<Reply>(std::size_t number, const std::string& request)>;
  explicit Server(Answer answer) : answer_(std::move(answer)) {
    char directory[] = "/tmp/docker-client-test-XXXXXX";
    REQUIRE(mkdtemp(directory) != nullptr);
    directory_ = directory;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_.get(), 8) == 0);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    stop_read_ = Fd(ends[0]);
    stop_write_ = Fd(ends[1]);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    stop();
    std::filesystem::remove_all(directory_);
  }

  void stop() {
    stop_write_.close();
    if (thread_.joinable()) thread_.join();
  }

  std::string path() const { return directory_ + "/s"; }

  // Returns once a reply or the client has closed a connection.
  void await_close() {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(10), [this] { return closed_; }));
  }

  DockerClient client(Duration deadline = Duration(10'000),
                      const std::string& version = "1.41") const {
    ClientSettings settings;
    settings.endpoint.address = path();
    settings.call_deadline = deadline;
    settings.pull_silence = deadline;
    settings.api_version = version;
    return DockerClient(settings);
  }

  // REQUIRES: the server is stopped.
  const std::vector<std::string>& requests() const { return requests_; }
  std::size_t connections() const { return accepted_; }

 private:
  void serve() {
    std::vector<Fd> clients;
    std::vector<std::string> received;
    for (;;) {
      std::vector<pollfd> watched{{stop_read_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
      for (const Fd& client : clients) watched.push_back({client.get(), POLLIN, 0});
      if (::poll(watched.data(), watched.size(), -1) <= 0) continue;
      if (watched[0].revents != 0) return;
      if (watched[1].revents != 0) {
        clients.emplace_back(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        received.emplace_back();
        ++accepted_;
      }
      for (std::size_t i = 0; i + 2 < watched.size(); ++i) {
        if (watched[i + 2].revents == 0 || attend(clients[i], received[i])) continue;
        clients[i].close();
        const std::lock_guard lock(mutex_);
        closed_ = true;
        changed_.notify_all();
      }
    }
  }

  // Returns false if the connection must be closed.
  bool attend(Fd& client, std::string& received) {
    if (!client.valid()) return true;
    char buffer[65536];
    const ssize_t count = ::recv(client.get(), buffer, sizeof buffer, 0);
    if (count <= 0) return false;
    received.append(buffer, static_cast<std::size_t>(count));
    const std::size_t head = received.find("\r\n\r\n");
    if (head == std::string::npos) return true;
    const std::size_t length = received.find("Content-Length: ");
    const std::size_t body =
        length < head ? std::strtoul(received.c_str() + length + 16, nullptr, 10) : 0;
    if (received.size() < head + 4 + body) return true;
    const std::size_t number = requests_.size();
    requests_.push_back(std::exchange(received, std::string()));
    const auto reply = answer_(number, requests_.back());
    if (!reply) return true;
    const std::string_view bytes = reply->bytes;
    for (std::size_t sent = 0; sent < bytes.size();) {
      const ssize_t part =
          ::send(client.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (part <= 0) return false;
      sent += static_cast<std::size_t>(part);
    }
    return reply->then != Reply::Then::close;
  }

  Answer answer_;
  std::string directory_;
  Fd listener_;
  Fd stop_read_;
  Fd stop_write_;
  std::vector<std::string> requests_;
  std::size_t accepted_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace containerizer

#include "tests/integration/gate.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <utility>

namespace containerizer::integration {
namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

Fd make_socket() { return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

std::string daemon_path() {
  const std::string host = std::getenv("TEST_DOCKER_HOST");
  return host.substr(std::strlen("unix://"));
}

Fd connect_to_daemon() {
  const auto address = address_of(daemon_path());
  auto socket = make_socket();
  if (::connect(socket.get(), generic(address), sizeof address) != 0) return {};
  return socket;
}

std::string receive(const Fd& from) {
  std::array<char, 65536> buffer{};
  const auto got = ::recv(from.get(), buffer.data(), buffer.size(), 0);
  return {buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

bool send_all(const Fd& to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

Gate::Gate(WorkDirectory& place)
    : path_(place.scratch() / "gate.sock"),
      listener_(make_socket()),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  const auto address = address_of(path_);
  REQUIRE(::bind(listener_.get(), generic(address), sizeof address) == 0);
  REQUIRE(::listen(listener_.get(), 64) == 0);
  place.set("CONTAINERIZER_DOCKER_ARGS", "-H unix://" + path_.string());
  thread_ = std::thread([this] { serve(); });
}

Gate::~Gate() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
  // A supervisor may still remove its container, and knows this path only.
  const auto detour = path_.string() + "-daemon";
  fs::create_symlink(daemon_path(), detour);
  fs::rename(detour, path_);
}

void Gate::hold(const std::string& what, Hold how) {
  const std::lock_guard lock(mutex_);
  what_ = what;
  how_ = how;
  held_ = 0;
  made_up_.clear();
}

void Gate::answer(const std::string& what, const std::string& status, const std::string& body) {
  const std::lock_guard lock(mutex_);
  what_ = what;
  made_up_ = "HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body;
}

void Gate::await_held(int times) {
  std::unique_lock lock(mutex_);
  const bool held = changed_.wait_for(lock, bound, [&] { return held_ >= times; });
  INFO("no request was held: " << what_.value_or(""));
  REQUIRE(held);
}

void Gate::open() { let_go(false, std::nullopt); }
void Gate::let_pass() { let_go(false, what_); }
void Gate::lose() { let_go(true, std::nullopt); }

void Gate::let_go(bool broken, std::optional<std::string> what) {
  std::unique_lock lock(mutex_);
  what_ = std::move(what);
  held_ = 0;
  opened_ = true;
  broken_ = broken;
  ::eventfd_write(wake_.get(), 1);
  changed_.wait_for(lock, bound, [this] { return !opened_; });
}

void Gate::serve() {
  for (;;) {
    std::vector<pollfd> all{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const auto& link : links_) {
      const short wanted = link.is_held ? POLLRDHUP : POLLIN | POLLRDHUP;
      all.push_back({link.program.get(), wanted, 0});
      // Not polled: poll() would report a dead daemon again and again.
      all.push_back({link.is_held ? -1 : link.daemon.get(), wanted, 0});
    }
    ::poll(all.data(), all.size(), -1);
    auto next = all.begin() + 2;
    for (auto link = links_.begin(); link != links_.end();) {
      const auto program = (next++)->revents;
      const auto daemon = (next++)->revents;
      const bool broken = (link->is_held && program != 0) ||
                          (!link->is_held && program != 0 && !pass_request(*link)) ||
                          (!link->is_held && daemon != 0 && !pass_answer(*link));
      link = broken ? links_.erase(link) : std::next(link);
    }
    if (all[0].revents != 0) {
      eventfd_t ignored = 0;
      ::eventfd_read(wake_.get(), &ignored);
      const std::lock_guard lock(mutex_);
      if (ended_) return;
      release(broken_);
    }
    if (all[1].revents != 0) accept();
  }
}

void Gate::accept() {
  Link link;
  link.program = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  link.daemon = connect_to_daemon();
  if (link.program.valid() && link.daemon.valid()) links_.push_back(std::move(link));
}

bool Gate::is_meant(const std::string& bytes) const {
  const auto line = bytes.substr(0, bytes.find('\r'));
  std::istringstream texts(what_.value_or(""));
  for (std::string text; std::getline(texts, text, '|');) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

bool Gate::pass_request(Link& link) {
  auto bytes = receive(link.program);
  if (bytes.empty()) return false;
  const std::lock_guard lock(mutex_);
  if (!is_meant(bytes)) return send_all(link.daemon, bytes);
  if (!made_up_.empty()) return send_all(link.program, made_up_);
  if (how_ == Hold::half || how_ == Hold::cut) {
    link.halve = how_;
    return send_all(link.daemon, bytes);
  }
  if (how_ == Hold::answer) {
    if (!send_all(link.daemon, bytes)) return false;
    // The daemon replies when it has performed the request. The reply stays in the socket.
    pollfd done{link.daemon.get(), POLLIN, 0};
    ::poll(&done, 1, static_cast<int>(bound.count()));
  } else {
    link.held = std::move(bytes);
  }
  link.is_held = true;
  note_held();
  return true;
}

void Gate::note_held() {
  ++held_;
  changed_.notify_all();
}

bool Gate::pass_answer(Link& link) {
  const auto bytes = receive(link.daemon);
  if (bytes.empty()) return false;
  return link.halve ? pass_half(link, bytes) : send_all(link.program, bytes);
}

// A reply without a body stops in the middle of its headers.
bool Gate::pass_half(Link& link, const std::string& bytes) {
  const std::string end_of_headers = "\r\n\r\n";
  const bool begins = bytes.starts_with("HTTP/");
  const auto body = begins ? bytes.find(end_of_headers) + end_of_headers.size() : 0;
  const bool is_bare = begins && body == bytes.size();
  // These are only the headers of a stream. Its body follows.
  const bool is_stream = bytes.find("Transfer-Encoding: chunked") != std::string::npos ||
                         bytes.find("Upgrade: tcp") != std::string::npos;
  if (is_bare && is_stream) {
    return send_all(link.program, bytes);
  }
  const auto middle = is_bare ? body / 2 : (body + bytes.size()) / 2;
  if (!send_all(link.program, std::string_view(bytes).substr(0, middle))) return false;
  link.is_held = link.halve == Hold::half;
  const std::lock_guard lock(mutex_);
  note_held();
  return link.is_held;
}

// A link whose reply stopped halfway is closed: its remaining bytes are lost.
void Gate::release(bool broken) {
  for (auto link = links_.begin(); link != links_.end();) {
    const bool ends = link->is_held && (broken || link->halve);
    if (link->is_held && !ends) {
      send_all(link->daemon, link->held);
      link->held.clear();
      link->is_held = false;
    }
    link = ends ? links_.erase(link) : std::next(link);
  }
  opened_ = false;
  changed_.notify_all();
}

}  // namespace containerizer::integration

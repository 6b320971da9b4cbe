// machine-disk SOCKET BASE SEED: a disk for qemu, over NBD. It serves one machine at a time, and
// keeps its content between them, until SIGTERM. A machine that disconnects as it should has been
// switched off. One that does not has lost its power, and the disk forgets a part of what was not
// flushed; SEED decides which. After SIGUSR1, the power fails at one of the next writes: the disk
// stops answering, and the machine should be killed. Each end of a machine is a line on stdout:
//   off
//   cut FATE SHARE unflushed=SECTORS kept=SECTORS
#include <arpa/inet.h>
#include <endian.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>
#include <optional>
#include <stdexcept>

#include "tests/machine/disk.h"

namespace containerizer::machine {
namespace {

using player::Fd;

// https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md
constexpr std::uint64_t greeting = 0x4e42444d41474943;      // "NBDMAGIC"
constexpr std::uint64_t option_magic = 0x49484156454f5054;  // "IHAVEOPT"
constexpr std::uint64_t option_reply_magic = 0x3e889045565a9;
constexpr std::uint32_t request_magic = 0x25609513, reply_magic = 0x67446698;
constexpr std::uint16_t fixed_newstyle = 1, no_zeroes = 2;
constexpr std::uint32_t option_abort = 2, option_info = 6, option_go = 7;
constexpr std::uint32_t answer_acknowledged = 1, answer_info = 3, answer_unsupported = 0x80000001;
constexpr std::uint16_t info_export = 0;
constexpr std::uint16_t has_flags = 1, sends_flush = 4, sends_fua = 8;
constexpr std::uint16_t command_read = 0, command_write = 1, command_disconnect = 2,
                        command_flush = 3, fua = 1;
constexpr std::uint32_t invalid = 22;  // EINVAL
constexpr std::uint32_t longest = 64U << 20U;

// The other side is gone.
struct Gone {};

class Connection {
 public:
  explicit Connection(Fd socket) : socket_(std::move(socket)) {}

  std::string take(std::size_t length) {
    std::string bytes(length, '\0');
    for (std::size_t at = 0; at < length;) {
      const auto got = ::read(socket_.get(), bytes.data() + at, length - at);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw Gone();
      at += static_cast<std::size_t>(got);
    }
    return bytes;
  }
  template <class T>
  T take() {
    const auto bytes = take(sizeof(T));
    T value{};
    std::memcpy(&value, bytes.data(), sizeof value);
    if constexpr (sizeof(T) == 8) return be64toh(value);
    if constexpr (sizeof(T) == 4) return ntohl(value);
    if constexpr (sizeof(T) == 2) return ntohs(value);
  }
  void give(const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto put = ::send(socket_.get(), bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) throw Gone();
      at += static_cast<std::size_t>(put);
    }
  }

  // Reads until the other side is gone, and answers nothing.
  void await_end() {
    try {
      for (;;) take(1);
    } catch (const Gone&) {
    }
  }

 private:
  Fd socket_;
};

std::string raw(const void* value, std::size_t size) {
  return {static_cast<const char*>(value), size};
}
std::string bytes_of(std::uint64_t value) {
  const auto big = htobe64(value);
  return raw(&big, sizeof big);
}
std::string bytes_of(std::uint32_t value) {
  const auto big = htonl(value);
  return raw(&big, sizeof big);
}
std::string bytes_of(std::uint16_t value) {
  const auto big = htons(value);
  return raw(&big, sizeof big);
}

void answer_option(Connection& peer, std::uint32_t option, std::uint32_t kind,
                   const std::string& data) {
  peer.give(bytes_of(option_reply_magic) + bytes_of(option) + bytes_of(kind) +
            bytes_of(static_cast<std::uint32_t>(data.size())) + data);
}

// Returns when the client has chosen the only export. False: it does not want it.
bool negotiate(Connection& peer, const Disk& disk) {
  peer.give(bytes_of(greeting) + bytes_of(option_magic) +
            bytes_of(static_cast<std::uint16_t>(fixed_newstyle | no_zeroes)));
  peer.take<std::uint32_t>();
  for (;;) {
    if (peer.take<std::uint64_t>() != option_magic) throw std::runtime_error("not an NBD client");
    const auto option = peer.take<std::uint32_t>();
    const auto length = peer.take<std::uint32_t>();
    if (length > longest) throw std::runtime_error("an NBD option is too long");
    peer.take(length);
    if (option == option_go || option == option_info) {
      const auto flags = static_cast<std::uint16_t>(has_flags | sends_flush | sends_fua);
      answer_option(peer, option, answer_info,
                    bytes_of(info_export) + bytes_of(disk.size()) + bytes_of(flags));
      answer_option(peer, option, answer_acknowledged, "");
      if (option == option_go) return true;
    } else if (option == option_abort) {
      answer_option(peer, option, answer_acknowledged, "");
      return false;
    } else {
      answer_option(peer, option, answer_unsupported, "");
    }
  }
}

struct Request {
  std::uint16_t flags = 0, command = 0;
  std::uint64_t handle = 0, offset = 0;
  std::uint32_t length = 0;
};

Request take_request(Connection& peer) {
  if (peer.take<std::uint32_t>() != request_magic) throw std::runtime_error("not an NBD request");
  Request request;
  request.flags = peer.take<std::uint16_t>();
  request.command = peer.take<std::uint16_t>();
  request.handle = peer.take<std::uint64_t>();
  request.offset = peer.take<std::uint64_t>();
  request.length = peer.take<std::uint32_t>();
  if (request.length > longest) throw std::runtime_error("an NBD request is too long");
  return request;
}

bool fits(const Request& request, const Disk& disk) {
  return request.offset % sector_size == 0 && request.length % sector_size == 0 &&
         request.offset <= disk.size() && request.length <= disk.size() - request.offset;
}

void carry_out(Connection& peer, const Request& request, Disk& disk) {
  std::uint32_t error = 0;
  std::string answer;
  std::string data = request.command == command_write ? peer.take(request.length) : "";
  if (!fits(request, disk)) {
    error = invalid;
  } else if (request.command == command_read) {
    answer.resize(request.length);
    disk.read(request.offset, answer.data(), answer.size());
  } else if (request.command == command_write) {
    disk.write(request.offset, std::move(data));
    if ((request.flags & fua) != 0) disk.flush();
  } else if (request.command == command_flush) {
    disk.flush();
  } else {
    error = invalid;
  }
  peer.give(bytes_of(reply_magic) + bytes_of(error) + bytes_of(request.handle) + answer);
}

volatile sig_atomic_t was_told_to_fail = 0;

// The power fails in the middle of what the machine writes: most writes are flushed soon, so few
// are unflushed at a moment that does not depend on them.
class Power {
 public:
  explicit Power(std::mt19937_64& random) : random_(random) {}

  // Call it for each write.
  bool fails() {
    if (was_told_to_fail != 0) {
      was_told_to_fail = 0;
      left_ = random_() % most_writes;
    }
    if (!left_) return false;
    if ((*left_)-- > 0) return false;
    left_.reset();
    return true;
  }

 private:
  static constexpr std::uint64_t most_writes = 100;
  std::mt19937_64& random_;
  std::optional<std::uint64_t> left_;
};

// Returns whether the machine was switched off; otherwise it has lost its power.
bool serve(Connection& peer, Disk& disk, Power& power) {
  try {
    if (!negotiate(peer, disk)) return true;
    for (;;) {
      const auto request = take_request(peer);
      if (request.command == command_disconnect) return true;
      if (request.command == command_write && power.fails()) {
        const auto data = peer.take(request.length);
        if (fits(request, disk)) disk.write(request.offset, data);
        return false;
      }
      carry_out(peer, request, disk);
    }
  } catch (const Gone&) {
    return false;
  }
}

Fd listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error(path + ": too long");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::unlink(path.c_str());
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 1) != 0) {
    throw std::runtime_error("cannot listen at " + path + ": " + std::strerror(errno));
  }
  return socket;
}

[[noreturn]] void run(const std::string& path, const std::string& base, std::uint64_t seed) {
  Disk disk(base);
  std::mt19937_64 random(seed);
  Power power(random);
  ::signal(SIGUSR1, [](int) { was_told_to_fail = 1; });
  const Fd listener = listen_at(path);
  std::cout << "ready" << std::endl;
  for (;;) {
    Fd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!accepted.valid()) continue;
    Connection peer(std::move(accepted));
    if (serve(peer, disk, power)) {
      disk.flush();
      std::cout << "off" << std::endl;
      continue;
    }
    const auto fate = draw_fate(random);
    const auto loss = disk.cut(fate, random);
    std::cout << "cut " << fate.name << ' ' << fate.share << " unflushed=" << loss.unflushed
              << " kept=" << loss.kept << std::endl;
    peer.await_end();
  }
}

}  // namespace
}  // namespace containerizer::machine

int main(int count, char** arguments) {
  try {
    if (count != 4) throw std::runtime_error("usage: machine-disk SOCKET BASE SEED");
    containerizer::machine::run(arguments[1], arguments[2], std::stoull(arguments[3]));
  } catch (const std::exception& error) {
    std::cerr << "machine-disk: " << error.what() << '\n';
    return 1;
  }
}

#include "proto/frame.h"

#include <fcntl.h>
#include <semaphore.h>
#include <sys/time.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <thread>

#include "host/fd.h"
#include "host/file.h"

using namespace containerizer;

namespace {

Pipe new_pipe() {
  auto made = make_pipe();
  REQUIRE(made.ok());
  return std::move(made.value());
}

std::string length_field(std::uint32_t length) {
  std::string bytes(4, '\0');
  std::memcpy(bytes.data(), &length, 4);
  return bytes;
}

// Reads the frame at the start of `bytes`. The stream ends after them.
Frame frame_in(const std::string& bytes) {
  auto pipe = new_pipe();
  REQUIRE(write_all(pipe.write.get(), bytes));
  pipe.write.close();
  return read_frame(pipe.read.get());
}

std::string long_text(std::size_t length) {
  std::string text;
  for (std::size_t i = 0; i < length; ++i) text += static_cast<char>(i * 31 % 251);
  return text;
}

}  // namespace

TEST_CASE("a frame is four bytes of length in host order, then the message") {
  CHECK(to_frame("") == length_field(0));
  CHECK(to_frame("abc") == length_field(3) + "abc");
}

TEST_CASE("a frame is read as it was written") {
  const auto length = GENERATE(as<std::size_t>(), 0, 1, 5, 255, 256, 60'000);
  const auto text = long_text(length);
  const auto frame = frame_in(to_frame(text));
  CHECK(frame.fault == FrameFault::none);
  CHECK(frame.bytes == text);
}

TEST_CASE("a frame is read up to its last byte and not further", "[scenario-70]") {
  auto pipe = new_pipe();
  REQUIRE(write_all(pipe.write.get(), to_frame("first") + to_frame("") + "rest"));
  CHECK(read_frame(pipe.read.get()).bytes == "first");
  CHECK(read_frame(pipe.read.get()).bytes.empty());
  char rest[8];
  REQUIRE(::read(pipe.read.get(), rest, sizeof rest) == 4);
  CHECK(std::string(rest, 4) == "rest");
}

TEST_CASE("a frame needs no end of the stream", "[scenario-70]") {
  auto pipe = new_pipe();
  REQUIRE(write_all(pipe.write.get(), to_frame("open end")));
  CHECK(read_frame(pipe.read.get()).bytes == "open end");
}

TEST_CASE("a frame that is cut at any byte is truncated", "[scenario-70]") {
  const auto whole = to_frame("message");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO(length << " bytes");
    const auto frame = frame_in(whole.substr(0, length));
    CHECK(frame.fault == FrameFault::truncated);
    const std::string expected_part = length < 4 ? std::to_string(length) + " of 4 bytes"
                                                 : std::to_string(length - 4) + " of 7 bytes";
    CHECK(frame.text.find(expected_part) != std::string::npos);
    CHECK(frame.text.find('\n') == std::string::npos);
  }
}

TEST_CASE("a length above the limit is refused before the body is read", "[scenario-70]") {
  const auto length = GENERATE(as<std::uint32_t>(), largest_frame + 1, 0x7fffffff, 0xffffffff);
  auto pipe = new_pipe();
  REQUIRE(write_all(pipe.write.get(), length_field(length) + "body"));
  const auto frame = read_frame(pipe.read.get());
  CHECK(frame.fault == FrameFault::too_large);
  CHECK(frame.text.find(std::to_string(length)) != std::string::npos);
  char rest[8];
  CHECK(::read(pipe.read.get(), rest, sizeof rest) == 4);
}

TEST_CASE("the largest length alone allocates no memory", "[scenario-70]") {
  const auto frame = frame_in(length_field(largest_frame) + "body");
  CHECK(frame.fault == FrameFault::truncated);
  CHECK(frame.bytes.capacity() < 1U << 20);
}

TEST_CASE("a descriptor that cannot be read is reported with the reason", "[scenario-70]") {
  const Fd directory(::open("/", O_RDONLY | O_CLOEXEC));
  const auto frame = read_frame(directory.get());
  CHECK(frame.fault == FrameFault::unreadable);
  CHECK(frame.text.find(std::strerror(EISDIR)) != std::string::npos);
}

namespace {

sem_t interruptions;
void count_interruption(int /*signal*/) { ::sem_post(&interruptions); }

}  // namespace

TEST_CASE("a frame can arrive in pieces, with a signal before each", "[scenario-70]") {
  ::sem_init(&interruptions, 0, 0);
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = count_interruption;  // without SA_RESTART
  ::sigaction(SIGALRM, &action, &before);

  const auto text = long_text(200'000);
  const auto bytes = to_frame(text);
  auto pipe = new_pipe();
  sigset_t alarm;
  ::sigemptyset(&alarm);
  ::sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_BLOCK, &alarm, nullptr);
  std::thread writer([&] {
    const std::vector<std::size_t> cuts{0, 1, 3, 4, 5, 100, 65'540, 65'541, bytes.size()};
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      for (int times = 0; times < 2; ++times) {
        while (::sem_wait(&interruptions) != 0) {
        }
      }
      write_all(pipe.write.get(), bytes.substr(cuts[i], cuts[i + 1] - cuts[i]));
    }
  });
  ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
  const itimerval often{{0, 1000}, {0, 1000}};
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  const auto frame = read_frame(pipe.read.get());
  ::setitimer(ITIMER_REAL, &never, nullptr);
  writer.join();
  ::sigaction(SIGALRM, &before, nullptr);
  CHECK(frame.fault == FrameFault::none);
  CHECK(frame.bytes == text);
}

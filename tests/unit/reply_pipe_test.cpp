#include "cli/reply_pipe.h"

#include <poll.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "host/file.h"
#include "proto/frame.h"
#include "temporary_directory.h"

using namespace containerizer;

namespace {

// A child that hands a message over, and exits with 0 if it was delivered, with 2 if not.
class Giver {
 public:
  Giver() {
    auto made = make_pipe();
    REQUIRE(made.ok());
    pipe_ = std::move(made.value());
    child_ = fork_child([&] {
      std::signal(SIGPIPE, SIG_IGN);
      pipe_.read.close();
      if (!make_reply_pipe(pipe_.write.get())->hand_over("message")) ::_exit(2);
    });
    pipe_.write.close();
    pollfd arrived{pipe_.read.get(), POLLIN, 0};
    ::poll(&arrived, 1, -1);
  }
  int read_end() const { return pipe_.read.get(); }
  void close_read_end() { pipe_.read.close(); }
  int status() const { return WEXITSTATUS(ended(child_)); }

 private:
  Pipe pipe_;
  pid_t child_ = -1;
};

}  // namespace

TEST_CASE("a message is delivered when it was read") {
  const Giver giver;
  CHECK(read_frame(giver.read_end()).bytes == "message");
  CHECK(giver.status() == 0);
}

TEST_CASE("a message is not delivered if the reader closes the pipe without reading it") {
  Giver giver;
  giver.close_read_end();
  CHECK(giver.status() == 2);
}

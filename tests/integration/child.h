// A program that a test starts, with pipes to it.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/clock.h"
#include "host/fd.h"

namespace containerizer::integration {

// How long anything that must happen may take at the most.
constexpr Duration bound{60'000};

using Variables = std::map<std::string, std::string>;

struct Ran {
  int status = -1;  // the exit status, or 128 + the signal
  std::string out;
  std::string err;
};

// Runs in a session of its own, as what a slave starts does; killed when the object goes. What it
// prints is gathered by pump() and the functions that call it.
class Child {
 public:
  // `added` comes on top of the test's own environment.
  explicit Child(const std::vector<std::string>& words, const Variables& added = {});
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }
  // The exit status, or 128 + the signal, once it has ended.
  std::optional<int> ended() const { return status_; }

  // Sent at once as far as the pipe takes it; the rest by pump().
  void send(std::string_view bytes);
  // Once all is sent.
  void close_input();
  // From then on nobody reads what it prints to its standard output.
  void close_output() { output_.close(); }

  // Passes bytes in all directions until something has arrived, the child has ended, or time is up.
  void pump(Deadline deadline);
  // Until it has ended; false when time is up.
  bool await_end(Duration limit = bound);
  void kill_hard();

 private:
  void pass_input();
  void take(Fd& from, std::string& into);
  void reap();

  pid_t pid_ = -1;
  Fd alive_;  // a pidfd
  Fd in_, output_, error_;
  std::string out_, err_, unsent_;
  bool input_closed_ = false;
  std::optional<int> status_;
};

// Runs a program to its end, with `input` on its standard input, which stays open, as a slave's
// does. Fails the test when it does not end in time.
Ran run(const std::vector<std::string>& words, const Variables& added = {},
        std::string_view input = "", bool close_input = false);

// The output of a command that must succeed, without the last end of line.
std::string output_of(const std::vector<std::string>& words);

}  // namespace containerizer::integration

// A program that a test starts, with pipes to and from it.
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

// The longest time that any expected event may take.
constexpr Duration bound{60'000};

using Variables = std::map<std::string, std::string>;

struct Ran {
  int status = -1;  // the exit status, or 128 + the signal
  std::string out;
  std::string err;
};

// A process in its own session, like a verb that a slave starts. The destructor kills it. pump(),
// and the functions that call it, read the output.
class Child {
 public:
  // `added` are variables in addition to the test's own environment.
  explicit Child(const std::vector<std::string>& words, const Variables& added = {});
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }
  // The exit code, or 128 + the signal. Empty while the process runs.
  std::optional<int> ended() const { return status_; }

  // Writes to the standard input as much as fits into the pipe. pump() writes the rest.
  void send(std::string_view bytes);
  // Closes the standard input once everything is written.
  void close_input();
  // Closes the read end of the standard output, as a reader that exits.
  void close_output() { output_.close(); }

  // Reads and writes until output has arrived, the process has exited, or the deadline has passed.
  void pump(Deadline deadline);
  // Waits for the exit. Returns false if the limit has passed.
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

// Runs a program until it exits, with `input` on its standard input. The input stays open, as a
// slave leaves it, unless `close_input` is set. Fails the test if the program does not exit in
// time.
Ran run(const std::vector<std::string>& words, const Variables& added = {},
        std::string_view input = "", bool close_input = false);

// The output of a command that must succeed, without the last newline.
std::string output_of(const std::vector<std::string>& words);

}  // namespace containerizer::integration

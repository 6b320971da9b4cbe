// One task from its launch to its end, with a kill on the way, a kill in the recovery that follows,
// or none. Judged by the protocol and by what the task itself leaves in its sandbox and in the
// daemon; states and history are checked beyond that when the program is ours.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/slave.h"

namespace containerizer::crash {

// SIGKILL at a system call of one process.
struct Kill {
  std::string victim;  // a verb, or `supervise`
  long point = 0;      // 1 for the first call; 0 counts them, and kills nobody
};

// What is done to one life. As text: "launch:17", or "launch:17 destroy:40" with a second kill in
// the recovery.
struct Story {
  Kill operation;
  std::optional<Kill> recovery;
};

std::string to_text(const Story& story);
// Fails the test when the text is not of that form.
Story to_story(const std::string& text);

// Whether the program under test is this project's.
bool is_ours();

// What can be killed in each part.
const std::vector<std::string>& operation_victims();
const std::vector<std::string>& recovery_victims();

// Each part is called once, in this order; recover_under may be left out.
class Life {
 public:
  Life();
  ~Life();
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  // Launches the task and asks for what the victim does, until the victim has ended. Returns how
  // many system calls it began.
  long operate(const Kill& kill);
  // What a slave does after its restart, until it is killed with the victim; the same.
  long recover_under(const Kill& kill);
  // The next restart, which nothing disturbs: all that must hold is checked.
  void recover();

 private:
  // The process that is traced now.
  struct Traced {
    std::string verb;  // the call of the slave's that it is, or that starts it
    std::string word;  // of its own command line; "" for the verb itself
    long point = 0;
  };

  integration::fs::path sandbox() const { return place_.path() / "sandbox"; }
  integration::fs::path count_file() const { return place_.scratch() / "count"; }
  bool has_victim_ended() const { return integration::fs::exists(count_file()); }
  void let_it_end() const { integration::write_file(sandbox() / "go", ""); }

  void trace(const Kill& kill, const std::string& starter);
  long end_of_trace();
  std::vector<std::string> words_for(const std::string& verb) const;
  std::string message_for(const std::string& verb) const;
  integration::Ran call(const std::string& verb) const;

  bool is_running() const;
  void begin();
  void await_victim();
  void take_answer(const integration::Ran& wait);
  std::set<std::string> containers() const;
  void check_end() const;
  void check_status(const std::string& answer) const;
  void check_runs() const;
  void check_history() const;
  void check_nothing_left() const;
  std::vector<std::string> new_containers() const;

  integration::WorkDirectory place_;
  std::set<std::string> others_;  // containers in the daemon that were there before
  std::optional<Traced> traced_;
  std::unique_ptr<integration::Child> waiter_;
  bool launched_ = false;
  bool destroyed_ = false;  // has been asked for
  bool told_ = false;       // a `wait` has written its answer
  std::string answer_;      // of a `wait` that ended well
};

}  // namespace containerizer::crash

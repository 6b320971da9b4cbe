// One task from its launch to its end, with a kill on the way, a second kill in the recovery, or
// none. The checks use the protocol, the task's sandbox and the daemon. If the program is ours,
// they also use states and history.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/slave.h"

namespace containerizer::crash {

// SIGKILL, or an error, at a system call of one process.
struct Kill {
  std::string victim;  // a verb, or `supervise`
  long point = 0;      // 1: the first call; 0: only count the calls
  // "": SIGKILL; "!2": the call fails, with the third errno that it can give; "!2+": all such calls
  // fail from then on; "!2@7+": only calls with the number 7 count
  std::string error;
};

// What a victim has done.
struct Trace {
  long calls = 0;                  // the number of system calls that it has started
  long refused = 0;                // how many of them failed on order
  std::map<long, long> by_number;  // of the calls that can fail
};

// The kills of one run. As text: "launch:17", or "launch:17 destroy:40" with a second kill in the
// recovery, or "launch:17!2" with an error.
struct Kills {
  Kill operation;
  std::optional<Kill> recovery;
};

std::string to_text(const Kills& kills);
// Fails the test if the text does not have that form.
Kills to_kills(const std::string& text);

// Whether the program under test is this project's.
bool is_ours();

// The possible victims in each part.
const std::vector<std::string>& operation_victims();
const std::vector<std::string>& recovery_victims();

// Call each part once, in this order. recover_under() can be omitted.
class Life {
 public:
  Life();
  ~Life();
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  // Launches the task and calls what the victim needs, until the victim has ended.
  Trace operate(const Kill& kill);
  // Does what a restarted slave does, until the victim has ended.
  Trace recover_under(const Kill& kill);
  // Does what a restarted slave does, without a kill, and checks everything.
  void recover();

 private:
  // The process that is traced now.
  struct Traced {
    std::string verb;   // the verb that is the victim, or that starts the victim
    std::string word;   // a word of the victim's command line; "": the verb itself
    std::string point;  // as kill-at reads it
  };

  integration::fs::path sandbox() const { return place_.path() / "sandbox"; }
  integration::fs::path count_file() const { return place_.scratch() / "count"; }
  bool has_victim_ended() const { return integration::fs::exists(count_file()); }
  void let_it_end() const { integration::write_file(sandbox() / "go", ""); }

  void trace(const Kill& kill, const std::string& starter);
  Trace end_of_trace();
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
  std::set<std::string> others_;  // containers that existed in the daemon before
  std::optional<Traced> traced_;
  std::unique_ptr<integration::Child> waiter_;
  bool launched_ = false;
  bool has_error_ = false;  // the operation met an error instead of a kill
  bool destroyed_ = false;  // a destroy was requested
  bool told_ = false;       // a `wait` has written its reply
  std::string answer_;      // the reply of a `wait` that succeeded
};

}  // namespace containerizer::crash

// A socket between the program and the daemon that can hold back what goes through it, so that the
// program stays in a state for as long as a test wants.
#pragma once

#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "tests/integration/work_directory.h"

namespace containerizer::integration {

enum class Hold {
  request,  // the daemon does not hear of it
  answer,   // the daemon does it, but nobody is told
  half,     // the daemon does it; of the answer, nothing comes after the middle of its body
  cut,      // the same, and the connection is closed there
};

// Works in a thread of its own; the functions are for the test's.
class Gate {
 public:
  // Listens below `place`'s scratch directory, and makes all processes of the slave go through it.
  explicit Gate(WorkDirectory& place);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // From now on each request whose first line contains `what` is held, until open().
  void hold(const std::string& what, Hold how);
  // From now on each such request gets this answer, and the daemon does not hear of it, until
  // open().
  void answer(const std::string& what, const std::string& status, const std::string& body);
  // Until something has been held, so many times.
  void await_held(int times = 1);
  // What is held goes on, but for what belongs to processes that died meanwhile.
  void open();
  // The same, but the connection of whatever is held breaks.
  void lose();

 private:
  struct Link {
    Fd program;
    Fd daemon;
    std::string held;  // a request that was not passed on
    bool is_held = false;
    std::optional<Hold> halve;  // half or cut: of what the daemon is answering
  };

  void serve();
  void accept();
  // False when the link is at its end.
  bool pass_request(Link& link);
  bool pass_answer(Link& link);
  bool pass_half(Link& link, const std::string& bytes);
  void note_held();
  void let_go(bool broken);
  bool is_meant(const std::string& bytes) const;
  void release(bool broken);

  Fd listener_;
  Fd wake_;  // an eventfd
  std::list<Link> links_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // --- guarded by mutex_ ---
  std::optional<std::string> what_;
  Hold how_ = Hold::request;
  std::string made_up_;  // an answer, instead of holding
  int held_ = 0;
  bool opened_ = false;
  bool broken_ = false;  // with opened_: what is held does not go on
  bool ended_ = false;

  std::thread thread_;
};

}  // namespace containerizer::integration

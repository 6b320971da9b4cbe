// A socket between the program and the daemon that can hold back requests and replies. The program
// then stays in a state as long as a test needs.
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
  request,  // the daemon does not receive the request
  answer,   // the daemon performs the request, but its reply is held back
  half,     // the daemon performs it; the reply stops in the middle of its body
  cut,      // like half, and the connection is closed there
};

// Works in its own thread. Call the functions from the test's thread.
class Gate {
 public:
  // Listens in `place`'s scratch directory, and sets the slave's environment so that all its
  // processes use the gate.
  explicit Gate(WorkDirectory& place);
  // Leads later connections to the daemon itself.
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Until open(), holds each request whose first line contains `what`, or one of several texts with
  // a '|' between them.
  void hold(const std::string& what, Hold how);
  // Until open(), replies itself to each such request. The daemon does not receive it.
  void answer(const std::string& what, const std::string& status, const std::string& body);
  // Waits until that many requests have been held.
  void await_held(int times = 1);
  // Passes on everything that is held, except for processes that have died.
  void open();
  // The same, but holds later requests.
  void let_pass();
  // Stops holding, and breaks the connections whose requests are held.
  void lose();

 private:
  struct Link {
    Fd program;
    Fd daemon;
    std::string held;  // the request that was not passed on
    bool is_held = false;
    std::optional<Hold> halve;  // half or cut: what to do with the daemon's reply
  };

  void serve();
  void accept();
  // These return false when the link must be closed.
  bool pass_request(Link& link);
  bool pass_answer(Link& link);
  bool pass_half(Link& link, const std::string& bytes);
  void note_held();
  void let_go(bool broken, std::optional<std::string> what);
  bool is_meant(const std::string& bytes) const;
  void release(bool broken);

  fs::path path_;
  Fd listener_;
  Fd wake_;  // an eventfd
  std::list<Link> links_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // --- guarded by mutex_ ---
  std::optional<std::string> what_;
  Hold how_ = Hold::request;
  std::string made_up_;  // our own reply, instead of holding
  int held_ = 0;
  bool opened_ = false;
  bool broken_ = false;  // with opened_: break the held connections
  bool ended_ = false;

  std::thread thread_;
};

}  // namespace containerizer::integration

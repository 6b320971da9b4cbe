// The player's events: one per line on stdout. It also records the reached states, so commands can
// wait for them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace containerizer::player {

// `text` in double quotes, on one line: quotes, backslashes and control characters are escaped.
std::string in_quotes(std::string_view text);

// "exit=3" or "signal=9" from a waitpid status.
std::string describe_exit(int status);

// Any thread may use it.
class Events {
 public:
  // Writes one line and flushes it.
  void print(std::string_view line);

  // Prints `expectation-failed WHAT`, and sets the player's exit status to 1.
  void expectation_failed(std::string_view what);
  bool any_expectation_failed() const;

  // --- States reached: TASK_... without the prefix; LAUNCHED, REGISTERED, TERMINATED ---

  // Deletes the reached states of a name, because a new executor gets it.
  void begin(const std::string& name);
  void reached(const std::string& name, const std::string& state);

  // Waits until `name` has reached `state`. Returns false at the timeout, at once for a name that
  // was never started, and as soon as the state has become impossible.
  bool await(const std::string& name, const std::string& state, std::chrono::milliseconds limit);
  // Waits until `count` names have reached `state`. Returns false at the timeout.
  bool await_count(std::size_t count, const std::string& state, std::chrono::milliseconds limit);
  // For messages: how many names have reached `state`, and the states that `name` has reached.
  std::size_t count(const std::string& state) const;
  std::string states(const std::string& name) const;

 private:
  std::size_t count_locked(const std::string& state) const;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::set<std::string>> states_;
  bool any_failed_ = false;
};

}  // namespace containerizer::player

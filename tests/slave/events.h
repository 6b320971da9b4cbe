// What the player tells: one event per line on stdout, and what has been reached, to be awaited.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace containerizer::player {

// `text` in double quotes, with quotes, backslashes and control characters escaped: stays one line.
std::string in_quotes(std::string_view text);

// "exit=3" or "signal=9" from a waitpid status.
std::string describe_exit(int status);

// May be used by any thread.
class Events {
 public:
  // Writes one line and flushes it.
  void print(std::string_view line);

  // Prints `expectation-failed WHAT`, and makes the player's own exit status 1.
  void expectation_failed(std::string_view what);
  bool any_expectation_failed() const;

  // --- States reached: TASK_... without the prefix; LAUNCHED, REGISTERED, TERMINATED ---

  // Forgets what the name had reached: it starts anew.
  void begin(const std::string& name);
  void reached(const std::string& name, const std::string& state);

  // Waits until `name` has reached `state`. False when time ran out, at once for a name that never
  // began, and as soon as the state can no longer be reached.
  bool await(const std::string& name, const std::string& state, std::chrono::milliseconds limit);
  // The same for any `count` names; false when time ran out.
  bool await_count(std::size_t count, const std::string& state, std::chrono::milliseconds limit);
  // How many names have reached `state`, and what `name` has reached, for messages.
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

#include "tests/slave/events.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace containerizer::player {
namespace {

const std::set<std::string> terminal_states = {"FINISHED", "FAILED", "KILLED", "LOST"};
// These states belong to the container, which may exist after its task's end.
const std::set<std::string> container_states = {"LAUNCHED", "REGISTERED", "TERMINATED"};

bool can_still_reach(const std::set<std::string>& reached, const std::string& state) {
  if (reached.contains("TERMINATED")) return false;
  return container_states.contains(state) ||
         std::none_of(reached.begin(), reached.end(),
                      [](const std::string& one) { return terminal_states.contains(one); });
}

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned char>(c));
      out += c == '\n' ? "\\n" : escape.data();
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string describe_exit(int status) {
  if (WIFSIGNALED(status)) return "signal=" + std::to_string(WTERMSIG(status));
  return "exit=" + std::to_string(WEXITSTATUS(status));
}

void Events::print(std::string_view line) {
  const std::lock_guard lock(mutex_);
  std::string all(line);
  all += '\n';
  for (std::string_view rest = all; !rest.empty();) {
    const ssize_t written = write(STDOUT_FILENO, rest.data(), rest.size());
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Events::expectation_failed(std::string_view what) {
  {
    const std::lock_guard lock(mutex_);
    any_failed_ = true;
  }
  print("expectation-failed " + std::string(what));
}

bool Events::any_expectation_failed() const {
  const std::lock_guard lock(mutex_);
  return any_failed_;
}

void Events::begin(const std::string& name) {
  const std::lock_guard lock(mutex_);
  states_[name].clear();
}

void Events::reached(const std::string& name, const std::string& state) {
  const std::lock_guard lock(mutex_);
  states_[name].insert(state);
  changed_.notify_all();
}

bool Events::await(const std::string& name, const std::string& state,
                   std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  if (!states_.contains(name)) return false;
  const auto& reached = states_[name];
  changed_.wait_for(lock, limit,
                    [&] { return reached.contains(state) || !can_still_reach(reached, state); });
  return reached.contains(state);
}

bool Events::await_count(std::size_t count, const std::string& state,
                         std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [&] { return count_locked(state) >= count; });
}

std::size_t Events::count(const std::string& state) const {
  const std::lock_guard lock(mutex_);
  return count_locked(state);
}

std::size_t Events::count_locked(const std::string& state) const {
  return static_cast<std::size_t>(std::count_if(
      states_.begin(), states_.end(), [&](const auto& one) { return one.second.contains(state); }));
}

std::string Events::states(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  std::string all;
  const auto found = states_.find(name);
  if (found == states_.end()) return all;
  for (const std::string& state : found->second) all += (all.empty() ? "" : ",") + state;
  return all;
}

}  // namespace containerizer::player

// The events that slave-player prints, a line each, for a program that waits for one of them. Not
// safe for several threads.
#pragma once

#include <algorithm>
#include <optional>
#include <regex>
#include <string>
#include <vector>

namespace containerizer::player {

class EventLines {
 public:
  // `output` is all that the player has printed so far. Returns the lines that are new.
  std::vector<std::string> add(const std::string& output) {
    std::vector<std::string> added;
    for (auto end = output.find('\n', read_); end != std::string::npos;
         end = output.find('\n', read_)) {
      added.push_back(output.substr(read_, end - read_));
      read_ = end + 1;
    }
    pending_.insert(pending_.end(), added.begin(), added.end());
    return added;
  }

  // Removes the first line that matches as a whole, and returns the contents of the groups.
  std::optional<std::vector<std::string>> take(const std::regex& pattern) {
    for (auto line = pending_.begin(); line != pending_.end(); ++line) {
      std::smatch match;
      if (!std::regex_match(*line, match, pattern)) continue;
      std::vector<std::string> groups(match.begin() + 1, match.end());
      pending_.erase(line);
      return groups;
    }
    return std::nullopt;
  }

  // Whether a line matches that take() has not removed.
  bool has(const std::regex& pattern) const {
    return std::any_of(pending_.begin(), pending_.end(),
                       [&](const auto& line) { return std::regex_match(line, pattern); });
  }

 private:
  std::vector<std::string> pending_;
  std::size_t read_ = 0;
};

}  // namespace containerizer::player

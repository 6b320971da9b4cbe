// The daemon's report of a pull, as bytes, made into lines for people.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "engine/host/clock.h"
#include "engine/host/result.h"

namespace containerizer {

// Each change of a layer's status is a line; how far a download or extraction has come is one at
// most every `interval`. Lines hold no control characters.
class PullProgress {
 public:
  PullProgress(std::function<void(const std::string&)> line, Duration interval)
      : line_(std::move(line)), interval_(interval) {}

  // Takes the next bytes, in pieces of any size. not_found, refused: the pull failed, in the
  // daemon's words. unavailable: the bytes are no such report.
  Status feed(std::string_view bytes);

  // REQUIRES: the report has ended properly. The failure that feed() would give for what is left.
  Status finish();

 private:
  Status take(std::string_view text);
  void report(const boost::json::object& object);

  std::function<void(const std::string&)> line_;
  Duration interval_;
  std::string pending_;                        // a line not complete yet
  std::map<std::string, std::string> status_;  // of each layer
  Deadline quiet_until_ = Deadline::min();
};

}  // namespace containerizer

// The daemon's report of a pull, as bytes, made into news for people.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "engine/docker/docker.h"
#include "host/clock.h"
#include "host/result.h"

namespace containerizer {

// Each change of a layer's status is a line. How far all layers together have come with the
// download or the extraction, in bytes, per cent and bytes a second, is one at most every
// `interval`.
class PullProgress {
 public:
  using Clock = std::function<Deadline()>;

  PullProgress(PullListener listener, Duration interval, Clock now = std::chrono::steady_clock::now)
      : listener_(std::move(listener)), interval_(interval), now_(std::move(now)) {}

  // Takes the next bytes, in pieces of any size. not_found, refused: the pull failed, in the
  // daemon's words. unavailable: the bytes are no such report.
  Status feed(std::string_view bytes);

  // REQUIRES: the report has ended properly. The failure that feed() would give for what is left.
  Status finish();

 private:
  struct Bytes {
    double current = 0;
    double total = 0;
  };
  // What is done to one layer after the other: downloading, extracting.
  struct Work {
    std::map<std::string, Bytes> layers;
    double told = 0;  // of all layers, when it was told
    Deadline told_at = Deadline::min();
  };

  Status take(std::string_view text);
  void report(const boost::json::object& object);
  void advance(const std::string& status, const std::string& layer, Bytes bytes);

  PullListener listener_;
  Duration interval_;
  Clock now_;
  std::string pending_;                        // a line not complete yet
  std::map<std::string, std::string> status_;  // of each layer
  std::map<std::string, Work> works_;          // by the status that they are reported with
};

}  // namespace containerizer

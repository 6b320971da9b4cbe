// Decodes the daemon's report of a pull into lines for the operator.
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

// There is one line for each change of a layer's status. There is also a line with the progress of
// all layers together (bytes, percentage, bytes per second), at most once per `interval` for the
// download and once for the extraction.
class PullProgress {
 public:
  using Clock = std::function<Deadline()>;

  PullProgress(PullListener listener, Duration interval, Clock now = std::chrono::steady_clock::now)
      : listener_(std::move(listener)), interval_(interval), now_(std::move(now)) {}

  // Adds the next bytes of the report, in pieces of any size. not_found, refused: the pull failed;
  // the text is the daemon's message. unavailable: the report is malformed.
  Status feed(std::string_view bytes);

  // Reads the last line, which may lack its line end. Fails like feed().
  // REQUIRES: the report has ended properly.
  Status finish();

 private:
  struct Bytes {
    double current = 0;
    double total = 0;
  };
  // One kind of work on all layers: downloading, or extracting.
  struct Work {
    std::map<std::string, Bytes> layers;
    double reported = 0;  // bytes of all layers at the time of the last line
    Deadline reported_at = Deadline::min();
  };

  Status take(std::string_view text);
  void report(const boost::json::object& object);
  void advance(const std::string& status, const std::string& layer, Bytes bytes);

  PullListener listener_;
  Duration interval_;
  Clock now_;
  std::string pending_;                        // an incomplete line
  std::map<std::string, std::string> status_;  // by layer
  std::map<std::string, Work> works_;          // by the status that the daemon reports for them
};

}  // namespace containerizer

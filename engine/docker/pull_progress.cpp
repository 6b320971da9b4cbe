#include "engine/docker/pull_progress.h"

#include <algorithm>

#include "engine/docker/answers.h"
#include "engine/docker/encoding.h"
#include "host/format.h"
#include "host/json.h"
#include "host/text.h"

namespace containerizer {

namespace {

namespace json = boost::json;

// Bounds of memory, whatever the daemon sends.
constexpr std::size_t longest_line = 1U << 20;
constexpr std::size_t most_layers = 10000;
constexpr std::size_t most_works = 10;
constexpr double mega = 1e6;

double number_member(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  const bool is_number = member != nullptr && member->is_number();
  return is_number ? std::max(member->to_number<double>(), 0.0) : 0;
}

std::string error_of(const json::object& object) {
  const json::object* detail = object_member(object, "errorDetail");
  const std::string detailed = detail == nullptr ? "" : text_member(*detail, "message");
  return one_line(detailed.empty() ? text_member(object, "error") : detailed);
}

Failure failure(const std::string& reason) {
  return Failure{Fault::unavailable, "the daemon's report of the pull is malformed: " + reason};
}

}  // namespace

Status PullProgress::feed(std::string_view bytes) {
  pending_.append(bytes);
  std::size_t taken = 0;
  for (std::size_t end; (end = pending_.find('\n', taken)) != std::string::npos; taken = end + 1) {
    Status status = take(std::string_view(pending_).substr(taken, end - taken));
    if (!status.ok()) return status;
  }
  pending_.erase(0, taken);
  if (pending_.size() > longest_line) return failure("it contains a line of more than 1 MiB");
  return Done{};
}

Status PullProgress::finish() { return take(std::exchange(pending_, std::string())); }

Status PullProgress::take(std::string_view text) {
  if (text.find_first_not_of(" \r\t") == std::string_view::npos) return Done{};
  const auto document = parse_json(text);
  if (!document || !document->is_object()) return failure("a line is not a JSON object");
  const std::string error = error_of(document->get_object());
  if (!error.empty()) return Failure{pull_fault(error), error};
  report(document->get_object());
  return Done{};
}

void PullProgress::report(const json::object& object) {
  const std::string status = one_line(text_member(object, "status"));
  const std::string layer = one_line(text_member(object, "id"));
  if (status.empty() || !listener_) return;
  if (layer.empty()) return listener_({status, {}});
  if (const json::object* detail = object_member(object, "progressDetail")) {
    const Bytes bytes{number_member(*detail, "current"), number_member(*detail, "total")};
    if (bytes.current > 0) return advance(status, layer, bytes);
  }
  if (status_.size() >= most_layers) status_.clear();
  std::string& known = status_[layer];
  if (known == status) return;
  known = status;
  // A layer with a new status has completed its earlier work, even if the last line about that
  // reported fewer bytes. Otherwise the percentage could stop below 100. A retry begins again.
  const bool begins_again = mentions(status, "retrying");
  for (auto& [name, work] : works_) {
    const auto done = work.layers.find(layer);
    if (done == work.layers.end()) continue;
    done->second.current = done->second.total;
    if (begins_again) work.layers.erase(done);
  }
  listener_({layer + ": " + status, {}});
}

void PullProgress::advance(const std::string& status, const std::string& layer, Bytes bytes) {
  if (works_.size() >= most_works) works_.clear();
  Work& work = works_[status];
  if (work.layers.size() >= most_layers) work.layers.clear();
  work.layers[layer] = bytes;
  const Deadline now = now_();
  const bool is_first = work.reported_at == Deadline::min();
  if (!is_first && now < work.reported_at + interval_) return;
  Bytes all;
  bool is_total_known = true;
  for (const auto& [name, of_layer] : work.layers) {
    all.current += of_layer.current;
    all.total += std::max(of_layer.total, of_layer.current);
    is_total_known = is_total_known && of_layer.total > 0;
  }
  const double seconds =
      is_first ? 0 : std::chrono::duration<double>(now - work.reported_at).count();
  std::optional<double> fraction;
  std::string line = formatted("{} {:.1f} MB", status, all.current / mega);
  if (is_total_known) {
    fraction = all.current / all.total;
    line = formatted("{} {:.1f} of {:.1f} MB ({:.0f}%)", status, all.current / mega,
                     all.total / mega, 100 * *fraction);
  }
  if (seconds > 0 && all.current >= work.reported) {
    line += formatted(", {:.1f} MB/s", (all.current - work.reported) / mega / seconds);
  }
  work.reported = all.current;
  work.reported_at = now;
  listener_({line, fraction});
}

}  // namespace containerizer

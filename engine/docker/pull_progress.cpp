#include "engine/docker/pull_progress.h"

#include <cstdio>

#include "engine/docker/answers.h"
#include "engine/docker/encoding.h"
#include "engine/host/text.h"

namespace containerizer {

namespace {

namespace json = boost::json;

constexpr std::size_t kLongestLine = 1U << 20;
constexpr std::size_t kMostLayers = 10000;

double megabytes(const json::object& detail, std::string_view name) {
  const json::value* member = detail.if_contains(name);
  const bool is_number = member != nullptr && member->is_number();
  return is_number ? member->to_number<double>() / 1e6 : 0;
}

// " 12.3 of 45.6 MB (27%)", "" when the object does not say.
std::string amount(const json::object& object) {
  const json::object* detail = object_member(object, "progressDetail");
  if (detail == nullptr) return "";
  const double current = megabytes(*detail, "current");
  const double total = megabytes(*detail, "total");
  if (current <= 0) return "";
  char text[128];
  if (total < current) {
    std::snprintf(text, sizeof text, " %.1f MB", current);
  } else {
    std::snprintf(text, sizeof text, " %.1f of %.1f MB (%.0f%%)", current, total,
                  100 * current / total);
  }
  return text;
}

std::string error_of(const json::object& object) {
  const json::object* detail = object_member(object, "errorDetail");
  const std::string detailed = detail == nullptr ? "" : text_member(*detail, "message");
  return one_line(detailed.empty() ? text_member(object, "error") : detailed);
}

Failure garbage(const std::string& reason) {
  return Failure{Fault::unavailable, "the daemon's report of the pull " + reason};
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
  if (pending_.size() > kLongestLine) return garbage("holds a line of over 1 MiB");
  return Done{};
}

Status PullProgress::finish() { return take(std::exchange(pending_, std::string())); }

Status PullProgress::take(std::string_view text) {
  if (text.find_first_not_of(" \r\t") == std::string_view::npos) return Done{};
  const auto document = parse_json(text);
  if (!document || !document->is_object()) return garbage("is not made of JSON objects");
  const std::string error = error_of(document->get_object());
  if (!error.empty()) return Failure{pull_fault(error), error};
  report(document->get_object());
  return Done{};
}

void PullProgress::report(const json::object& object) {
  const std::string status = one_line(text_member(object, "status"));
  const std::string layer = one_line(text_member(object, "id"));
  if (status.empty() || !line_) return;
  if (!layer.empty()) {
    if (status_.size() >= kMostLayers) status_.clear();
    std::string& known = status_[layer];
    const auto now = std::chrono::steady_clock::now();
    const std::string advance = amount(object);
    if (known == status && (advance.empty() || now < quiet_until_)) return;
    known = status;
    if (!advance.empty()) quiet_until_ = now + interval_;
    line_(layer + ": " + status + advance);
    return;
  }
  line_(status);
}

}  // namespace containerizer

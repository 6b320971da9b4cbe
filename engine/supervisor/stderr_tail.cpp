#include "engine/supervisor/stderr_tail.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "host/format.h"
#include "host/process.h"
#include "host/sandbox.h"
#include "host/text.h"

namespace containerizer {
namespace {

// mesos-fetcher logs with glog, whose stack trace follows the error message. Lines of the stack
// trace start with a space or with stars.
std::string last_line(const std::string& text) {
  std::istringstream lines(text);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != ' ' && line[0] != '*') last = line;
  }
  return one_line(last, 500);
}

}  // namespace

StderrTail::StderrTail(const std::string& sandbox) {
  auto file = open_sandbox_file(sandbox, "stderr");
  if (!file.ok()) return;
  file_ = std::move(file.value());
  start_ = ::lseek(file_.get(), 0, SEEK_END);
}

std::string StderrTail::failure_of(const std::string& program,
                                   std::optional<int> wait_status) const {
  std::array<char, 8192> text{};
  const auto end = file_.valid() ? ::lseek(file_.get(), 0, SEEK_END) : 0;
  const auto from = std::max<std::int64_t>(start_, end - static_cast<off_t>(text.size()));
  const auto size = end > from ? ::pread(file_.get(), text.data(), text.size(), from) : 0;
  const auto line = last_line({text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))});
  auto failed = formatted("{} failed ({})", program, describe_wait_status(wait_status));
  if (line.empty()) return failed;
  return formatted("{}: {}; see the sandbox's stderr for the rest of its output", failed, line);
}

}  // namespace containerizer

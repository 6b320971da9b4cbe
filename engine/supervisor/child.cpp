#include "engine/supervisor/child.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <sstream>

#include "host/sandbox.h"
#include "host/text.h"

namespace containerizer {
namespace {

// What the kernel may take for a SIGKILL. A process that it cannot end is left behind.
constexpr Duration longest_death{2'000};

void kill(const Services& services, const ProcessId& child, const Fd& ended) {
  services.host.signal_group(child, SIGKILL);
  services.host.poll({ended.get()}, services.host.now() + longest_death);
  services.host.reap(child);
}

// A line of glog's stack traces begins with a blank or stars.
std::string last_line(const std::string& text) {
  std::istringstream lines(text);
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line[0] != ' ' && line[0] != '*') last = line;
  }
  return one_line(last, 500);
}

}  // namespace

LastWords::LastWords(const std::string& sandbox) {
  auto file = open_sandbox_file(sandbox, "stderr");
  if (!file.ok()) return;
  file_ = std::move(file.value());
  begin_ = ::lseek(file_.get(), 0, SEEK_END);
}

std::string LastWords::tell(const std::string& program, std::optional<int> wait_status) const {
  std::array<char, 8192> text{};
  const auto end = file_.valid() ? ::lseek(file_.get(), 0, SEEK_END) : 0;
  const auto from = std::max<std::int64_t>(begin_, end - static_cast<off_t>(text.size()));
  const auto size = end > from ? ::pread(file_.get(), text.data(), text.size(), from) : 0;
  const auto line = last_line({text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))});
  auto failed = fmt::format("{} failed ({})", program, describe_wait_status(wait_status));
  if (line.empty()) return failed;
  return fmt::format("{}: {}; its other words are in the sandbox's stderr", failed, line);
}

Result<std::optional<int>> run_child(const Services& services, const Program& program,
                                     Deadline latest, const std::function<bool()>& is_called_off) {
  const Failure called_off{Fault::interrupted, program.arguments[0] + " was called off"};
  if (is_called_off()) return called_off;
  services.store.close();
  const auto child = services.host.start(program);
  if (!child.ok()) return child.failure();
  const Fd ended = services.host.exit_descriptor(child.value());
  while (ended.valid()) {
    if (services.host.now() >= latest) {
      kill(services, child.value(), ended);
      return Failure{Fault::unavailable, program.arguments[0] + " took too long and was killed"};
    }
    services.store.close();
    const auto ready = services.host.poll({services.host.wake(), ended.get()}, latest);
    if (ready[1]) break;
    services.host.clear_wake();
    if (is_called_off()) {
      services.store.close();
      kill(services, child.value(), ended);
      return called_off;
    }
  }
  return services.host.reap(child.value());
}

}  // namespace containerizer

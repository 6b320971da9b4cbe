// logs: prints what a task has written to its sandbox, its stdout or its stderr.
#include <unistd.h>

#include <array>

#include "cli/command_line.h"
#include "cli/follow.h"
#include "cli/printing.h"
#include "cli/sandbox_output.h"
#include "cli/terminal.h"
#include "engine/lifecycle/lifecycle.h"
#include "host/file.h"
#include "host/sandbox.h"
#include "host/text.h"

namespace containerizer {
namespace {

// Prints a file as it grows. A terminal gets whole lines without characters that steer it.
class Copy {
 public:
  Copy(const Invocation& invocation, Fd file)
      : invocation_(invocation),
        file_(std::move(file)),
        is_terminal_(screen_of(invocation).columns > 0) {}

  // Prints what has been written since the last call. Returns the exit status of print().
  int advance() {
    std::array<char, 65536> bytes;
    for (;;) {
      const auto size = ::read(file_.get(), bytes.data(), bytes.size());
      if (size <= 0) return exit_ok;
      const int status = pass({bytes.data(), static_cast<std::size_t>(size)});
      if (status != exit_ok) return status;
    }
  }

  // Prints the last line, which has no end.
  int finish() { return rest_.empty() ? exit_ok : print(invocation_, std::exchange(rest_, "")); }

 private:
  int pass(std::string_view bytes) {
    if (!is_terminal_) {
      return write_all(invocation_.output, bytes) ? exit_ok : output_failed();
    }
    rest_ += bytes;
    const auto end = rest_.rfind('\n');
    if (end == std::string::npos) return exit_ok;
    const auto lines = rest_.substr(0, end + 1);
    rest_.erase(0, end + 1);
    return print(invocation_, lines);
  }

  const Invocation& invocation_;
  Fd file_;
  bool is_terminal_;
  std::string rest_;
};

bool has_ended(Invocation& invocation, const std::string& id) {
  const auto container = invocation.store.find(id);
  invocation.store.close();
  const auto state = container ? state_named(container->state) : std::nullopt;
  return !state || is_settled(*state);
}

}  // namespace

int logs(Invocation& invocation) {
  bool follow = false;
  bool errors = false;
  std::int64_t tail = 0;
  std::string name;
  CommandLine line("logs", "Prints what a task has written to its sandbox.");
  line.argument("CONTAINER", name, container_argument);
  line.flag("-f,--follow", follow, "keep printing until the container has ended");
  line.flag("--stderr", errors, "the file stderr instead of stdout");
  line.count("-n,--tail", tail, "N", "begin with the last N lines");
  if (const auto status = line.parse(invocation)) return *status;
  const auto container = find_container(invocation, name);
  invocation.store.close();
  if (!container.ok()) return fail(container.failure().text);
  const auto& [id, sandbox] =
      std::pair(container.value().container_id, container.value().directory);
  Follower follower(invocation, sandbox);
  auto file = read_only_sandbox_file(sandbox, errors ? "stderr" : "stdout");
  if (!file.ok()) {
    return fail(file.failure().text + "; the slave deletes sandboxes after a while (--gc_delay)");
  }
  if (tail > 0) skip_to_tail(file.value(), tail);
  Copy copy(invocation, std::move(file.value()));
  for (bool is_last = false; !is_last;) {
    // Asked first: what the task writes before its end is then copied.
    is_last = !follow || has_ended(invocation, id);
    if (const int status = copy.advance(); status != exit_ok) return status;
    if (!is_last && !follower.wait()) return exit_ok;
  }
  return copy.finish();
}

}  // namespace containerizer

// supervise: the process that owns a container and drives its lifecycle. It is detached from the
// process that started it.
#include <utility>

#include "cli/invocation.h"
#include "engine/container/identity.h"
#include "engine/container/start_supervisor.h"
#include "engine/supervisor/supervisor.h"
#include "host/text.h"

namespace containerizer {

int inherited_lock(const std::vector<std::string>& arguments) {
  const std::string_view mark = lock_argument;
  unsigned descriptor = 0;
  if (arguments.size() != 3 || arguments[0] != "supervise" || !arguments[2].starts_with(mark) ||
      !to_number(std::string_view(arguments[2]).substr(mark.size()), descriptor)) {
    return -1;
  }
  return static_cast<int>(descriptor);
}

int supervise(Invocation& invocation) {
  std::vector<std::string> words{"supervise"};
  words.insert(words.end(), invocation.arguments.begin(), invocation.arguments.end());
  const int inherited = inherited_lock(words);
  if (words.size() != (inherited < 0 ? 2U : 3U)) {
    return fail("supervise needs a container ID", exit_usage);
  }
  const auto& id = words[1];
  // Files are named by the ID.
  if (!is_valid_container_id(id)) return fail("the argument is not a container ID", exit_usage);
  // The process that started us reads the original standard output. After a takeover, nobody does.
  Fd report(invocation.output);
  auto lock = inherited < 0 ? LifeLock(invocation.settings.state_directory(), id, true)
                            : LifeLock(Fd(inherited));
  const bool ours = lock.try_own(invocation.host);
  if (inherited < 0) report_ready(report.get());
  report.close();
  // Another supervisor was faster, and the container has what it needs.
  if (!ours) return exit_ok;
  supervise(invocation, lock, id);
  return exit_ok;
}

}  // namespace containerizer

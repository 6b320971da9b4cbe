#include "engine/container/launch_record.h"

#include "engine/container/identity.h"
#include "engine/translation/launch_plan.h"
#include "engine/translation/resources.h"
#include "host/process.h"
#include "host/text.h"

namespace containerizer {

namespace {

constexpr std::size_t longest_text = 1024;

// Says which name in a launch is longer than that of any directory. Empty for none. All of these
// are kept until long after the container's end.
std::optional<std::string> too_long(const mesos::containerizer::Launch& launch) {
  const auto& executor = launch.executor_info();
  const std::pair<const char*, const std::string&> texts[] = {
      {"the executor's id", executor.executor_id().value()},
      {"the framework's id", executor.framework_id().value()},
      {"the slave's id", launch.slave_id().value()},
      {"the task's id", launch.task_info().task_id().value()},
      {"the user's name", launch.user()},
  };
  for (const auto& [name, text] : texts) {
    if (text.size() > longest_text) return std::string(name) + " is longer than 1 KiB";
  }
  if (launch.directory().size() <= 4 * longest_text) return std::nullopt;
  return "the path of the sandbox is longer than 4 KiB";
}

}  // namespace

Result<store::Container> new_container(const mesos::containerizer::Launch& launch) {
  const auto failure = [](const std::string& why) {
    return Failure{Fault::refused, "launch refused: " + why};
  };
  const auto& id = launch.container_id().value();
  if (!is_valid_container_id(id)) {
    return failure(
        "the container ID must be 1 to 128 letters, digits, '.', '_' or '-', and must start with a "
        "letter or digit");
  }
  if (!launch.has_executor_info()) return failure("the request has no executor_info");
  if (launch.directory().empty() || launch.directory()[0] != '/') {
    return failure("the request names no sandbox directory");
  }
  if (const auto text = too_long(launch)) return failure(*text);
  store::Container c;
  c.container_id = id;
  c.state = name_of(State::accepted);
  c.kind = kind_of(launch) == TaskKind::command ? "command" : "custom";
  c.slave_id = launch.slave_id().value();
  c.framework_id = launch.executor_info().framework_id().value();
  c.executor_id = launch.executor_info().executor_id().value();
  if (launch.has_task_info()) {
    c.task_id = launch.task_info().task_id().value();
    c.task_name = one_line(launch.task_info().name(), longest_text);
  }
  if (launch.has_user()) c.user = launch.user();
  c.directory = launch.directory();
  c.nonce = make_nonce();
  return c;
}

store::Limits initial_limits(const mesos::containerizer::Launch& launch) {
  const auto wanted = sum_resources(launch.executor_info().resources());
  store::Limits limits;
  limits.cpus = wanted.cpus;
  // The create request applies the same limit, so hard_memory is in effect from the start.
  if (wanted.memory) limits.memory = limits.hard_memory = memory_limit(*wanted.memory);
  return limits;
}

State state_of(const store::Container& container) {
  if (const auto state = state_named(container.state)) return *state;
  throw store::StoreError("container " + container.container_id + " has the unknown state \"" +
                          container.state +
                          "\" in the database; run the docker-containerizer that wrote it");
}

}  // namespace containerizer

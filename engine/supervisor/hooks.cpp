#include "engine/supervisor/hooks.h"

#include "engine/supervisor/child.h"
#include "engine/supervisor/stderr_tail.h"
#include "engine/translation/executor_command.h"
#include "engine/translation/launch_plan.h"
#include "host/format.h"
#include "host/log.h"
#include "host/sandbox.h"

namespace containerizer {
namespace {

constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// Of the variables that describe the container.
constexpr std::string_view prefix = "CONTAINER_";

template <class Value>
void set(Environment& environment, std::string_view name, const std::optional<Value>& value) {
  if (value) environment[formatted("{}{}", prefix, name)] = formatted("{}", *value);
}

Environment environment_for(const Services& services, const store::Container& container,
                            const std::string& hook) {
  auto environment = without_slave_settings(services.environment);
  std::erase_if(environment, [](const auto& entry) { return entry.first.starts_with(prefix); });
  environment.emplace("PATH", default_path);
  const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
    set(environment, name, value);
  };
  add("HOOK", hook);
  add("ID", container.container_id);
  add("NAME", container_name(container.container_id));
  add("IMAGE", container.image);
  add("DOCKER_ID", container.docker_id);
  add("SANDBOX", container.directory);
  add("FRAMEWORK_ID", container.framework_id);
  add("EXECUTOR_ID", container.executor_id);
  add("TASK_ID", container.task_id);
  return environment;
}

Status run(const Services& services, const store::Container& container,
           const std::vector<std::string>& arguments, const Environment& environment,
           const std::function<bool()>& is_cancelled) {
  const auto output = open_sandbox_file(container.directory, "stderr");
  const StderrTail tail(container.directory);
  Program program;
  program.arguments = arguments;
  program.environment = as_strings(environment);
  program.directory = "/";
  if (output.ok()) program.output = program.error = output.value().get();
  // A successor runs the hook again. Two of them must not run at the same time.
  program.dies_with_us = true;
  const auto latest = services.host.now() + services.settings.hooks.timeout;
  const auto status = run_child(services, container, std::move(program), latest, is_cancelled);
  if (!status.ok()) return status.failure();
  if (status.value() == 0) return Done{};
  return Failure{Fault::refused, tail.failure_of(arguments[0], status.value())};
}

}  // namespace

Status run_launch_hook(const Services& services, const store::Container& container,
                       const std::function<bool()>& is_cancelled) {
  const auto& hooks = services.settings.hooks;
  if (hooks.launch.empty()) return Done{};
  auto ran = run(services, container, hooks.launch, environment_for(services, container, "launch"),
                 is_cancelled);
  if (ran.ok() || ran.failed_with(Fault::interrupted)) return ran;
  if (hooks.fails_task) return Failure{Fault::refused, ran.failure().text + "; ask the operator"};
  log::warn("launch hook: {}", ran.failure().text);
  return Done{};
}

void run_end_hook(const Services& services, const store::Container& container,
                  const std::optional<store::Termination>& termination) {
  const auto& arguments = services.settings.hooks.end;
  if (arguments.empty()) return;
  auto environment = environment_for(services, container, "end");
  if (termination) {
    set(environment, "END", std::optional(termination->kind));
    set(environment, "EXIT_CODE", termination->exit_code);
    set(environment, "SIGNAL", termination->signal);
  }
  const auto ran = run(services, container, arguments, environment, [] { return false; });
  if (!ran.ok()) log::warn("end hook: {}", ran.failure().text);
}

}  // namespace containerizer

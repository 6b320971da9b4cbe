#include "engine/supervisor/mesos_helpers.h"

#include "engine/translation/executor_command.h"
#include "host/sandbox.h"

namespace containerizer {
namespace {

// A program that runs in the sandbox and writes its output there. Its arguments are still missing.
Result<SandboxProgram> in_sandbox(const std::string& sandbox, const char* output) {
  auto out = open_sandbox_file(sandbox, output);
  if (!out.ok()) return out.failure();
  auto error = open_sandbox_file(sandbox, "stderr");
  if (!error.ok()) return error.failure();
  SandboxProgram made;
  made.output = std::move(out.value());
  made.error = std::move(error.value());
  made.program.directory = sandbox;
  made.program.output = made.output.get();
  made.program.error = made.error.get();
  return made;
}

}  // namespace

Result<SandboxProgram> fetcher_program(const store::Container& container,
                                       const mesos::CommandInfo::URI& uri,
                                       const std::string& directory,
                                       const Environment& environment) {
  auto made = in_sandbox(container.directory, "stderr");
  if (!made.ok()) return made;
  auto& program = made.value().program;
  program.arguments = {launcher_directory(environment) + "/mesos-fetcher"};
  program.environment =
      as_strings(fetcher_environment({uri}, directory, container.user.value_or(""), environment));
  program.directory = directory;
  program.dies_with_us = true;
  return made;
}

Result<SandboxProgram> executor_program(const store::Container& container,
                                        const mesos::containerizer::Launch& launch,
                                        const Environment& environment,
                                        const std::string& program) {
  auto arguments = executor_argv(launch, environment, program, container.container_id);
  if (!arguments.ok()) return arguments.failure();
  auto made = in_sandbox(container.directory, "stdout");
  if (!made.ok()) return made;
  made.value().program.arguments = std::move(arguments.value());
  made.value().program.environment = as_strings(executor_environment(launch, environment));
  return made;
}

}  // namespace containerizer

// The operator's settings file: reading without sh gives the same result as sh.
#include "engine/config/settings_file.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

#include "host/environment.h"
#include "host/fd.h"
#include "host/file.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

// A script that is wrongly treated as plain is run by sh. Its environment has no programs, so it
// can only use the builtins of sh.
bool is_harmless(std::string_view script) {
  return script.find_first_of("/<>|&;()`") == script.npos;
}

Fd memory_file(std::string_view content) {
  Fd file(::memfd_create("script", 0));
  expect(write_all(file.get(), content), "a file is written");
  return file;
}

std::string path_of(const Fd& file) { return "/proc/self/fd/" + std::to_string(file.get()); }

std::string content_of(const Fd& file) {
  std::string content(static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_END)), '\0');
  expect(::pread(file.get(), content.data(), content.size(), 0) ==
             static_cast<ssize_t>(content.size()),
         "a file is read");
  return content;
}

Environment read_by_sh(std::string_view script) {
  const Fd file = memory_file(script);
  const Fd output = memory_file("");
  const Fd nothing(::open("/dev/null", O_RDWR));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, nothing.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, nothing.get(), STDERR_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.get(), STDOUT_FILENO);
  std::string arguments[] = {"/bin/sh", "-c", "set -a; . \"$0\"; exec /usr/bin/env -0",
                             path_of(file)};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(),
                  arguments[3].data(), nullptr};
  char none[] = "PATH=";
  char* environment[] = {none, nullptr};
  pid_t child = 0;
  expect(::posix_spawn(&child, "/bin/sh", &actions, nullptr, argv, environment) == 0, "sh starts");
  posix_spawn_file_actions_destroy(&actions);
  uninterrupted([&] { return ::waitpid(child, nullptr, 0); });
  return unpack_environment(content_of(output));
}

void check_with_sh(std::string_view script, const Assignments& assignments) {
  Environment expected{{"PATH", ""}};
  for (const auto& [name, value] : assignments) expected.insert_or_assign(name, value);
  auto read = read_by_sh(script);
  // Variables that sh sets itself.
  for (const auto* name : {"PWD", "OLDPWD", "_"}) {
    read.erase(name);
    expected.erase(name);
  }
  std::string text(script);
  for (const auto& [name, value] : read) text.append("\nsh: ").append(name + "=" + value);
  expect(read == expected, "sh reads the same", text);
}

void check_packing(const std::string& bytes) {
  const auto environment = unpack_environment(bytes);
  expect(unpack_environment(pack_environment(environment)) == environment,
         "an environment is the same packed and unpacked", bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto script = as_text(data, size);
  check_packing(std::string(script));
  const auto assignments = plain_assignments(script);
  if (assignments && !assignments->empty() && is_harmless(script)) {
    check_with_sh(script, *assignments);
  }
  return 0;
}

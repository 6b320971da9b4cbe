#include "engine/config/settings_file.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "host/environment.h"
#include "host/fd.h"
#include "host/file.h"
#include "host/process.h"

namespace containerizer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view digits = "0123456789";
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
// Characters that have no special meaning for sh in the value of an assignment.
constexpr std::string_view punctuation = "./:,@%+=-";

// The only variable whose value sh checks: some shells reject an OPTIND that is not a number.
constexpr std::string_view checked_by_sh = "OPTIND";

bool is_one_of(char c, std::string_view set) { return set.find(c) != set.npos; }
bool is_in_name(char c) { return is_one_of(c, letters) || is_one_of(c, digits); }
bool is_plain(char c) { return is_in_name(c) || is_one_of(c, punctuation); }

void skip_spaces(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
}

// Removes "NAME=" from the front and returns the name; "" if the text does not start with one.
std::string take_name(std::string_view& rest) {
  const auto end = rest.find('=');
  if (end == rest.npos || end == 0 || is_one_of(rest[0], digits)) return "";
  const auto name = rest.substr(0, end);
  if (!std::all_of(name.begin(), name.end(), is_in_name)) return "";
  rest.remove_prefix(end + 1);
  return std::string(name);
}

// Removes the value from the front and returns it; nothing if sh would expand or interpret it.
std::optional<std::string> take_value(std::string_view& rest) {
  std::string value;
  while (!rest.empty() && !is_one_of(rest[0], " \t")) {
    const char first = rest[0];
    if (first == '\'' || first == '"') {
      const auto end = rest.find(first, 1);
      if (end == rest.npos) return std::nullopt;
      const auto quoted = rest.substr(1, end - 1);
      if (first == '"' && quoted.find_first_of("$`\\") != quoted.npos) return std::nullopt;
      value += quoted;
      rest.remove_prefix(end + 1);
    } else if (is_plain(first)) {
      value += first;
      rest.remove_prefix(1);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

// The environment.sh in the directory of `path`, or, if `path` is a symbolic link, in the directory
// of its target, and so on. "" if there is none.
fs::path settings_beside(fs::path path) {
  constexpr int most_links = 40;  // the kernel's own limit
  std::error_code none;
  for (int link = 0; link <= most_links; ++link) {
    auto file = path.parent_path() / "environment.sh";
    if (fs::exists(file, none)) return file;
    const auto target = fs::read_symlink(path, none);
    if (none) break;
    path = path.parent_path() / target;
  }
  return {};
}

// The file of an installed program. A program below /usr is installed, a build is not.
fs::path settings_of_host() { return own_program().starts_with("/usr/") ? installed_settings : ""; }

void replace_environment(const Environment& environment) {
  // Cleared first, because the script can unset variables.
  ::clearenv();
  for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
}

Status read_with_shell(const std::string& file) {
  auto output = make_pipe();
  if (!output.ok()) return output.failure();
  // sh sources the file, with its output on standard error, and exports every variable that the
  // file assigns. It then becomes this program, which prints the resulting environment. Its
  // standard input is /dev/null: the slave never closes ours, so a script that reads it would wait
  // forever.
  Program shell;
  shell.arguments = {"/bin/sh", "-c",          "set -a; . \"$0\" >&2 && exec \"$1\" \"$2\"",
                     file,      own_program(), print_environment};
  shell.environment = as_strings(own_environment());
  shell.output = output.value().write.get();
  shell.error = STDERR_FILENO;
  shell.dies_with_us = true;
  auto started = start(shell);
  if (!started.ok()) return started.failure();
  output.value().write.close();
  const auto text = read_to_end(output.value().read);
  int status = -1;
  ::waitpid(started.value().pid, &status, 0);
  if (status != 0 || text.empty()) {
    return Failure{Fault::refused, "sh failed to read the settings in " + file + "; run `sh " +
                                       file + "` to see the reason, and fix the file"};
  }
  replace_environment(unpack_environment(text));
  return Done{};
}

}  // namespace

std::optional<Assignments> plain_assignments(std::string_view script) {
  Assignments found;
  if (script.find('\0') != script.npos) return std::nullopt;
  while (!script.empty()) {
    const auto end = script.find('\n');
    auto line = script.substr(0, end);
    script.remove_prefix(end == script.npos ? script.size() : end + 1);
    skip_spaces(line);
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("export ")) line.remove_prefix(std::strlen("export "));
    skip_spaces(line);
    auto name = take_name(line);
    auto value = take_value(line);
    skip_spaces(line);
    if (name.empty() || name == checked_by_sh || !value || (!line.empty() && line[0] != '#'))
      return std::nullopt;
    found.emplace_back(std::move(name), std::move(*value));
  }
  return found;
}

Status apply_settings_file(const std::string& called_as) {
  std::error_code none;
  auto file = settings_beside(called_as);
  if (file.empty()) file = settings_of_host();
  if (file.empty() || !fs::exists(file, none)) return Done{};
  const auto script = read_small_file(file);
  // read_small_file() cuts a longer file off without an error. Half of its limit is surely
  // complete.
  constexpr std::size_t most = small_file / 2;
  const auto assignments =
      script && script->size() <= most ? plain_assignments(*script) : std::nullopt;
  if (!assignments) return read_with_shell(file);
  for (const auto& [name, value] : *assignments) ::setenv(name.c_str(), value.c_str(), 1);
  return Done{};
}

const char* const installed_settings = "/etc/docker-containerizer/environment";

const char* const print_environment = "--print-environment";

}  // namespace containerizer

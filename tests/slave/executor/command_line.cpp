#include "tests/slave/executor/command_line.h"

#include <algorithm>
#include <array>

#include "tests/slave/words.h"

namespace containerizer::player {
namespace {

struct Flag {
  const char* name;
  bool takes_value;
  bool (Release::*known)() const;
  const char* help;
};

constexpr std::array flags = {
    Flag{"override", false, &Release::executor_knows_override,
         "run the rest of the command line in place of the task's command"},
    Flag{"task_command", true, &Release::executor_knows_task_command,
         "run this CommandInfo (JSON) in place of the task's command"},
    Flag{"sandbox_directory", true, &Release::executor_knows_user, "sandbox inside an image"},
    Flag{"user", true, &Release::executor_knows_user, "user to run the command as"},
    Flag{"working_directory", true, &Release::executor_knows_task_command, "inside an image"},
    Flag{"rootfs", true, &Release::executor_knows_rootfs, "root of an image"},
    Flag{"launcher_dir", true, &Release::executor_knows_launcher_dir, "where the helpers lie"},
};

const Flag* find(const std::string& name, Release release) {
  const auto found = std::find_if(flags.begin(), flags.end(), [&](const Flag& flag) {
    return flag.name == name && (release.*flag.known)();
  });
  return found == flags.end() ? nullptr : &*found;
}

}  // namespace

std::optional<CommandLine> parse_command_line(const std::vector<std::string>& arguments,
                                              Release release, std::string& error) {
  CommandLine parsed;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      parsed.values.insert(parsed.values.end(),
                           arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    if (!argument.starts_with("--")) {
      parsed.values.push_back(argument);
      continue;
    }
    const auto [name, value] = split_at(argument.substr(2), '=');
    const Flag* flag = find(name, release);
    const bool has_value = argument.find('=') != std::string::npos;
    if (name == "help") {
      parsed.help = true;
    } else if (flag == nullptr) {
      error = "Failed to load unknown flag '" + name + "'";
      return std::nullopt;
    } else if (flag->takes_value && !has_value) {
      error = "Failed to load non-boolean flag '" + name + "': missing value";
      return std::nullopt;
    } else if (name == "override") {
      parsed.override_command = value != "false";
    } else if (name == "task_command") {
      parsed.task_command = value;
    }
  }
  return parsed;
}

std::string usage(Release release) {
  std::string text = "Usage: mesos-executor [...]\n\nSupported options:\n  --help\n";
  for (const Flag& flag : flags) {
    if (!(release.*flag.known)()) continue;
    text += std::string("  --") + (flag.takes_value ? "" : "[no-]") + flag.name +
            (flag.takes_value ? "=VALUE" : "") + "  " + flag.help + "\n";
  }
  return text;
}

}  // namespace containerizer::player

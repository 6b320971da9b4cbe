#include "engine/config/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "engine/docker/choose_endpoint.h"
#include "engine/translation/image_name.h"
#include "host/format.h"
#include "host/text.h"

namespace containerizer {
namespace {

// The names of all settings start with this.
constexpr std::string_view prefix = "CONTAINERIZER_";

Failure failure(const std::string& variable, const std::string& value, const std::string& reason) {
  return {Fault::refused, formatted("{} is \"{}\": {}", variable, value, reason)};
}

// For a setter: `form` is what it accepts. apply() adds the setting's name and value.
Failure failure(const std::string& form) { return {Fault::refused, "expected " + form}; }

template <class T>
Result<T> one_of(const std::string& value, const std::vector<std::pair<const char*, T>>& choices) {
  std::string names;
  for (const auto& [name, choice] : choices) {
    if (value == name) return choice;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return failure("one of " + names);
}

Status set_duration(Duration& target, const std::string& value) {
  auto parsed = parse_duration(value);
  if (!parsed.ok()) return parsed.failure();
  target = parsed.value();
  return Done{};
}

Status set_wait(Settings& settings, const std::string& value) {
  auto mode = one_of<WaitMode>(
      value, {{"auto", WaitMode::automatic}, {"early", WaitMode::early}, {"late", WaitMode::late}});
  if (!mode.ok()) return mode.failure();
  settings.wait = mode.value();
  return Done{};
}

Status set_pull(Settings& settings, const std::string& value) {
  auto policy = one_of<PullPolicy>(value, {{"missing", PullPolicy::missing},
                                           {"always", PullPolicy::always},
                                           {"never", PullPolicy::never}});
  if (!policy.ok()) return policy.failure();
  settings.pull = policy.value();
  return Done{};
}

Status set_default_image(Settings& settings, const std::string& value) {
  const auto problem = image_name_problem(value);
  if (!problem.empty()) return Failure{Fault::refused, problem};
  settings.tasks.default_image = value;
  return Done{};
}

Status set_working_directory(Settings& settings, const std::string& value) {
  auto choice = one_of<WorkingDirectory>(value, {{"auto", WorkingDirectory::by_dialect},
                                                 {"sandbox", WorkingDirectory::sandbox},
                                                 {"image", WorkingDirectory::image}});
  if (!choice.ok()) return choice.failure();
  settings.tasks.working_directory = choice.value();
  return Done{};
}

Status set_network(Settings& settings, const std::string& value) {
  if (value.find_first_of(":, =") != value.npos) return failure("the name of a network");
  settings.tasks.network = value;
  return Done{};
}

Status set_swap(Settings& settings, const std::string& value) {
  auto policy = one_of<SwapPolicy>(value, {{"docker", SwapPolicy::docker},
                                           {"unlimited", SwapPolicy::unlimited},
                                           {"none", SwapPolicy::none}});
  if (!policy.ok()) return policy.failure();
  settings.tasks.swap = policy.value();
  return Done{};
}

Status set_imageless(Settings& settings, const std::string& value) {
  auto choice = one_of<Imageless>(value, {{"default", Imageless::with_default},
                                          {"host", Imageless::on_host},
                                          {"refuse", Imageless::refused}});
  if (!choice.ok()) return choice.failure();
  settings.tasks.imageless = choice.value();
  return Done{};
}

Status set_switch(bool& target, const std::string& value) {
  auto choice = one_of<bool>(value, {{"on", true}, {"off", false}});
  if (!choice.ok()) return choice.failure();
  target = choice.value();
  return Done{};
}

Status set_output_size(Settings& settings, const std::string& value) {
  const auto size = parse_bytes(value);
  if (!size.ok()) return size.failure();
  settings.output.size = size.value();
  return Done{};
}

Status set_output_files(Settings& settings, const std::string& value) {
  unsigned files = 0;
  if (!to_number(value, files) || files < 1 || files > 1000) {
    return failure("a whole number from 1 to 1000");
  }
  settings.output.files = static_cast<int>(files);
  return Done{};
}

Status set_late_waits(Settings& settings, const std::string& value) {
  int slots = 0;
  const auto* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, slots);
  // A slave has at most 1024 threads (mesos-protocol 1.6).
  if (error != std::errc{} || rest != end || slots < 0 || slots > 1024) {
    return failure("a whole number from 0 to 1024");
  }
  settings.late_waits = slots;
  return Done{};
}

Status set_level(Settings& settings, const std::string& value) {
  using log::Level;
  auto level = one_of<Level>(value, {{"debug", Level::debug},
                                     {"info", Level::info},
                                     {"warn", Level::warn},
                                     {"error", Level::error}});
  if (!level.ok()) return level.failure();
  settings.log_level = level.value();
  return Done{};
}

Status set_log(Settings& settings, const std::string& value) {
  if (value != "syslog" && value != "journald" && value[0] != '/') {
    return failure("syslog, journald, or the absolute path of a file");
  }
  settings.log = value;
  return Done{};
}

Status set_sandbox(Settings& settings, const std::string& value) {
  if (value[0] != '/' || value == "/") return failure("an absolute path");
  settings.tasks.sandbox = value;
  return Done{};
}

// The value is split into words as a shell does. No shell runs the hook.
Status set_hook(std::vector<std::string>& hook, const std::string& value) {
  const auto words = split_words(value);
  if (!words.ok()) return words.failure();
  if (words.value().empty() || words.value()[0].empty() || words.value()[0][0] != '/') {
    return failure("the absolute path of a program, then its arguments");
  }
  hook = words.value();
  return Done{};
}

Status set_hook_failure(Settings& settings, const std::string& value) {
  auto fails = one_of<bool>(value, {{"ignore", false}, {"fail", true}});
  if (!fails.ok()) return fails.failure();
  settings.hooks.fails_task = fails.value();
  return Done{};
}

struct Setting {
  std::string_view name;
  std::function<Status(Settings&, const std::string&)> set;
  bool may_contain_secrets = false;  // then an error message does not quote the value
  std::string_view older_name = {};  // still accepted
};

const std::vector<Setting>& all_settings() {
  using S = Settings;
  using V = const std::string;
  // Names in full: a search for a setting's name finds the line that reads it.
  static const std::vector<Setting> all{
      // choose_endpoint() reads it, together with DOCKER_HOST.
      {"CONTAINERIZER_DOCKER_ARGS", [](S&, V&) -> Status { return Done{}; }},
      {"CONTAINERIZER_WAIT", set_wait},
      {"CONTAINERIZER_LATE_WAITS", set_late_waits},
      {"CONTAINERIZER_STOP_TIMEOUT", [](S& s, V& v) { return set_duration(s.stop_timeout, v); }},
      {"CONTAINERIZER_REMOVE_DELAY", [](S& s, V& v) { return set_duration(s.remove_delay, v); }},
      {"CONTAINERIZER_DAEMON_TIMEOUT", [](S& s, V& v) { return set_duration(s.daemon_timeout, v); },
       false, "CONTAINERIZER_ENGINE_TIMEOUT"},
      {"CONTAINERIZER_DAEMON_RETRY", [](S& s, V& v) { return set_duration(s.daemon_retry, v); },
       false, "CONTAINERIZER_ENGINE_PATIENCE"},
      {"CONTAINERIZER_DEFAULT_IMAGE", set_default_image},
      {"CONTAINERIZER_IMAGELESS", set_imageless},
      {"CONTAINERIZER_PULL", set_pull},
      {"CONTAINERIZER_CPU_QUOTA", [](S& s, V& v) { return set_switch(s.tasks.cpu_quota, v); }},
      {"CONTAINERIZER_SWAP", set_swap},
      {"CONTAINERIZER_SANDBOX", set_sandbox},
      {"CONTAINERIZER_WORKDIR", set_working_directory},
      {"CONTAINERIZER_NETWORK", set_network},
      {"CONTAINERIZER_DEFAULT_OPTIONS",
       [](S& s, V& v) { return set_options(s.tasks.policy.default_options, v); }, true},
      {"CONTAINERIZER_APPEND_OPTIONS",
       [](S& s, V& v) { return set_options(s.tasks.policy.append_options, v); }, true},
      {"CONTAINERIZER_IGNORE", [](S& s, V& v) { return set_ignored(s.tasks.policy, v); }},
      {"CONTAINERIZER_ALLOWED_FLAGS",
       [](S& s, V& v) { return set_flags(s.tasks.policy.allowed_flags.emplace(), v); }},
      {"CONTAINERIZER_FORBIDDEN_FLAGS",
       [](S& s, V& v) { return set_flags(s.tasks.policy.forbidden_flags, v); }},
      {"CONTAINERIZER_ALLOWED_VOLUMES",
       [](S& s, V& v) { return set_volumes(s.tasks.policy.allowed_volumes.emplace(), v); }},
      {"CONTAINERIZER_ALLOWED_REGISTRIES",
       [](S& s, V& v) { return set_registries(s.tasks.policy.allowed_registries.emplace(), v); }},
      {"CONTAINERIZER_PRIVILEGED", [](S& s, V& v) { return set_privileged(s.tasks.policy, v); }},
      {"CONTAINERIZER_LAUNCH_HOOK", [](S& s, V& v) { return set_hook(s.hooks.launch, v); }, true},
      {"CONTAINERIZER_END_HOOK", [](S& s, V& v) { return set_hook(s.hooks.end, v); }, true},
      {"CONTAINERIZER_HOOK_TIMEOUT", [](S& s, V& v) { return set_duration(s.hooks.timeout, v); }},
      {"CONTAINERIZER_HOOK_FAILURE", set_hook_failure},
      {"CONTAINERIZER_OUTPUT_SIZE", set_output_size},
      {"CONTAINERIZER_OUTPUT_FILES", set_output_files},
      {"CONTAINERIZER_HISTORY", [](S& s, V& v) { return set_duration(s.history, v); }},
      {"CONTAINERIZER_LOG", set_log},
      {"CONTAINERIZER_LOG_LEVEL", set_level},
  };
  return all;
}

const Setting* find_setting(std::string_view name) {
  for (const auto& setting : all_settings()) {
    if (name == setting.name || name == setting.older_name) return &setting;
  }
  return nullptr;
}

Status apply(Settings& settings, const std::string& variable, const std::string& value) {
  const auto* setting = find_setting(variable);
  if (setting == nullptr) {
    const auto names = setting_names();
    const auto meant = nearest_word(variable, names);
    if (!meant.empty()) {
      return Failure{Fault::refused,
                     formatted("{} is not a setting; did you mean {}?", variable, meant)};
    }
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
    return Failure{Fault::refused,
                   formatted("{} is not a setting; the settings are {}", variable, list)};
  }
  // An empty value means the default. An operator can switch a setting off that way.
  if (value.empty()) return Done{};
  auto done = setting->set(settings, value);
  if (done.ok()) return done;
  if (!setting->may_contain_secrets) return failure(variable, value, done.failure().text);
  return Failure{Fault::refused, formatted("{}: {}", variable, done.failure().text)};
}

// Whether `variable` is the older name of a setting whose newer name is set. The newer name wins.
bool is_overridden(const Environment& environment, const std::string& variable) {
  const auto* setting = find_setting(variable);
  return setting != nullptr && variable == setting->older_name &&
         !value_or(environment, std::string(setting->name), "").empty();
}

// The directory identifies the slave instance, in labels of containers too. It must have one name,
// so symbolic links and redundant parts of the path are resolved.
std::string canonical(const std::string& directory) {
  char* resolved = ::realpath(directory.c_str(), nullptr);
  if (resolved == nullptr) return directory;
  std::string path(resolved);
  std::free(resolved);
  return path;
}

}  // namespace

std::vector<std::string> setting_names() {
  std::vector<std::string> names;
  for (const auto& setting : all_settings()) names.emplace_back(setting.name);
  return names;
}

std::vector<std::pair<std::string, std::string>> shown_settings(const Environment& environment) {
  std::vector<std::pair<std::string, std::string>> shown;
  for (const auto& [name, value] : environment) {
    if (name.rfind(prefix, 0) != 0) continue;
    const auto* setting = find_setting(name);
    const bool is_public = setting != nullptr && !setting->may_contain_secrets;
    shown.emplace_back(name, is_public ? without_logins(value) : "(not shown)");
  }
  return shown;
}

Result<std::uint64_t> parse_bytes(const std::string& text) {
  constexpr std::array<std::string_view, 5> units{"B", "KB", "MB", "GB", "TB"};
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto unit = std::find(units.begin(), units.end(), text.substr(digits));
  unsigned number = 0;
  if (unit == units.end() || !to_number(text.substr(0, digits), number) || number == 0) {
    return failure("a whole number with a unit: B, KB, MB, GB or TB");
  }
  return std::uint64_t{number} << 10 * (unit - units.begin());
}

Result<Duration> parse_duration(const std::string& text) {
  struct Unit {
    std::string_view name;
    double milliseconds;
  };
  constexpr std::array<Unit, 8> units{{{"ns", 1e-6},
                                       {"us", 1e-3},
                                       {"ms", 1},
                                       {"secs", 1e3},
                                       {"mins", 6e4},
                                       {"hrs", 3.6e6},
                                       {"days", 8.64e7},
                                       {"weeks", 6.048e8}}};
  const auto invalid = failure(
      "a number with a unit (ns, us, ms, secs, mins, hrs, days or weeks), 100 years at most");
  double number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || !(number >= 0) || number > 1e9) return invalid;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  // A deadline is a sum of the time since boot and a few durations. 100 years keep it in range.
  constexpr double longest = 100 * 365 * 8.64e7;
  for (const auto& unit : units) {
    if (unit.name != name || number * unit.milliseconds > longest) continue;
    return Duration(static_cast<std::int64_t>(number * unit.milliseconds));
  }
  return invalid;
}

Settings read_settings(const Environment& environment, std::vector<std::string>& problems) {
  Settings settings;
  for (const auto& [name, value] : environment) {
    if (name.rfind(prefix, 0) != 0) continue;
    if (is_overridden(environment, name)) continue;
    auto applied = apply(settings, name, value);
    if (!applied.ok()) problems.push_back(applied.failure().text);
  }
  auto endpoint = choose_endpoint(environment);
  if (endpoint.ok()) {
    settings.endpoint = endpoint.value();
  } else {
    problems.push_back(endpoint.failure().text);
    settings.endpoint = Endpoint::nowhere();
  }
  // The slave always sets it. An operator's command without it uses the slave's own default.
  auto directory = value_or(environment, "MESOS_WORK_DIRECTORY", "");
  if (directory.empty()) directory = "/tmp/mesos";
  if (directory[0] != '/') {
    problems.push_back(
        failure("MESOS_WORK_DIRECTORY", directory, "expected an absolute path").text);
  }
  settings.work_directory = canonical(directory);
  settings.tasks.policy.own_places = {settings.work_directory};
  if (settings.endpoint.kind == Endpoint::Kind::unix_socket) {
    settings.tasks.policy.own_places.push_back(settings.endpoint.address);
  }
  return settings;
}

}  // namespace containerizer

#include "engine/config.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <functional>
#include <string_view>

#include "engine/docker/choose_endpoint.h"
#include "engine/host/text.h"
#include "engine/translation/image_name.h"

namespace containerizer {
namespace {

constexpr std::string_view prefix = "CONTAINERIZER_";

Failure bad(const std::string& what, const std::string& value, const std::string& takes) {
  return {Fault::refused, fmt::format("{} is \"{}\", but takes {}", what, value, takes)};
}

template <class T>
Result<T> one_of(const std::string& value, const std::vector<std::pair<const char*, T>>& choices) {
  std::string names;
  for (const auto& [name, choice] : choices) {
    if (value == name) return choice;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return Failure{Fault::refused, "one of " + names};
}

Status set_duration(Duration& target, const std::string& value) {
  auto parsed = parse_duration(value);
  if (!parsed.ok()) return parsed.failure();
  target = parsed.value();
  return Done{};
}

Status set_wait(Config& config, const std::string& value) {
  auto mode = one_of<WaitMode>(
      value, {{"auto", WaitMode::automatic}, {"early", WaitMode::early}, {"late", WaitMode::late}});
  if (!mode.ok()) return mode.failure();
  config.wait = mode.value();
  return Done{};
}

Status set_pull(Config& config, const std::string& value) {
  auto policy = one_of<PullPolicy>(value, {{"missing", PullPolicy::missing},
                                           {"always", PullPolicy::always},
                                           {"never", PullPolicy::never}});
  if (!policy.ok()) return policy.failure();
  config.pull = policy.value();
  return Done{};
}

Status set_default_image(Config& config, const std::string& value) {
  const auto reference = image_reference(value);
  if (!reference.ok()) return reference.failure();
  config.tasks.default_image = value;
  return Done{};
}

Status set_swap(Config& config, const std::string& value) {
  auto policy = one_of<SwapPolicy>(value, {{"docker", SwapPolicy::docker},
                                           {"unlimited", SwapPolicy::unlimited},
                                           {"none", SwapPolicy::none}});
  if (!policy.ok()) return policy.failure();
  config.tasks.swap = policy.value();
  return Done{};
}

Status set_imageless(Config& config, const std::string& value) {
  auto choice = one_of<Imageless>(value, {{"default", Imageless::with_default},
                                          {"host", Imageless::on_host},
                                          {"refuse", Imageless::refused}});
  if (!choice.ok()) return choice.failure();
  config.tasks.imageless = choice.value();
  return Done{};
}

Status set_switch(bool& target, const std::string& value) {
  auto choice = one_of<bool>(value, {{"on", true}, {"off", false}});
  if (!choice.ok()) return choice.failure();
  target = choice.value();
  return Done{};
}

Status set_late_waits(Config& config, const std::string& value) {
  int places = 0;
  const auto* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, places);
  if (error != std::errc{} || rest != end || places < 0 || places > 1024) {
    return Failure{Fault::refused, "a whole number from 0 to 1024"};
  }
  config.late_waits = places;
  return Done{};
}

Status set_level(Config& config, const std::string& value) {
  using log::Level;
  auto level = one_of<Level>(value, {{"debug", Level::debug},
                                     {"info", Level::info},
                                     {"warn", Level::warn},
                                     {"error", Level::error}});
  if (!level.ok()) return level.failure();
  config.log_level = level.value();
  return Done{};
}

Status set_log(Config& config, const std::string& value) {
  if (value != "syslog" && value[0] != '/') {
    return Failure{Fault::refused, "syslog, or the absolute path of a file"};
  }
  config.log = value;
  return Done{};
}

Status set_sandbox(Config& config, const std::string& value) {
  if (value[0] != '/' || value == "/") return Failure{Fault::refused, "an absolute path"};
  config.tasks.sandbox = value;
  return Done{};
}

// Words as a shell would split them; there is no shell.
Status set_hook(std::vector<std::string>& hook, const std::string& value) {
  const auto words = split_words(value);
  if (!words.ok()) return words.failure();
  if (words.value().empty() || words.value()[0].empty() || words.value()[0][0] != '/') {
    return Failure{Fault::refused, "takes the absolute path of a program, and its arguments"};
  }
  hook = words.value();
  return Done{};
}

Status set_hook_failure(Config& config, const std::string& value) {
  auto fails = one_of<bool>(value, {{"ignore", false}, {"fail", true}});
  if (!fails.ok()) return fails.failure();
  config.hooks.fails_task = fails.value();
  return Done{};
}

struct Setting {
  std::string_view name;  // behind CONTAINERIZER_
  std::function<Status(Config&, const std::string&)> set;
  bool may_hold_secrets = false;  // its value is not shown
};

const std::vector<Setting>& settings() {
  using C = Config;
  using S = const std::string;
  static const std::vector<Setting> all{
      // Read together with DOCKER_HOST, by choose_endpoint.
      {"DOCKER_ARGS", [](C&, S&) -> Status { return Done{}; }},
      {"WAIT", set_wait},
      {"LATE_WAITS", set_late_waits},
      {"STOP_TIMEOUT", [](C& c, S& v) { return set_duration(c.stop_timeout, v); }},
      {"REMOVE_DELAY", [](C& c, S& v) { return set_duration(c.remove_delay, v); }},
      {"ENGINE_TIMEOUT", [](C& c, S& v) { return set_duration(c.engine_timeout, v); }},
      {"ENGINE_PATIENCE", [](C& c, S& v) { return set_duration(c.engine_patience, v); }},
      {"DEFAULT_IMAGE", set_default_image},
      {"IMAGELESS", set_imageless},
      {"PULL", set_pull},
      {"CPU_QUOTA", [](C& c, S& v) { return set_switch(c.tasks.cpu_quota, v); }},
      {"SWAP", set_swap},
      {"SANDBOX", set_sandbox},
      {"DEFAULT_OPTIONS", [](C& c, S& v) { return set_options(c.tasks.policy.default_options, v); },
       true},
      {"APPEND_OPTIONS", [](C& c, S& v) { return set_options(c.tasks.policy.append_options, v); },
       true},
      {"IGNORE", [](C& c, S& v) { return set_ignored(c.tasks.policy, v); }},
      {"ALLOWED_FLAGS",
       [](C& c, S& v) { return set_flags(c.tasks.policy.allowed_flags.emplace(), v); }},
      {"FORBIDDEN_FLAGS", [](C& c, S& v) { return set_flags(c.tasks.policy.forbidden_flags, v); }},
      {"ALLOWED_VOLUMES",
       [](C& c, S& v) { return set_volumes(c.tasks.policy.allowed_volumes.emplace(), v); }},
      {"ALLOWED_REGISTRIES",
       [](C& c, S& v) { return set_registries(c.tasks.policy.allowed_registries.emplace(), v); }},
      {"PRIVILEGED", [](C& c, S& v) { return set_privileged(c.tasks.policy, v); }},
      {"LAUNCH_HOOK", [](C& c, S& v) { return set_hook(c.hooks.launch, v); }, true},
      {"END_HOOK", [](C& c, S& v) { return set_hook(c.hooks.end, v); }, true},
      {"HOOK_TIMEOUT", [](C& c, S& v) { return set_duration(c.hooks.timeout, v); }},
      {"HOOK_FAILURE", set_hook_failure},
      {"HISTORY", [](C& c, S& v) { return set_duration(c.history, v); }},
      {"LOG", set_log},
      {"LOG_LEVEL", set_level},
  };
  return all;
}

Status apply(Config& config, const std::string& variable, const std::string& value) {
  const auto name = std::string_view(variable).substr(prefix.size());
  for (const auto& setting : settings()) {
    if (setting.name != name) continue;
    if (value.empty()) return Done{};
    auto done = setting.set(config, value);
    if (done.ok()) return done;
    if (!setting.may_hold_secrets) return bad(variable, value, done.failure().text);
    return Failure{Fault::refused, fmt::format("{}: {}", variable, done.failure().text)};
  }
  std::string known;
  for (const auto& setting : settings()) {
    known += fmt::format("{}{}{}", known.empty() ? "" : ", ", prefix, setting.name);
  }
  return Failure{Fault::refused, fmt::format("{} is not a setting; there are {}", variable, known)};
}

// The same directory must have the same name however the slave was told of it.
std::string canonical(const std::string& directory) {
  char* resolved = ::realpath(directory.c_str(), nullptr);
  if (resolved == nullptr) return directory;
  std::string path(resolved);
  std::free(resolved);
  return path;
}

}  // namespace

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
  const Failure wrong{
      Fault::refused,
      "a number with a unit: ns, us, ms, secs, mins, hrs, days or weeks; 100 years at most"};
  double number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || !(number >= 0) || number > 1e9) return wrong;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  constexpr double longest = 100 * 365 * 8.64e7;  // what monotonic deadlines can hold
  for (const auto& unit : units) {
    if (unit.name != name || number * unit.milliseconds > longest) continue;
    return Duration(static_cast<std::int64_t>(number * unit.milliseconds));
  }
  return wrong;
}

Config read_config(const Environment& environment, std::vector<std::string>& problems) {
  Config config;
  for (const auto& [name, value] : environment) {
    if (name.rfind(prefix, 0) != 0) continue;
    auto applied = apply(config, name, value);
    if (!applied.ok()) problems.push_back(applied.failure().text);
  }
  auto endpoint = choose_endpoint(environment);
  if (endpoint.ok()) {
    config.endpoint = endpoint.value();
  } else {
    problems.push_back(endpoint.failure().text);
    config.endpoint = Endpoint::nowhere();
  }
  auto directory = value_or(environment, "MESOS_WORK_DIRECTORY", "");
  if (directory.empty()) directory = "/tmp/mesos";
  if (directory[0] != '/') {
    problems.push_back(bad("MESOS_WORK_DIRECTORY", directory, "an absolute path").text);
  }
  config.work_directory = canonical(directory);
  return config;
}

}  // namespace containerizer

#include "tests/slave/options.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <stdexcept>
#include <thread>

namespace containerizer::player {
namespace {

constexpr unsigned fewest_threads = 8;

bool as_bool(const std::string& value) {
  if (value != "true" && value != "false") throw std::invalid_argument("not true or false");
  return value == "true";
}

std::chrono::seconds as_seconds(const std::string& value) {
  return std::chrono::seconds(std::stoi(value));
}

Version as_version(const std::string& value) {
  const auto version = parse_version(value);
  if (!version || *version < Version{0, 19, 0} || *version > Version{1, 0, 4}) {
    throw std::invalid_argument("not a release between 0.19.0 and 1.0.4");
  }
  return *version;
}

bool as_recover(const std::string& value) {
  if (value != "reconnect" && value != "cleanup") {
    throw std::invalid_argument("not reconnect or cleanup");
  }
  return value == "cleanup";
}

using Setter = void (*)(Options&, const std::string&);
const std::map<std::string, Setter> setters = {
    {"containerizer_path", [](Options& o, const std::string& v) { o.containerizer_path = v; }},
    {"work_dir", [](Options& o, const std::string& v) { o.work_dir = v; }},
    {"launcher_dir", [](Options& o, const std::string& v) { o.launcher_dir = v; }},
    {"mesos", [](Options& o, const std::string& v) { o.mesos = as_version(v); }},
    {"default_container_image",
     [](Options& o, const std::string& v) { o.default_container_image = v; }},
    {"port",
     [](Options& o, const std::string& v) { o.port = static_cast<unsigned short>(std::stoi(v)); }},
    {"user", [](Options& o, const std::string& v) { o.user = v; }},
    {"checkpoint", [](Options& o, const std::string& v) { o.checkpoint = as_bool(v); }},
    {"recover", [](Options& o, const std::string& v) { o.cleanup = as_recover(v); }},
    {"threads",
     [](Options& o, const std::string& v) { o.threads = static_cast<unsigned>(std::stoi(v)); }},
    {"registration_timeout",
     [](Options& o, const std::string& v) { o.registration_timeout = as_seconds(v); }},
    {"executor_shutdown_grace_period",
     [](Options& o, const std::string& v) { o.shutdown_grace = as_seconds(v); }},
    {"resource_monitoring_interval",
     [](Options& o, const std::string& v) { o.monitoring_interval = as_seconds(v); }},
    {"env", [](Options& o, const std::string& v) { o.environment.push_back(split_at(v, '=')); }},
};

std::string own_user() {
  const passwd* entry = getpwuid(geteuid());
  return entry == nullptr ? "" : entry->pw_name;
}

void apply(Options& options, const std::string& argument) {
  if (!argument.starts_with("--")) {
    options.scenario = argument;
    return;
  }
  const auto [name, value] = split_at(argument.substr(2), '=');
  const auto setter = setters.find(name);
  if (setter == setters.end()) throw std::invalid_argument("no such flag");
  setter->second(options, value);
}

}  // namespace

std::optional<Options> parse_options(int count, char** arguments) {
  Options options;
  options.user = own_user();
  options.threads = std::max(fewest_threads, std::thread::hardware_concurrency());
  for (int i = 1; i < count; ++i) {
    try {
      apply(options, arguments[i]);
    } catch (const std::logic_error& error) {
      std::cerr << "slave-player: " << arguments[i] << ": " << error.what() << "; see README.md\n";
      return std::nullopt;
    }
  }
  if (options.containerizer_path.empty() || options.work_dir.empty() ||
      options.launcher_dir.empty() || options.threads == 0) {
    std::cerr << "usage: slave-player --containerizer_path=P --work_dir=W --launcher_dir=L"
                 " [--mesos=1.0.4] [more flags, see README.md] [SCENARIO FILE]\n";
    return std::nullopt;
  }
  options.work_dir = std::filesystem::absolute(options.work_dir);
  options.launcher_dir = std::filesystem::absolute(options.launcher_dir);
  return options;
}

}  // namespace containerizer::player

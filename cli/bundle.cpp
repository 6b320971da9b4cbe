#include "cli/bundle.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "cli/printing.h"
#include "cli/version.h"
#include "engine/config/settings.h"
#include "host/file.h"
#include "host/format.h"
#include "host/text.h"
#include "host/times.h"

namespace containerizer {
namespace {

std::string section(const char* title, const std::string& content) {
  return formatted("=== {}\n{}{}\n", title, content, content.ends_with('\n') ? "" : "\n");
}

std::string settings_of(const Environment& environment) {
  std::string text;
  for (const auto& [name, value] : shown_settings(environment))
    text += formatted("{}={}\n", name, value);
  for (const char* name :
       {"MESOS_WORK_DIRECTORY", "MESOS_LIBEXEC_DIRECTORY", "DOCKER_HOST", "DOCKER_CONTEXT",
        "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"}) {
    const auto value = value_or(environment, name, "");
    if (!value.empty()) text += formatted("{}={}\n", name, without_logins(value));
  }
  return text;
}

std::string host_text() {
  utsname name{};
  ::uname(&name);
  return formatted("{} {} {} {}\n", name.sysname, name.release, name.version, name.machine);
}

std::string records_of(Invocation& invocation) {
  constexpr std::int64_t most = 200;
  constexpr std::int64_t most_events = 2000;
  std::string text;
  try {
    store::Selection all;
    all.scope = store::Selection::Scope::all;
    all.most = most;
    std::string lines;
    for (const auto& record : invocation.store.records(all)) {
      lines += safe_json_of(to_json(record)) + "\n";
    }
    text += section("containers", lines);
    lines.clear();
    for (const auto& entry : invocation.store.history(std::nullopt, most_events)) {
      lines += safe_json_of(to_json(entry)) + "\n";
    }
    text += section("events", lines);
  } catch (const store::StoreError& error) {
    text += section("containers", error.what());
  }
  invocation.store.close();
  return text;
}

std::string end_of_log(const std::string& path) {
  constexpr off_t most = 256 << 10;
  if (!path.starts_with('/')) return "no file is set in CONTAINERIZER_LOG\n";
  const Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid()) return formatted("cannot read {}: {}\n", path, std::strerror(errno));
  const auto size = ::lseek(file.get(), 0, SEEK_END);
  ::lseek(file.get(), std::max<off_t>(0, size - most), SEEK_SET);
  return safe_lines(read_small_file(file, static_cast<std::size_t>(most)).value_or(""));
}

}  // namespace

Status write_bundle(Invocation& invocation, const std::string& diagnosis, const std::string& path) {
  const auto failure = [&](const char* what) {
    return Failure{Fault::refused, formatted("cannot {} {}: {}", what, path, std::strerror(errno))};
  };
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return failure("create");
  const auto text = section("version", safe_json_of(version_document())) +
                    section("time", local_time(invocation.store.now().wall)) +
                    section("host", host_text()) + section("diagnosis", diagnosis) +
                    section("settings", settings_of(invocation.environment)) +
                    records_of(invocation) + section("log", end_of_log(invocation.settings.log));
  if (!write_all(file.get(), text) || ::fsync(file.get()) != 0) {
    auto failed = failure("write");
    ::unlink(path.c_str());
    return failed;
  }
  return Done{};
}

}  // namespace containerizer

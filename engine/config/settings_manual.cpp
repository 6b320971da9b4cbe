// The text about each setting. configuration.md and docker-containerizer-environment(5) are printed
// from it. The tests compare the names with those that settings.cpp reads.
#include "engine/config/settings_manual.h"

#include <algorithm>
#include <string_view>

#include "host/format.h"

namespace containerizer {

namespace {

constexpr SettingText of_daemon[] = {
    {"CONTAINERIZER_DOCKER_ARGS", "",
     "Options for every call to the daemon, as the docker command takes them: `-H "
     "tcp://10.0.0.1:2376 --tlsverify`. Also `--tls`, `--tlscacert`, `--tlscert`, "
     "`--tlskey`, `--config` and `--context`."},
    {"DOCKER_HOST", "`unix:///var/run/docker.sock`",
     "The daemon's address, unless `-H` or `--context` is set."},
    {"DOCKER_CONTEXT", "`currentContext` of `config.json`",
     "The context that names the daemon, unless one of the settings above does."},
    {"DOCKER_TLS_VERIFY, DOCKER_TLS", "",
     "If set, use TLS for a TCP address. `DOCKER_TLS_VERIFY` also verifies the daemon's "
     "certificate."},
    {"DOCKER_CERT_PATH", "`DOCKER_CONFIG`", "The directory of `ca.pem`, `cert.pem` and `key.pem`."},
    {"DOCKER_CONFIG", "`$HOME/.docker`",
     "The directory of `config.json`: registry credentials, credential helpers and "
     "contexts. `--config` overrides it. Credentials in a task's sandbox "
     "(`.docker/config.json`, `.dockercfg`) take precedence over both."},
    {"CONTAINERIZER_DAEMON_TIMEOUT", "`30secs`",
     "The deadline of one call to the daemon. A pull has no deadline; it fails if the daemon "
     "sends nothing for 2 min. The old name `CONTAINERIZER_ENGINE_TIMEOUT` still works."},
    {"CONTAINERIZER_DAEMON_RETRY", "`45secs`",
     "How long calls to a daemon that does not respond are retried, counted from the launch. A "
     "supervisor that continues the work of a dead one counts from its own start. The time must "
     "be shorter than the slave's `--executor_registration_timeout` (1 min by default). "
     "Otherwise that timeout hides the reason. A daemon's refusal is never retried. The old name "
     "`CONTAINERIZER_ENGINE_PATIENCE` still works."},
};

constexpr SettingText of_tasks[] = {
    {"CONTAINERIZER_DEFAULT_IMAGE", "",
     "The image for tasks that name none, if the slave has no `--default_container_image`."},
    {"CONTAINERIZER_IMAGELESS", "`default`",
     "How to run a task that names no image. `default`: in the default image. `host`: on "
     "the host as the sandbox's owner, without isolation or limits. `refuse`: reject the "
     "task."},
    {"CONTAINERIZER_PULL", "`missing`",
     "When to pull an image. `missing`: if it is not on the host. `always`: at each launch. "
     "`never`: not at all. A task that forces a pull gets one, unless this is `never`."},
    {"CONTAINERIZER_CPU_QUOTA", "`off`",
     "`on`: limit a task to its `cpus`, even while other CPUs are idle."},
    {"CONTAINERIZER_SWAP", "`docker`",
     "Swap for a task with a memory limit. `docker`: Docker's default, as much swap as "
     "memory. `unlimited`: all that the host has. `none`: no swap."},
    {"CONTAINERIZER_SANDBOX", "`/mnt/mesos/sandbox`",
     "The path of the sandbox inside the container."},
    {"CONTAINERIZER_WORKDIR", "`auto`",
     "The working directory, if no `--workdir` names one. `auto`: a task starts in the image's "
     "working directory if it has a DockerInfo, or a ContainerInfo of type MESOS that names its "
     "image. Every other task starts in the sandbox. `sandbox`: every task starts in the sandbox. "
     "`image`: every task starts in the image's working directory."},
    {"CONTAINERIZER_NETWORK", "`host`",
     "The network of a task that requests none, and has neither a DockerInfo nor a ContainerInfo "
     "of type MESOS. A task that has one of the two, but requests no network, gets the host's "
     "network. Values: `host`, `bridge`, `none`, or a network's name."},
    {"CONTAINERIZER_STOP_TIMEOUT", "`2secs`",
     "The time between the stop signal and SIGKILL. A task can override it. "
     "[operating.md](operating.md#stopping) has the rule, and a limit of 3 s for tasks without a "
     "kill policy."},
    {"CONTAINERIZER_REMOVE_DELAY", "`0secs`",
     "How long a container is kept after it exits. A destroy ends this delay at once."},
};

constexpr SettingText of_policy[] = {
    {"CONTAINERIZER_DEFAULT_OPTIONS", "",
     "`docker run` options for tasks without any options or parameters."},
    {"CONTAINERIZER_APPEND_OPTIONS", "",
     "`docker run` options that are appended to every task's own."},
    {"CONTAINERIZER_IGNORE", "",
     "Parts of a task's request that the containerizer ignores: `options` (includes "
     "parameters), `image`, or both."},
    {"CONTAINERIZER_ALLOWED_FLAGS", "all",
     "The `docker run` flags that tasks may use, or `none`. `DockerInfo.privileged` is "
     "treated as `--privileged`."},
    {"CONTAINERIZER_FORBIDDEN_FLAGS", "", "The `docker run` flags that tasks may not use."},
    {"CONTAINERIZER_ALLOWED_VOLUMES", "all",
     "A colon-separated list of host directories, or `none`. Tasks may mount these "
     "directories and anything below them. The sandbox, tmpfs mounts and volumes managed by "
     "Docker are always allowed."},
    {"CONTAINERIZER_ALLOWED_REGISTRIES", "all",
     "The registries from which a task's image may come. `docker.io` is Docker Hub."},
    {"CONTAINERIZER_PRIVILEGED", "`allow`",
     "`refuse`: reject privileged tasks and [anything equivalent](policy.md#policy), such "
     "as "
     "extra capabilities, devices, or other containers' namespaces. The host's network "
     "stays allowed."},
};

constexpr SettingText of_hooks[] = {
    {"CONTAINERIZER_LAUNCH_HOOK", "",
     "A program to run before a container is created: its absolute path and arguments."},
    {"CONTAINERIZER_END_HOOK", "",
     "A program to run after the container's end is recorded: its absolute path and "
     "arguments."},
    {"CONTAINERIZER_HOOK_TIMEOUT", "`10secs`", "A hook is killed after this time."},
    {"CONTAINERIZER_HOOK_FAILURE", "`ignore`",
     "What happens when a launch hook fails. `ignore`: nothing. `fail`: the task fails "
     "too."},
};

constexpr SettingText of_slave[] = {
    {"MESOS_WORK_DIRECTORY", "`/tmp/mesos`",
     "The slave sets it to its `--work_dir`. For the operator's commands, it selects the "
     "slave to inspect."},
    {"MESOS_NATIVE_LIBRARY", "the slave's",
     "The path of libmesos inside containers and for mesos-executor."},
    {"CONTAINERIZER_WAIT", "`auto`",
     "When `wait` replies: `auto`, `early` or `late`. See "
     "[operating.md](operating.md#wait-and-the-slaves-threads)."},
    {"CONTAINERIZER_LATE_WAITS", "half of max(8, CPUs)",
     "How many `wait` calls may block at the same time, if `CONTAINERIZER_WAIT` is `auto`. "
     "See [operating.md](operating.md#wait-and-the-slaves-threads)."},
};

constexpr SettingText of_records[] = {
    {"CONTAINERIZER_OUTPUT_SIZE", "",
     "Rotate the sandbox's `stdout` and `stderr` when one reaches this size: `500KB`, "
     "`10MB`, `1GB`. By default they are never rotated."},
    {"CONTAINERIZER_OUTPUT_FILES", "`5`", "How many rotated files are kept for each of the two."},
    {"CONTAINERIZER_HISTORY", "`30days`", "How long ended containers stay in the database."},
    {"CONTAINERIZER_LOG", "",
     "A second place for the log, besides standard error: the absolute path of a file in an "
     "existing directory, `syslog`, or `journald`. With `journald`, lines of supervisors and task "
     "proxies have the field `CONTAINER_ID`."},
    {"CONTAINERIZER_LOG_LEVEL", "`info`", "`debug`, `info`, `warn` or `error`."},
};

constexpr SettingsSection sections[] = {
    {"The Docker daemon", "", of_daemon},
    {"Tasks", "", of_tasks},
    {"Policy",
     "The operator sets these rules. [policy.md](policy.md#policy) explains their coverage, and "
     "[security.md](security.md) lists the attacks that the program stops. A task that a rule "
     "rejects fails with a message that names the rule.",
     of_policy},
    {"Hooks", "", of_hooks},
    {"The slave", "", of_slave},
    {"Records", "", of_records},
};

// `NAME`, `NAME`
std::string in_code(std::string_view names) {
  std::string text = "`";
  for (const char c : names)
    text += c == ',' ? std::string("`,") : c == ' ' ? " `" : std::string(1, c);
  return text + "`";
}

// Words in lines of at most 100 columns, as the pages have them.
std::string filled(std::string_view words) {
  constexpr std::size_t columns = 100;
  std::string text;
  std::size_t line = 0;
  while (!words.empty()) {
    const auto word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(word.size() + 1, words.size()));
    const bool fits = line > 0 && line + 1 + word.size() <= columns;
    if (!text.empty()) text += fits ? ' ' : '\n';
    line = fits ? line + 1 + word.size() : word.size();
    text += word;
  }
  return text + "\n";
}

// Without the marks of Markdown: a link becomes its text.
std::string plain(std::string_view markdown) {
  std::string text;
  for (std::size_t i = 0; i < markdown.size(); ++i) {
    if (markdown[i] == '`' || markdown[i] == '[') continue;
    if (markdown.substr(i, 2) == "](") {
      i = markdown.find(')', i);
      continue;
    }
    text += markdown[i];
  }
  return text;
}

std::string as_markdown() {
  std::string text;
  for (const auto& section : settings_manual()) {
    text += formatted("{}## {}\n\n", text.empty() ? "" : "\n", section.title);
    if (!section.introduction.empty()) text += filled(section.introduction) + "\n";
    text += "| variable | default | meaning |\n|---|---|---|\n";
    for (const auto& one : section.settings) {
      text += formatted("| {} | {}{}| {} |\n", in_code(one.names), one.initial,
                        one.initial.empty() ? "" : " ", one.meaning);
    }
  }
  return text;
}

std::string as_text() {
  std::string text;
  for (const auto& section : settings_manual()) {
    text += formatted("{}{}\n", text.empty() ? "" : "\n", section.title);
    for (const auto& one : section.settings) {
      text += formatted("\n  {}{}\n    {}\n", one.names,
                        one.initial.empty() ? "" : " (default " + plain(one.initial) + ")",
                        plain(one.meaning));
    }
  }
  return text;
}

}  // namespace

std::span<const SettingsSection> settings_manual() { return sections; }

std::string describe_settings(SettingsFormat format) {
  return format == SettingsFormat::markdown ? as_markdown() : as_text();
}

}  // namespace containerizer

#include "engine/docker/answers.h"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "engine/docker/encoding.h"
#include "host/json.h"
#include "host/text.h"

namespace containerizer {

namespace {

namespace json = boost::json;

// The text of an answer that reports an error; "" for none.
std::string explanation_of(const Answer& answer) {
  const auto document = parse_json(answer.body);
  if (!document || !document->is_object()) return {};
  return one_line(text_member(document->get_object(), "message"));
}

// Whether a message only shows that the daemon or its containerd is away or busy. Such a message
// says nothing about the request, which can be tried again.
bool is_temporary(std::string_view message) {
  constexpr std::string_view phrases[] = {"shutting down",
                                          "transport is closing",
                                          "transport: error while dialing",
                                          "error reading from server",
                                          "ttrpc: closed",
                                          "context canceled",
                                          "context deadline exceeded",
                                          "resource temporarily unavailable",
                                          "too many open files",
                                          "database is locked"};
  return std::any_of(std::begin(phrases), std::end(phrases),
                     [&](std::string_view phrase) { return mentions(message, phrase); });
}

Fault fault_of(const ApiCall& call, const std::string& subject, int status,
               const std::string& message) {
  if (&call == &pull_call && !message.empty()) return pull_fault(message);
  if (status == 404 && *call.missing != '\0' && mentions(message, call.missing) &&
      (!call.names_subject || mentions(message, subject))) {
    return Fault::not_found;
  }
  // Podman before 5.1 does not have Docker's call to update.
  const bool has_no_call = status == 404 || status == 405 || status == 501;
  if (&call == &update_call && has_no_call) return Fault::unsupported;
  // Old daemons and Podman send this text with 400 or 500. Podman's lacks the word "container".
  const bool is_taken = status == 409 || mentions(message, "is already in use by ");
  if (is_taken && &call != &start_call) return Fault::conflict;
  // A proxy in front of the daemon answers with these while the daemon is away.
  const bool is_away = status == 429 || (status >= 502 && status <= 504);
  if (call.explains && !message.empty() && !is_away && !is_temporary(message)) {
    return Fault::refused;
  }
  if (is_taken) return Fault::conflict;
  if ((status >= 400 && status < 500) || status == 501) return Fault::refused;
  // The log driver cannot be read. Old daemons send the first text with 500, Podman the second.
  const bool has_no_log =
      mentions(message, "does not support reading") || mentions(message, "cannot read logs");
  if (has_no_log) return Fault::refused;
  return Fault::unavailable;
}

std::int64_t number_member(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  return member != nullptr && member->is_int64() ? member->get_int64() : 0;
}

bool flag_member(const json::object& object, std::string_view name) {
  const json::value* member = object.if_contains(name);
  return member != nullptr && member->is_bool() && member->get_bool();
}

std::map<std::string, std::string> labels_of(const json::object* labels) {
  std::map<std::string, std::string> result;
  if (labels == nullptr) return result;
  for (const auto& [name, value] : *labels) {
    if (value.is_string()) result[name] = value.get_string();
  }
  return result;
}

// Podman reports "stopped" for a container that has exited and has not been cleaned up yet.
std::string status_member(const json::object& object, std::string_view name) {
  const std::string status = text_member(object, name);
  return status == "stopped" ? "exited" : status;
}

std::string without_slash(const std::string& name) {
  return name.starts_with('/') ? name.substr(1) : name;
}

// A container has its own name ("/name") and one for each link to it ("/other/alias").
std::string own_name(const json::object& listed) {
  const json::value* names = listed.if_contains("Names");
  if (names == nullptr || !names->is_array()) return "";
  for (const json::value& name : names->get_array()) {
    if (!name.is_string()) continue;
    std::string text = without_slash(std::string(name.get_string()));
    if (text.find('/') == std::string::npos) return text;
  }
  return "";
}

const json::object empty_object;

}  // namespace

Failure failure(const ApiCall& call, const std::string& subject, const Failure& reason) {
  const std::string gap = subject.empty() ? "" : " ";
  return Failure{reason.fault, std::string("cannot ") + call.attempt + gap + one_line(subject) +
                                   ": " + reason.text};
}

Failure failure(const ApiCall& call, const std::string& subject, const Answer& answer) {
  const auto message = explanation_of(answer);
  const Fault fault = fault_of(call, subject, answer.status, message);
  const std::string status = "the daemon answered HTTP " + std::to_string(answer.status);
  return failure(call, subject,
                 Failure{fault, message.empty() ? status + " without a reason" : message});
}

Failure unusable_answer(const ApiCall& call, const std::string& subject) {
  return failure(call, subject,
                 Failure{Fault::unavailable,
                         "the daemon's answer does not follow the Docker Engine API; check that a "
                         "Docker daemon listens at this address"});
}

Fault pull_fault(std::string_view message) {
  // Registries answer "denied" for a missing image, too, unless the user may know that it is
  // missing. So both cases have the same fault.
  constexpr std::string_view absent_phrases[] = {
      "not found",
      "manifest unknown",
      "name unknown",
      "denied",
      "unauthorized",
      "authentication required",
      "no basic auth credentials",
  };
  const bool absent =
      std::any_of(std::begin(absent_phrases), std::end(absent_phrases),
                  [&](std::string_view phrase) { return mentions(message, phrase); });
  return absent ? Fault::not_found : Fault::refused;
}

std::optional<ContainerFacts> read_inspect(const json::value& document) {
  constexpr std::string_view never = "0001-01-01T00:00:00Z";  // the zero of Go's time
  const json::object* container = document.if_object();
  const json::object* state = container == nullptr ? nullptr : object_member(*container, "State");
  if (state == nullptr) return std::nullopt;
  const json::object* settings = object_member(*container, "Config");
  if (settings == nullptr) settings = &empty_object;

  ContainerFacts facts;
  facts.id = text_member(*container, "Id");
  facts.name = without_slash(text_member(*container, "Name"));
  facts.status = status_member(*state, "Status");
  if (facts.id.empty() || facts.status.empty()) return std::nullopt;
  facts.labels = labels_of(object_member(*settings, "Labels"));
  const std::string started_at = text_member(*state, "StartedAt");
  facts.started = !started_at.empty() && started_at != never;
  facts.oom_killed = flag_member(*state, "OOMKilled");
  facts.exit_code = static_cast<int>(number_member(*state, "ExitCode"));
  facts.error = one_line(text_member(*state, "Error"));
  facts.pid = number_member(*state, "Pid");
  facts.stop_signal = text_member(*settings, "StopSignal");
  if (const auto* host = object_member(*container, "HostConfig")) {
    facts.memory_limit = number_member(*host, "Memory");
    facts.swap_limit = number_member(*host, "MemorySwap");
    facts.cpu_quota = number_member(*host, "CpuQuota");
  }
  facts.finished_at = text_member(*state, "FinishedAt");
  return facts;
}

std::optional<std::vector<ContainerFacts>> read_list(const json::value& document) {
  const json::array* containers = document.if_array();
  if (containers == nullptr) return std::nullopt;
  std::vector<ContainerFacts> list;
  list.reserve(containers->size());
  for (const json::value& element : *containers) {
    const json::object* container = element.if_object();
    if (container == nullptr) return std::nullopt;
    ContainerFacts facts;
    facts.id = text_member(*container, "Id");
    facts.name = own_name(*container);
    facts.status = status_member(*container, "State");
    facts.started = facts.status != "created";
    facts.labels = labels_of(object_member(*container, "Labels"));
    if (facts.id.empty() || facts.status.empty()) return std::nullopt;
    list.push_back(std::move(facts));
  }
  return list;
}

std::vector<std::string> read_warnings(const json::value& document) {
  constexpr std::size_t most = 20;
  std::vector<std::string> lines;
  const json::object* answer = document.if_object();
  const json::value* warnings = answer == nullptr ? nullptr : answer->if_contains("Warnings");
  if (warnings == nullptr || !warnings->is_array()) return lines;
  for (const json::value& warning : warnings->get_array()) {
    if (!warning.is_string() || lines.size() == most) continue;
    auto line = one_line(std::string(warning.get_string()));
    if (!line.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

ExposedPorts read_exposed_ports(const json::value& document) {
  ExposedPorts ports;
  const json::object* image = document.if_object();
  const json::object* settings = image == nullptr ? nullptr : object_member(*image, "Config");
  const json::object* exposed =
      settings == nullptr ? nullptr : object_member(*settings, "ExposedPorts");
  if (exposed == nullptr) return ports;
  for (const auto& entry : *exposed) {
    constexpr std::uint32_t highest_port = 65535;
    const std::string_view text = entry.key();
    const auto slash = std::min(text.find('/'), text.size());
    unsigned number = 0;
    if (!to_number(text.substr(0, slash), number) || number > highest_port) continue;
    ports[number].emplace_back(slash == text.size() ? "tcp" : text.substr(slash + 1));
  }
  for (auto& port : ports) std::sort(port.second.begin(), port.second.end());
  return ports;
}

std::optional<DaemonInfo> read_info(const json::value& document) {
  const json::object* daemon = document.if_object();
  if (daemon == nullptr || !daemon->contains("ServerVersion")) return std::nullopt;
  DaemonInfo info;
  info.version = one_line(text_member(*daemon, "ServerVersion"));
  info.live_restore = flag_member(*daemon, "LiveRestoreEnabled");
  info.log_driver = one_line(text_member(*daemon, "LoggingDriver"));
  info.storage_driver = one_line(text_member(*daemon, "Driver"));
  info.cgroup_version = one_line(text_member(*daemon, "CgroupVersion"));
  info.cgroup_driver = one_line(text_member(*daemon, "CgroupDriver"));
  info.system = one_line(text_member(*daemon, "OperatingSystem"));
  info.kernel = one_line(text_member(*daemon, "KernelVersion"));
  return info;
}

std::vector<int> read_signals(std::string_view documents) {
  std::vector<int> signals;
  while (!documents.empty()) {
    const auto end = std::min(documents.find('\n'), documents.size());
    const auto document = parse_json(documents.substr(0, end));
    documents.remove_prefix(std::min(end + 1, documents.size()));
    const auto* event = document ? document->if_object() : nullptr;
    const auto* actor = event == nullptr ? nullptr : object_member(*event, "Actor");
    const auto* attributes = actor == nullptr ? nullptr : object_member(*actor, "Attributes");
    unsigned signal = 0;
    if (attributes != nullptr && to_number(text_member(*attributes, "signal"), signal)) {
      signals.push_back(static_cast<int>(signal));
    }
  }
  return signals;
}

bool has_terminal(const json::value& document) {
  const json::object* container = document.if_object();
  const json::object* settings =
      container == nullptr ? nullptr : object_member(*container, "Config");
  return settings != nullptr && flag_member(*settings, "Tty");
}

}  // namespace containerizer

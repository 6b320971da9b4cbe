#include "engine/docker/answers.h"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "engine/docker/encoding.h"
#include "host/json.h"
#include "host/text.h"

namespace containerizer {

namespace {

namespace json = boost::json;

// The content of an answer that reports an error.
struct Explanation {
  std::string message;  // "" for none
  bool has_cause = false;
};

Explanation explanation_of(const Answer& answer) {
  const auto document = parse_json(answer.body);
  if (!document || !document->is_object()) return {};
  const auto& object = document->get_object();
  // "cause" is Podman's; see fault_of().
  return {one_line(text_member(object, "message")), object.contains("cause")};
}

// Whether a message only shows that the daemon or its containerd is shutting down. Such a message
// says nothing about the request, which can be tried again.
bool is_temporary(std::string_view message) {
  constexpr std::string_view phrases[] = {"shutting down", "transport is closing",
                                          "transport: error while dialing", "ttrpc: closed",
                                          "context canceled"};
  return std::any_of(std::begin(phrases), std::end(phrases),
                     [&](std::string_view phrase) { return mentions(message, phrase); });
}

Fault fault_of(const ApiCall& call, const std::string& subject, int status,
               const Explanation& explanation) {
  const auto& message = explanation.message;
  if (&call == &pull_call && !message.empty()) return pull_fault(message);
  if (status == 404 && *call.missing != '\0' && mentions(message, call.missing) &&
      (!call.names_subject || mentions(message, subject))) {
    return Fault::not_found;
  }
  if (call.explains && !message.empty() && !is_temporary(message)) return Fault::refused;
  // Old daemons and Podman send this text with 400 or 500. Podman's lacks the word "container".
  if (status == 409 || mentions(message, "is already in use by ")) return Fault::conflict;
  if ((status >= 400 && status < 500) || status == 501) return Fault::refused;
  // The log driver cannot be read. Old daemons send this text with 500.
  if (mentions(message, "does not support reading")) return Fault::refused;
  // Podman answers 500 when it rejects a create request. Only Podman's answers contain a cause, so
  // a cause distinguishes them from Docker's own 500, which can be temporary.
  const bool is_final = &call == &create_call && explanation.has_cause && !is_temporary(message);
  return is_final ? Fault::refused : Fault::unavailable;
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
  const auto explanation = explanation_of(answer);
  const auto& message = explanation.message;
  const Fault fault = fault_of(call, subject, answer.status, explanation);
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

bool has_terminal(const json::value& document) {
  const json::object* container = document.if_object();
  const json::object* settings =
      container == nullptr ? nullptr : object_member(*container, "Config");
  return settings != nullptr && flag_member(*settings, "Tty");
}

}  // namespace containerizer

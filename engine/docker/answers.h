// What the daemon's answers mean. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/docker/docker.h"
#include "host/result.h"

namespace containerizer {

// A complete answer.
struct Answer {
  int status = 0;
  std::string body;
  std::string api_version;  // of its header; "" when absent
  bool is_podmans = false;  // Podman names its own version, too
};

// What the client can ask, as far as the meaning of answers depends on it.
struct ApiCall {
  const char* attempt;  // "start container": "cannot start container X: …"
  // What the text of a 404 mentions when it is about the subject itself, not about something that
  // the request needs (a network, a volume driver, another container); "" for never.
  const char* missing;
  bool names_subject;  // such a text names the subject, too
  bool explains;       // any error with a text is the daemon's considered refusal, 5xx included
};

inline constexpr ApiCall ping_call{"reach the daemon", "", false, false};
inline constexpr ApiCall create_call{"create container", "no such image", false, false};
inline constexpr ApiCall start_call{"start container", "no such container", true, true};
inline constexpr ApiCall inspect_call{"inspect container", "no such container", true, false};
inline constexpr ApiCall list_call{"list containers with label", "", false, false};
inline constexpr ApiCall kill_call{"signal container", "no such container", true, false};
inline constexpr ApiCall remove_call{"remove container", "no such container", true, false};
inline constexpr ApiCall update_call{"update container", "no such container", true, false};
inline constexpr ApiCall image_call{"inspect image", "no such image", false, false};
inline constexpr ApiCall pull_call{"pull image", "", false, true};
inline constexpr ApiCall output_call{"read the output of container", "no such container", true,
                                     false};
// Podman does not say which, and a wait needs no other.
inline constexpr ApiCall wait_call{"wait for container", "no such container", false, false};

// "cannot start container X: " + reason, with the fault of `reason`.
Failure because(const ApiCall& call, const std::string& subject, const Failure& reason);

// An answer that is no success. Fault by status and text, as docker.h defines it.
Failure refusal(const ApiCall& call, const std::string& subject, const Answer& answer);

// An answer of success that lacks what it should hold (unavailable).
Failure unusable(const ApiCall& call, const std::string& subject);

// How a failed pull is to be taken by the daemon's words for it: not_found when the registry has no
// such image or wants credentials; refused for everything else.
Fault pull_fault(std::string_view words);

// The answer to GET /containers/{id}/json, and to GET /containers/json. Nothing when it is not one.
std::optional<ContainerFacts> read_inspect(const boost::json::value& document);
std::optional<std::vector<ContainerFacts>> read_list(const boost::json::value& document);

// Whether the container of an inspect answer has a terminal, so that its output is not framed.
bool has_terminal(const boost::json::value& document);

}  // namespace containerizer

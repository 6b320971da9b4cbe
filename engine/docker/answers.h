// Interprets the daemon's answers. Pure.
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
  std::string api_version;       // from its header; "" if the header is missing
  std::string podman_version{};  // from its header; "" if the daemon is not Podman
};

// One kind of call to the daemon: the facts that the interpretation of its answers needs.
struct ApiCall {
  const char* attempt;  // "start container", for the message "cannot start container X: …"
  // A 404 with this text concerns the subject itself. A 404 with another text concerns something
  // that the request needs: a network, a volume driver, another container. "" for no such text.
  const char* missing;
  bool names_subject;  // a text with `missing` contains the subject's name, too
  bool explains;       // an error with any text is a final refusal, even with a status of 5xx
};

inline constexpr ApiCall ping_call{"reach the daemon", "", false, false};
// A daemon answers 500 for what it will never accept, too: a mount at "/", a quota that its disk
// does not have.
inline constexpr ApiCall create_call{"create container", "no such image", false, true};
inline constexpr ApiCall start_call{"start container", "no such container", true, true};
inline constexpr ApiCall inspect_call{"inspect container", "no such container", true, false};
inline constexpr ApiCall list_call{"list containers with label", "", false, false};
inline constexpr ApiCall kill_call{"signal container", "no such container", true, false};
inline constexpr ApiCall remove_call{"remove container", "no such container", true, false};
inline constexpr ApiCall update_call{"update container", "no such container", true, false};
inline constexpr ApiCall events_call{"read the events of container", "", false, false};
inline constexpr ApiCall info_call{"ask the daemon about itself", "", false, false};
inline constexpr ApiCall image_call{"inspect image", "no such image", false, false};
inline constexpr ApiCall pull_call{"pull image", "", false, true};
inline constexpr ApiCall log_call{"read the log of container", "no such container", true, false};
inline constexpr ApiCall attach_call{"attach to container", "no such container", true, false};
// Podman's text does not name the container. A wait needs nothing but its container, so the text
// is clear without the name.
inline constexpr ApiCall wait_call{"wait for container", "no such container", false, false};

// "cannot start container X: REASON", with the fault of `reason`.
Failure failure(const ApiCall& call, const std::string& subject, const Failure& reason);

// The same for an answer that reports an error. The fault follows from its status and its text, as
// docker.h defines.
Failure failure(const ApiCall& call, const std::string& subject, const Answer& answer);

// The failure of an answer that reports success but lacks required content. Fault: unavailable.
Failure unusable_answer(const ApiCall& call, const std::string& subject);

// The fault of a failed pull, by the daemon's message. not_found: the registry does not have the
// image, or requires credentials. refused: everything else.
Fault pull_fault(std::string_view message);

// Read the answers to GET /containers/{id}/json and to GET /containers/json. Empty: the document
// is something else.
std::optional<ContainerFacts> read_inspect(const boost::json::value& document);
std::optional<std::vector<ContainerFacts>> read_list(const boost::json::value& document);

// What the daemon says about a request that it has accepted: fields that it ignores, limits that
// the kernel lacks. Each in one line.
std::vector<std::string> read_warnings(const boost::json::value& document);

// The ports in an answer to GET /images/{name}/json. Those that cannot be read are left out.
ExposedPorts read_exposed_ports(const boost::json::value& document);

// Reads the answer to GET /info.
std::optional<DaemonInfo> read_info(const boost::json::value& document);

// Reads the answer to GET /events about signals: one document after the other.
std::vector<int> read_signals(std::string_view documents);

// Whether the container of an inspect answer has a terminal. Its output is not framed then.
bool has_terminal(const boost::json::value& document);

}  // namespace containerizer

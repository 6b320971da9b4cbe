// Translates the `docker run` flags of a task into the body of POST /containers/create.
//
// Flags come from two places: CommandInfo.ContainerInfo.options (Mesos 0.19 to 0.26) are arguments
// of a command line. DockerInfo.parameters (0.21 and later) are pairs of a long name and a value.
// One table in flag_table.cpp maps each flag to its field. A flag that cannot be applied exactly is
// rejected with the reason, and never dropped. Facts: `docker run --help` of 28.2, Engine API 1.41.
// Pure.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "containerizer.pb.h"
#include "host/result.h"

namespace containerizer {

// Labels with this prefix belong to the containerizer. No flag may set one.
inline constexpr std::string_view reserved_labels = "docker-containerizer.";

// One flag with its value; a switch without a value has "true".
struct RunFlag {
  std::string name;  // the long name without dashes, never an alias
  std::string value;
};

struct RunOptions {
  std::vector<RunFlag> flags;  // in the order given
  // The arguments after `//`, which replace the command. An empty list: the image's own command.
  std::optional<std::vector<std::string>> command;
};

// Reads a task's options, in the forms of host/options.h. An element is one argument. An element
// that contains spaces is first split like a line of a shell ("-v /a:/b") if a flag is expected
// there. If a flag's value is expected, the whole element is the value. The element `//` ends the
// flags; the rest is a command (a convention of the containerizer Deimos).
//
// refused: an unknown or a rejected flag, a flag without its value, an argument that is not a flag.
Result<RunOptions> parse_run_options(
    const google::protobuf::RepeatedPtrField<std::string>& elements);

// Like parse_run_options(), for one line, which is split as a shell does.
Result<RunOptions> parse_run_line(std::string_view text);

// Reads pairs of a flag's long name and its value. refused: an unknown or a rejected flag.
Result<RunOptions> parse_parameters(
    const google::protobuf::RepeatedPtrField<mesos::Parameter>& parameters);

// A create request under construction.
struct CreateRequest {
  boost::json::object body;
  bool force_pull = false;
  std::size_t ports = 0;  // number of ports that flags have published or exposed
};

// Applies flags in their order, except --network, which comes last. A flag with one value replaces
// the present value. A flag that may be repeated adds to the list. An environment variable replaces
// the one with the same name.
// REQUIRES: HostConfig.NetworkMode is set, because some flags belong to a network.
//
// refused: a value has the wrong form or is not allowed. The text names the flag, and the value
// unless values of that flag often contain secrets. `request` is then unusable.
Status apply_run_flags(const std::vector<RunFlag>& flags, CreateRequest& request);

// Whether `flags` contains one with this long name.
bool has_flag(const std::vector<RunFlag>& flags, std::string_view name);

// The name of the network that the flags request; empty for none. refused: there is more than one,
// which a create request of API 1.41 cannot express.
Result<std::optional<std::string>> network_flag(const std::vector<RunFlag>& flags);

// --- Writing to the body, also for other files than those of flags ---

// The value at a path such as "HostConfig.LogConfig.Type". Creates missing objects on the way.
boost::json::value& field(boost::json::object& body, std::string_view path);

// The object at `path`. Creates it if it is missing.
boost::json::object& object_at(boost::json::object& body, std::string_view path);

// Adds to the list at `path`. Creates the list if it is missing.
void append(boost::json::object& body, std::string_view path, boost::json::value value);

// Adds a variable to Env, behind one of the same name.
void set_variable(boost::json::object& body, std::string_view name, std::string_view value);

// Leaves one entry of each name in Env: the last value, in the place of the first.
void settle_variables(boost::json::object& body);

// Publishes a container's port at `host_ip` ("" for all addresses) and `host_port` ("" for any
// port, or a range). `protocol` is tcp, udp or sctp.
void publish_port(boost::json::object& body, std::string_view host_ip, std::string_view host_port,
                  std::uint32_t container_port, std::string_view protocol);

}  // namespace containerizer

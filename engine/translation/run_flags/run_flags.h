// Flags of `docker run`, as frameworks may give them to a container, translated into the body of
// POST /containers/create.
//
// They come from two places: CommandInfo.ContainerInfo.options (0.19 to 0.26), words of a command
// line, and DockerInfo.parameters (0.21 and later), pairs of a long name and a value. One table in
// run_flag_table.cpp maps each flag to its field; a flag that cannot be honoured is refused with
// the reason, never dropped. Facts: `docker run --help` of 28.2, Engine API 1.41. Everything is
// pure.
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

// Labels that begin with this belong to the containerizer: no flag may set one.
inline constexpr std::string_view reserved_labels = "docker-containerizer.";

// One flag with its value; a switch without a value has "true".
struct RunFlag {
  std::string name;  // the long name without dashes, never an alias
  std::string value;
};

struct RunOptions {
  std::vector<RunFlag> flags;  // in the order given
  // The words behind `//`, which replace the command; an empty list asks for the image's own.
  std::optional<std::vector<std::string>> command;
};

// Reads a command line. An element is one word, in every form the command line of docker knows:
// `-e` `X=Y`, `-eX=Y`, `--env` `X=Y`, `--env=X=Y`, `-Pe` `X=Y`. Where a flag is expected, an
// element that holds blanks is split into words first, with the quotes and backslashes of a shell
// ("-v /a:/b"); where a flag's value is expected, it is the value, blanks and all. The element `//`
// ends the flags (custom of Deimos).
//
// refused: an unknown or a forbidden flag, a flag that lacks its value, a word that is no flag.
Result<RunOptions> parse_run_options(const google::protobuf::RepeatedPtrField<std::string>& words);

// Reads a line of words, split as a shell does. refused: as above.
Result<RunOptions> parse_run_line(std::string_view line);

// Reads pairs of a flag's long name and its value. refused: an unknown or a forbidden flag.
Result<RunOptions> parse_parameters(
    const google::protobuf::RepeatedPtrField<mesos::Parameter>& parameters);

// A create request while it takes shape.
struct CreateRequest {
  boost::json::object body;
  bool force_pull = false;
  std::size_t ports = 0;  // that flags have published or exposed
};

// Applies flags in their order, but --network last: a flag with one value replaces what is there, a
// flag that may be repeated adds to it, an environment variable replaces the one of its name.
// HostConfig.NetworkMode must be set before, because some flags belong to a network.
//
// refused: a value of the wrong form, or one that must not be set. The text names the flag, and the
// value unless secrets are usual there. `request` is then unusable.
Status apply_run_flags(const std::vector<RunFlag>& flags, CreateRequest& request);

// Whether there is a flag of this (long) name.
bool has_flag(const std::vector<RunFlag>& flags, std::string_view name);

// The name of the network the flags ask for, if any. refused: more than one, which a create request
// of API 1.41 cannot carry.
Result<std::optional<std::string>> network_flag(const std::vector<RunFlag>& flags);

// --- Parts of the body that not only flags write ---

// The value at a path such as "HostConfig.LogConfig.Type"; objects on the way are made.
boost::json::value& field(boost::json::object& body, std::string_view path);

// The object at `path`, made if it is not there.
boost::json::object& object_at(boost::json::object& body, std::string_view path);

// Adds to the list at `path`.
void append(boost::json::object& body, std::string_view path, boost::json::value value);

// Adds a variable to Env, behind one of the same name.
void set_variable(boost::json::object& body, std::string_view name, std::string_view value);

// Leaves one entry of each name in Env: the last value, in the place of the first.
void settle_variables(boost::json::object& body);

// Publishes a container's port, at `host_ip` ("" for all) and `host_port` ("" for any, may be a
// range). `protocol` is tcp, udp or sctp.
void publish_port(boost::json::object& body, std::string_view host_ip, std::string_view host_port,
                  std::uint32_t container_port, std::string_view protocol);

}  // namespace containerizer

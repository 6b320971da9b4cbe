// Reads the `docker run` flags of a task. flag_translation.h translates them.
//
// Flags come from two places: CommandInfo.ContainerInfo.options (Mesos 0.19 to 0.26) are arguments
// of a command line. DockerInfo.parameters (0.21 and later) are pairs of a long name and a value. A
// flag that cannot be applied exactly is rejected with the reason, and never dropped. A rejected
// flag is accepted with a value that changes nothing, such as its default: frameworks generate
// those. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "containerizer.pb.h"
#include "host/result.h"

namespace containerizer {

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

// Reads pairs of a flag's long name and its value. The name may also be written as an option ("-e",
// "--env", "--env=A=B" without a value). refused: an unknown or a rejected flag.
Result<RunOptions> parse_parameters(
    const google::protobuf::RepeatedPtrField<mesos::Parameter>& parameters);

// The failure of a flag: `refused`, with the words "docker run" before the text.
Failure flag_failure(const std::string& text);

// Whether `flags` contains one with this long name.
bool has_flag(const std::vector<RunFlag>& flags, std::string_view name);

}  // namespace containerizer

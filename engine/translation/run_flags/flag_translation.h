// Translates `docker run` flags into fields of POST /containers/create, by the table in
// flag_table.h. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/translation/run_flags/create_request.h"
#include "engine/translation/run_flags/flag_parser.h"
#include "host/result.h"

namespace containerizer {

// Applies flags in their order, except --network, which comes last. A flag with one value replaces
// the present value. A flag that may be repeated adds to the list. An environment variable replaces
// the one with the same name.
// REQUIRES: HostConfig.NetworkMode is set, because some flags belong to a network.
//
// refused: a value has the wrong form or is not allowed. The text names the flag, and the value
// unless values of that flag often contain secrets. `request` is then unusable.
Status apply_run_flags(const std::vector<RunFlag>& flags, CreateRequest& request);

// The name of the network that the flags request; empty for none. refused: there is more than one,
// which a create request of API 1.41 cannot express.
Result<std::optional<std::string>> network_flag(const std::vector<RunFlag>& flags);

}  // namespace containerizer

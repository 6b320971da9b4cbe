// Functions for the rows of flags about the container's network and its ports. Their contract is
// that of ApplyFlag.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/translation/run_flags/flag_parser.h"
#include "engine/translation/run_flags/flag_table.h"

namespace containerizer::flag_writers {

constexpr std::string_view other_container = "container:";

// The target is a path within the settings of the container's network.
Status mac_address(const FlagRow& row, const std::string& value, CreateRequest& request);
Status endpoint_text(const FlagRow& row, const std::string& value, CreateRequest& request);
Status endpoint_list(const FlagRow& row, const std::string& value, CreateRequest& request);
Status link(const FlagRow& row, const std::string& value, CreateRequest& request);
Status network(const FlagRow& row, const std::string& value, CreateRequest& request);
Status expose(const FlagRow& row, const std::string& value, CreateRequest& request);
Status publish(const FlagRow& row, const std::string& value, CreateRequest& request);

// --- All flags together ---

// The network's name in a value of --network: "NAME", or "name=NAME,alias=…". refused: no name.
Result<std::string> network_name(const std::string& value);

// Checks applied flags against each other. refused: two of them contradict each other, or the
// network lacks what a flag needs; the text names the flag.
Status check_together(const std::vector<RunFlag>& flags, const CreateRequest& request);

}  // namespace containerizer::flag_writers

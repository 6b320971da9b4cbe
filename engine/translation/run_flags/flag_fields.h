// How rows of the flags' tables write their values: what several tables share, and what concerns
// the container's network.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/translation/run_flags/flag_table.h"

namespace containerizer::flag_fields {

constexpr ApplyFlag not_applied = nullptr;
constexpr std::string_view too_new = "is newer than API 1.41, daemons would ignore it";
constexpr std::string_view other_container = "container:";

Status refuse(std::string reason);
Status refuse_form(const std::string& value, std::string_view form);

std::string without_brackets(const std::string& text);

// --- Rows that write a value as it is: in its place, to a list, to a map by the key before = ---

Status text(const FlagRow& row, const std::string& value, CreateRequest& request);
Status list(const FlagRow& row, const std::string& value, CreateRequest& request);
Status map(const FlagRow& row, const std::string& value, CreateRequest& request);

// Applies name=value fields between commas by a table of their own.
Status apply_fields(std::span<const FlagRow> table, const std::string& value,
                    CreateRequest& request);

// --- Rows of the network ---

// The target lies in the settings within the container's network.
Status endpoint_text(const FlagRow& row, const std::string& value, CreateRequest& request);
Status endpoint_list(const FlagRow& row, const std::string& value, CreateRequest& request);
Status link(const FlagRow& row, const std::string& value, CreateRequest& request);
Status network(const FlagRow& row, const std::string& value, CreateRequest& request);
Status expose(const FlagRow& row, const std::string& value, CreateRequest& request);
Status publish(const FlagRow& row, const std::string& value, CreateRequest& request);

}  // namespace containerizer::flag_fields

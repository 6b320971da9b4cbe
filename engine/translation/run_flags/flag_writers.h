// Functions for the rows of flag tables, which several tables share. Their contract is that of
// ApplyFlag.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/translation/run_flags/flag_table.h"

namespace containerizer::flag_writers {

constexpr ApplyFlag not_applied = nullptr;

Failure failure(std::string reason);
// "VALUE is not valid, expected FORM". REQUIRES: `form` is a noun phrase.
Failure wrong_form(const std::string& value, std::string_view form);

// An address without the brackets around it ("[::1]").
std::string without_brackets(const std::string& text);

// --- Rows that write a value unchanged: as text, to a list, to a map by the key before "=" ---

Status text(const FlagRow& row, const std::string& value, CreateRequest& request);
Status list(const FlagRow& row, const std::string& value, CreateRequest& request);
Status map(const FlagRow& row, const std::string& value, CreateRequest& request);

// Applies a comma-separated list of name=value fields, by a table that describes these fields.
Status apply_fields(std::span<const FlagRow> table, const std::string& value,
                    CreateRequest& request);

}  // namespace containerizer::flag_writers

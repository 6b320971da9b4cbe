#include "engine/translation/run_flags/flag_writers.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "engine/translation/run_flags/flag_values.h"
#include "host/options.h"

namespace containerizer::flag_writers {

namespace json = boost::json;

Failure failure(std::string reason) { return Failure{Fault::refused, std::move(reason)}; }

Failure wrong_form(const std::string& value, std::string_view form) {
  return failure(in_quotes(value) + " is not valid, expected " + std::string(form));
}

Status text(const FlagRow& row, const std::string& value, CreateRequest& request) {
  field(request.body, row.target) = value;
  return Done{};
}

Status list(const FlagRow& row, const std::string& value, CreateRequest& request) {
  append(request.body, row.target, json::value(value));
  return Done{};
}

Status map(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto [key, content] = split_pair(value, '=');
  if (key.empty()) return failure("the key before \"=\" is missing");
  object_at(request.body, row.target)[key] = content;
  return Done{};
}

std::string without_brackets(const std::string& text) {
  const bool has_them = text.starts_with('[') && text.ends_with(']');
  return has_them ? text.substr(1, text.size() - 2) : text;
}

Status apply_fields(std::span<const FlagRow> table, const std::string& value,
                    CreateRequest& request) {
  const auto parts = split_fields(value);
  if (!parts) {
    return failure(
        "must be a comma-separated list of fields; quotes must enclose a whole field, as in "
        "\"a,b\"");
  }
  for (const std::string& part : *parts) {
    auto [key, content] = split_pair(part, '=');
    const std::string name = lower_case(key);
    const auto row = std::find_if(table.begin(), table.end(),
                                  [&](const FlagRow& candidate) { return candidate.name == name; });
    if (row == table.end()) return failure("unknown field " + in_quotes(key));
    if (row->apply == not_applied) return failure(name + ": " + std::string(row->target));
    const bool bare = part.find('=') == part.npos;
    if (bare && !row->is_switch) return failure("field " + in_quotes(key) + " has no value");
    if (Status set = row->apply(*row, bare ? "true" : content, request); !set.ok()) return set;
  }
  return Done{};
}

}  // namespace containerizer::flag_writers

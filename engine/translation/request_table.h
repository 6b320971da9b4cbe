// The table of the create request: every field that a launch can fill, and the reason why a task
// may fill it. A field that the table does not list is refused. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/translation/request_rules.h"

namespace containerizer {

enum class FieldKind {
  harmless,  // it concerns the container alone, whatever its value
  judged,    // a rule reads the value
  ours,      // only this program writes it, after the task's part has been judged
};

// Returns nothing when the value is allowed, else the value as a refusal names it. `parent` is the
// object that the field is a member of.
using JudgeField = std::optional<std::string> (*)(const boost::json::value& value,
                                                  const boost::json::object& parent,
                                                  const RequestContext& context);

struct FieldRow {
  // A path as field() takes it. "[]" is each element of a list, "*" is each network.
  std::string_view path;
  FieldKind kind = FieldKind::harmless;
  Rule rule = Rule::privileged;  // of a judged field: the setting that it belongs to
  JudgeField judge = nullptr;
};

// All rows. A field with two rules has two rows, one behind the other.
std::span<const FieldRow> request_fields();

// The rows of exactly this path; empty when there is none.
std::span<const FieldRow> rows_of(std::string_view path);

// Calls `visit(rows, path, value, parent)` for each part of `object` that has rows, and with empty
// `rows` for each value that no row covers.
template <class Visit>
void walk_request(const boost::json::object& object, const std::string& path, const Visit& visit);

template <class Visit>
void walk_value(const boost::json::value& value, const boost::json::object& parent,
                const std::string& path, const Visit& visit) {
  const auto rows = rows_of(path);
  const auto* object = value.if_object();
  const auto* list = value.if_array();
  if (!rows.empty() || (object == nullptr && list == nullptr)) {
    visit(rows, path, value, parent);
  } else if (object != nullptr) {
    walk_request(*object, path, visit);
  } else {
    for (const auto& element : *list) walk_value(element, parent, path + "[]", visit);
  }
}

template <class Visit>
void walk_request(const boost::json::object& object, const std::string& path, const Visit& visit) {
  const bool has_networks = path == "NetworkingConfig.EndpointsConfig";
  for (const auto& [key, value] : object) {
    std::string field = path;
    if (!field.empty()) field += '.';
    field += has_networks ? "*" : std::string_view(key);
    walk_value(value, object, field, visit);
  }
}

}  // namespace containerizer

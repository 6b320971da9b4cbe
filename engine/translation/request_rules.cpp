#include "engine/translation/request_rules.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <map>

#include "engine/translation/request_table.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/json.h"

namespace containerizer {
namespace {

namespace json = boost::json;

// Each path, and whether all of its mounts are read-only.
std::map<std::string, bool> mounted_paths(const json::object& create) {
  std::map<std::string, bool> paths;
  const auto* host = object_member(create, "HostConfig");
  if (host == nullptr) return {};
  const auto add = [&](const std::string& path, bool is_read_only) {
    auto& all = paths.emplace(path, true).first->second;
    all = all && is_read_only;
  };
  if (const auto* binds = host->if_contains("Binds")) {
    for (const auto& bind : binds->as_array()) {
      const auto source = split_pair(bind.as_string(), ':').first;
      if (source.starts_with('/')) add(source, is_read_only_bind(bind.as_string()));
    }
  }
  if (const auto* mounts = host->if_contains("Mounts")) {
    for (const auto& mount : mounts->as_array()) {
      const auto& fields = mount.as_object();
      if (text_member(fields, "Type") == "bind") {
        add(text_member(fields, "Source"), is_read_only_mount(fields));
      }
    }
  }
  return paths;
}

}  // namespace

bool is_read_only_bind(std::string_view bind) {
  const auto parts = split(bind, ':');
  const auto words = parts.size() > 2 ? split(parts[2], ',') : std::vector<std::string>();
  return std::find(words.begin(), words.end(), "ro") != words.end();
}

bool is_read_only_mount(const json::object& mount) {
  const auto* value = mount.if_contains("ReadOnly");
  return value != nullptr && *value == true;
}

bool is_below(const std::string& path, const std::string& directory) {
  return path == directory || path.starts_with(directory == "/" ? directory : directory + "/");
}

std::optional<Breach> find_breach(const json::object& create, const RequestContext& context,
                                  bool refuses_privileged) {
  std::optional<Breach> breach;
  const auto is_in_force = [&](Rule rule) {
    return rule == Rule::privileged ? refuses_privileged : context.allowed_paths != nullptr;
  };
  walk_request(create, "",
               [&](std::span<const FieldRow> rows, const std::string& path,
                   const json::value& value, const json::object& parent) {
                 if (breach) return;
                 if (rows.empty()) breach = Breach{Rule::privileged, "field " + in_quotes(path)};
                 for (const FieldRow& row : rows) {
                   if (breach || row.kind != FieldKind::judged || !is_in_force(row.rule)) continue;
                   auto bad = row.judge(value, parent, context);
                   if (bad) breach = Breach{row.rule, std::move(*bad)};
                 }
               });
  return breach;
}

std::vector<TaskMount> task_mounts(const json::object& create, const RequestContext& context,
                                   const std::string& sandbox) {
  std::vector<TaskMount> mounts;
  for (const auto& [path, is_read_only] : mounted_paths(create)) {
    const auto& own = context.own_paths;
    if (std::find(own.begin(), own.end(), path) != own.end()) {
      mounts.push_back({sandbox, path});
    } else if (context.own_places != nullptr) {
      mounts.push_back({"/", path, is_read_only, true});
    } else if (context.allowed_paths != nullptr) {
      const auto normal = normal_path(path);
      for (const auto& directory : *context.allowed_paths) {
        if (!is_below(normal, directory)) continue;
        mounts.push_back({directory, path});
        break;
      }
    }
  }
  return mounts;
}

}  // namespace containerizer

#include "engine/translation/request_rules.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "engine/translation/request_table.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/json.h"

namespace containerizer {
namespace {

namespace json = boost::json;

std::vector<std::string> mounted_paths(const json::object& create) {
  std::set<std::string> paths;
  const auto* host = object_member(create, "HostConfig");
  if (host == nullptr) return {};
  if (const auto* binds = host->if_contains("Binds")) {
    for (const auto& bind : binds->as_array()) {
      auto source = split_pair(bind.as_string(), ':').first;
      if (source.starts_with('/')) paths.insert(std::move(source));
    }
  }
  if (const auto* mounts = host->if_contains("Mounts")) {
    for (const auto& mount : mounts->as_array()) {
      const auto& fields = mount.as_object();
      if (text_member(fields, "Type") == "bind") paths.insert(text_member(fields, "Source"));
    }
  }
  return {paths.begin(), paths.end()};
}

}  // namespace

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
  for (auto& path : mounted_paths(create)) {
    const auto& own = context.own_paths;
    if (std::find(own.begin(), own.end(), path) != own.end()) {
      mounts.push_back({sandbox, std::move(path)});
    } else if (context.allowed_paths != nullptr) {
      const auto normal = normal_path(path);
      for (const auto& directory : *context.allowed_paths) {
        if (!is_below(normal, directory)) continue;
        mounts.push_back({directory, std::move(path)});
        break;
      }
    }
  }
  return mounts;
}

}  // namespace containerizer

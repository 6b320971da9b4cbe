#include "engine/supervisor/guarded_mounts.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "engine/translation/root_mounts.h"
#include "engine/translation/run_flags/create_request.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/json.h"
#include "host/log.h"
#include "host/mount_pins.h"

namespace containerizer {
namespace {

namespace json = boost::json;
using Names = std::map<std::string, std::string>;

std::string place_of(const Services& services, const std::string& container_id) {
  return services.settings.state_directory() + "/pins/" + container_id;
}

// A bind as a mount: the daemon makes the missing source of a bind, and a pin that it does not see
// must fail. Nothing when a mount cannot express it.
std::optional<json::object> as_mount(const std::vector<std::string>& bind,
                                     const std::string& source) {
  json::object mount{{"Type", "bind"}, {"Source", source}, {"Target", bind.at(1)}};
  bool is_read_only = false;
  for (const auto& word : split(bind.size() > 2 ? bind[2] : "", ',')) {
    if (word == "ro") is_read_only = true;
    if (word == "z" || word == "Z") return std::nullopt;
    if (word.ends_with("private") || word.ends_with("slave")) {
      field(mount, "BindOptions.Propagation") = word;
    }
  }
  mount["ReadOnly"] = is_read_only;
  return mount;
}

void replace_binds(json::object& host, const Names& names) {
  auto* const binds = host.if_contains("Binds");
  if (binds == nullptr) return;
  json::array kept;
  for (auto& bind : binds->as_array()) {
    const auto parts = split(bind.as_string(), ':');
    const auto name = names.find(parts[0]);
    if (name == names.end()) {
      kept.push_back(std::move(bind));
    } else if (auto mount = as_mount(parts, name->second)) {
      append(host, "Mounts", std::move(*mount));
    } else {
      const std::string text(bind.as_string());
      kept.emplace_back(name->second + text.substr(parts[0].size()));
    }
  }
  *host.if_contains("Binds") = std::move(kept);
}

}  // namespace

Result<Names> guard_mounts(const Services& services, const std::string& container_id,
                           const LaunchPlan& plan) {
  if (plan.guarded_mounts.empty()) return Names();
  std::vector<PinnedPath> paths;
  for (const auto& mount : plan.guarded_mounts) {
    paths.push_back({mount.base, mount.path});
    if (!mount.must_not_make_root) continue;
    paths.back().is_allowed = [&, is_read_only = mount.is_read_only](const std::string& place) {
      return !makes_root(place, is_read_only, services.settings.tasks.policy.own_places);
    };
  }
  const auto place = place_of(services, container_id);
  auto names = pin_paths(place, paths);
  if (!names.ok()) return names;
  const auto& endpoint = services.settings.endpoint;
  const bool is_seen =
      endpoint.kind != Endpoint::Kind::unix_socket || sees_pins(endpoint.address, place);
  if (!names.value().empty() && is_seen) return names;
  log::warn(
      "a process of the task's user could replace a volume's directory before the container "
      "starts, because {}; run the slave as root, in the daemon's mount namespace",
      is_seen ? "the slave's user may not mount" : "the daemon does not see mounts of the slave");
  drop_pins(place);
  return Names();
}

void unguard_mounts(const Services& services, const std::string& container_id) {
  drop_pins(place_of(services, container_id));
}

json::object with_guarded_mounts(json::object create, const Names& names) {
  if (names.empty()) return create;
  json::object& host = object_at(create, "HostConfig");
  if (auto* const mounts = host.if_contains("Mounts")) {
    for (auto& mount : mounts->as_array()) {
      auto& fields = mount.as_object();
      const auto name = names.find(text_member(fields, "Source"));
      if (name != names.end() && text_member(fields, "Type") == "bind") {
        fields["Source"] = name->second;
      }
    }
  }
  replace_binds(host, names);
  return create;
}

}  // namespace containerizer

#include "engine/translation/policy.h"

#include <algorithm>
#include <string_view>

#include "engine/translation/image_name.h"
#include "engine/translation/run_flags/create_request.h"
#include "engine/translation/run_flags/flag_table.h"
#include "engine/translation/run_flags/flag_translation.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/format.h"
#include "host/text.h"

namespace containerizer {
namespace {

namespace json = boost::json;

constexpr std::string_view none_word = "none";

template <class Range, class Item>
bool contains(const Range& range, const Item& item) {
  return std::find(std::begin(range), std::end(range), item) != std::end(range);
}

// For a setter: the caller adds the setting's name and value.
Failure failure(const std::string& form) { return {Fault::refused, "expected " + form}; }

// The pieces of a list, without spaces around them. No pieces for `none`.
std::vector<std::string> pieces_of(const std::string& value, char separator) {
  if (value == none_word) return {};
  auto pieces = split(value, separator);
  for (auto& piece : pieces) piece = one_line(piece);
  return pieces;
}

const FlagRow* find_flag_of_setting(std::string_view name) {
  name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
  return name.size() == 1 ? find_flag(name.front()) : find_flag(name);
}

std::string listed(const std::vector<std::string>& items) {
  if (items.empty()) return std::string(none_word);
  std::string list;
  for (const auto& item : items) list += (list.empty() ? "" : ", ") + item;
  return list;
}

Failure failure(const std::string& what, std::string_view rule) {
  return {Fault::refused, formatted("{}: {}; ask the operator", what, rule)};
}

}  // namespace

// --- Settings

Status set_options(std::vector<RunFlag>& options, const std::string& value) {
  auto parsed = parse_run_line(value);
  if (!parsed.ok()) return parsed.failure();
  if (parsed.value().command) {
    return failure("only `docker run` flags; \"//\" and a command are not allowed");
  }
  auto& flags = parsed.value().flags;
  if (const auto network = network_flag(flags); !network.ok()) return network.failure();
  // A trial, so that an error shows at once and not at each launch. A network of this name may have
  // any flag of networks.
  CreateRequest trial;
  field(trial.body, "HostConfig.NetworkMode") = "any";
  if (Status applied = apply_run_flags(flags, trial); !applied.ok()) return applied;
  options = std::move(flags);
  return Done{};
}

Status set_ignored(Policy& policy, const std::string& value) {
  for (const auto& piece : pieces_of(value, ',')) {
    if (piece != "options" && piece != "image") {
      return failure("options, image, or both, separated by a comma");
    }
    (piece == "image" ? policy.ignores_image : policy.ignores_options) = true;
  }
  return Done{};
}

Status set_flags(std::vector<std::string>& names, const std::string& value) {
  for (const auto& piece : pieces_of(value, ',')) {
    const auto* row = find_flag_of_setting(piece);
    if (row == nullptr) {
      return failure(
          formatted("a comma-separated list of `docker run` flags, or \"none\"; {} is "
                    "not a `docker run` flag",
                    in_quotes(piece)));
    }
    names.emplace_back(row->name);
  }
  return Done{};
}

Status set_volumes(std::vector<std::string>& prefixes, const std::string& value) {
  for (const auto& piece : pieces_of(value, ':')) {
    if (!piece.starts_with('/')) return failure("colon-separated absolute paths, or \"none\"");
    prefixes.push_back(normal_path(piece));
  }
  return Done{};
}

Status set_registries(std::vector<std::string>& registries, const std::string& value) {
  for (const auto& piece : pieces_of(value, ',')) {
    const auto reference = image_reference(piece + "/image");
    const auto registry = registry_of(piece + "/image");
    const bool is_path = piece.find('/') != piece.npos;
    // "team" in "team/image" is the first part of a repository on Docker Hub, not a registry.
    if (!reference.ok() || is_path || (registry == docker_hub && !piece.ends_with(docker_hub))) {
      return failure(
          "comma-separated registries, each HOST or HOST:PORT; Docker Hub is \"docker.io\"");
    }
    registries.push_back(registry);
  }
  return Done{};
}

Status set_privileged(Policy& policy, const std::string& value) {
  if (value != "allow" && value != "refuse") return failure("one of allow, refuse");
  policy.refuses_privileged = value == "refuse";
  return Done{};
}

// --- Rules

Status check_flags(const Policy& policy, const std::vector<RunFlag>& flags) {
  for (const auto& flag : flags) {
    const auto name = "docker run --" + flag.name;
    if (contains(policy.forbidden_flags, flag.name)) {
      return failure(name, "forbidden by CONTAINERIZER_FORBIDDEN_FLAGS");
    }
    if (policy.allowed_flags && !contains(*policy.allowed_flags, flag.name)) {
      return failure(name, formatted("not allowed by CONTAINERIZER_ALLOWED_FLAGS ({})",
                                     listed(*policy.allowed_flags)));
    }
  }
  return Done{};
}

Status check_image(const Policy& policy, const std::string& reference) {
  // The ID of an image on the host does not show where the image came from.
  const bool is_id = reference.starts_with("sha256:");
  const auto registry = is_id ? "unknown" : registry_of(reference);
  if (!policy.allowed_registries || contains(*policy.allowed_registries, registry)) return Done{};
  return failure(is_id ? formatted("image {} names no registry", reference)
                       : formatted("image {} comes from registry {}", reference, registry),
                 formatted("not allowed by CONTAINERIZER_ALLOWED_REGISTRIES ({})",
                           listed(*policy.allowed_registries)));
}

Status check_health_check(const Policy& policy, const mesos::TaskInfo& task) {
  if (!policy.refuses_privileged || !task.health_check().has_command()) return Done{};
  return failure("command health check (it would run on the host)",
                 "forbidden by CONTAINERIZER_PRIVILEGED=refuse");
}

Status check_request(const Policy& policy, const json::object& create,
                     const RequestContext& context) {
  const auto breach = find_breach(create, context, policy.refuses_privileged);
  if (!breach) return Done{};
  if (breach->rule == Rule::privileged) {
    return failure(breach->what, "forbidden by CONTAINERIZER_PRIVILEGED=refuse");
  }
  return failure(breach->what, formatted("not allowed by CONTAINERIZER_ALLOWED_VOLUMES ({})",
                                         listed(*policy.allowed_volumes)));
}

}  // namespace containerizer

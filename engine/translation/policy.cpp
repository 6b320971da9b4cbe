#include "engine/translation/policy.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

#include "engine/translation/image_name.h"
#include "engine/translation/run_flags/flag_table.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/text.h"

namespace containerizer {
namespace {

namespace json = boost::json;

constexpr std::string_view none_word = "none";

template <class Range, class Item>
bool holds(const Range& range, const Item& item) {
  return std::find(std::begin(range), std::end(range), item) != std::end(range);
}

// For a setter of the settings: the caller adds the name and the value.
Failure failure(const std::string& form) { return {Fault::refused, "expected " + form}; }

// The pieces of a list, without the blanks around them; nothing in it for `none`.
std::vector<std::string> pieces_of(const std::string& value, char separator) {
  if (value == none_word) return {};
  auto pieces = split(value, separator);
  for (auto& piece : pieces) piece = one_line(piece);
  return pieces;
}

const FlagRow* flag_spelled(std::string_view name) {
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
  return {Fault::refused, fmt::format("{}: {}; ask the operator", what, rule)};
}

}  // namespace

// --- Settings

Status set_options(std::vector<RunFlag>& options, const std::string& value) {
  auto parsed = parse_run_line(value);
  if (!parsed.ok()) return parsed.failure();
  if (parsed.value().command) return failure("flags of docker run, without // and a command");
  auto& flags = parsed.value().flags;
  if (const auto network = network_flag(flags); !network.ok()) return network.failure();
  // Of a network that may have any flag of networks.
  CreateRequest trial;
  field(trial.body, "HostConfig.NetworkMode") = "any";
  if (Status applied = apply_run_flags(flags, trial); !applied.ok()) return applied;
  options = std::move(flags);
  return Done{};
}

Status set_ignored(Policy& policy, const std::string& value) {
  for (const auto& piece : pieces_of(value, ',')) {
    if (piece != "options" && piece != "image") return failure("options, image, or both");
    (piece == "image" ? policy.ignores_image : policy.ignores_options) = true;
  }
  return Done{};
}

Status set_flags(std::vector<std::string>& names, const std::string& value) {
  for (const auto& piece : pieces_of(value, ',')) {
    const auto* row = flag_spelled(piece);
    if (row == nullptr) {
      return failure(fmt::format("flags of docker run; {} is not one", in_quotes(piece)));
    }
    names.emplace_back(row->name);
  }
  return Done{};
}

Status set_volumes(std::vector<std::string>& prefixes, const std::string& value) {
  for (const auto& piece : pieces_of(value, ':')) {
    if (!piece.starts_with('/')) return failure("absolute paths, separated by colons, or none");
    prefixes.push_back(normal_path(piece));
  }
  return Done{};
}

Status set_registries(std::vector<std::string>& registries, const std::string& value) {
  for (const auto& piece : pieces_of(value, ',')) {
    const auto reference = image_reference(piece + "/image");
    const auto registry = registry_of(piece + "/image");
    const bool is_path = piece.find('/') != piece.npos;
    // What looks like the first part of a repository is of Docker Hub.
    if (!reference.ok() || is_path || (registry == docker_hub && !piece.ends_with(docker_hub))) {
      return failure(
          "registries as HOST or HOST:PORT, separated by commas; docker.io is Docker Hub");
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
    if (holds(policy.forbidden_flags, flag.name)) {
      return failure(name, "forbidden by CONTAINERIZER_FORBIDDEN_FLAGS");
    }
    if (policy.allowed_flags && !holds(*policy.allowed_flags, flag.name)) {
      return failure(name, fmt::format("not among CONTAINERIZER_ALLOWED_FLAGS ({})",
                                       listed(*policy.allowed_flags)));
    }
  }
  return Done{};
}

Status check_image(const Policy& policy, const std::string& reference) {
  // The id of an image on the host says nothing of where it came from.
  const auto registry = reference.starts_with("sha256:") ? "unknown" : registry_of(reference);
  if (!policy.allowed_registries || holds(*policy.allowed_registries, registry)) return Done{};
  return failure(fmt::format("image {}: registry {}", reference, registry),
                 fmt::format("not among CONTAINERIZER_ALLOWED_REGISTRIES ({})",
                             listed(*policy.allowed_registries)));
}

Status check_health_check(const Policy& policy, const mesos::TaskInfo& task) {
  if (!policy.refuses_privileged || !task.health_check().has_command()) return Done{};
  return failure("health check by a command, which runs on the host",
                 "refused by CONTAINERIZER_PRIVILEGED");
}

Status check_request(const Policy& policy, const json::object& create,
                     const RequestContext& context) {
  const auto breach = find_breach(create, context, policy.refuses_privileged);
  if (!breach) return Done{};
  if (breach->rule == Rule::privileged) {
    return failure(breach->what, "refused by CONTAINERIZER_PRIVILEGED");
  }
  return failure(breach->what, fmt::format("outside CONTAINERIZER_ALLOWED_VOLUMES ({})",
                                           listed(*policy.allowed_volumes)));
}

}  // namespace containerizer

// The operator's policy: rules about the requests of tasks, and options that are added to each
// request. Without a setting there is no rule. Pure.
//
// A rule applies to a request however the task makes it, by a field or by a flag. It does not apply
// to the operator's own options and default images. The text of a failure names the rule, because
// the author of the task reads it.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/translation/request_rules.h"
#include "engine/translation/run_flags/flag_parser.h"
#include "host/result.h"

namespace containerizer {

struct Policy {
  std::vector<RunFlag> default_options;  // for launches without flags
  std::vector<RunFlag> append_options;   // for all launches, after their own flags
  bool ignores_options = false;          // whether to ignore the flags of tasks
  bool ignores_image = false;            // whether to ignore the images of tasks
  // Long names of flags. An empty optional allows everything, here and below.
  std::optional<std::vector<std::string>> allowed_flags;
  std::vector<std::string> forbidden_flags;                    // long names
  std::optional<std::vector<std::string>> allowed_volumes;     // paths of normal_path(), absolute
  std::optional<std::vector<std::string>> allowed_registries;  // results of registry_of()
  bool refuses_privileged = false;
  std::vector<std::string> own_places;  // of this program and the daemon, on the host
};

// --- Parsing the settings. refused: the value is not valid; the text names the valid values ---

// A line of `docker run` flags, split as a shell does. The text of a failure contains no value of a
// variable.
Status set_options(std::vector<RunFlag>& options, const std::string& value);
// `options`, `image`, or both, separated by a comma.
Status set_ignored(Policy& policy, const std::string& value);
// Comma-separated `docker run` flags, long or short, with or without dashes; `none` for no flag.
Status set_flags(std::vector<std::string>& names, const std::string& value);
// Colon-separated absolute paths; `none` for no path.
Status set_volumes(std::vector<std::string>& prefixes, const std::string& value);
// Comma-separated registries, each HOST or HOST:PORT.
Status set_registries(std::vector<std::string>& registries, const std::string& value);
// `allow` or `refuse`.
Status set_privileged(Policy& policy, const std::string& value);

// --- Applying the rules. refused: the text names the rule and the request that breaks it ---

// Allowed and forbidden flags.
Status check_flags(const Policy& policy, const std::vector<RunFlag>& flags);

// Allowed registries. `reference` is a result of image_reference(). The rule also applies to an
// image that is already on the host.
Status check_image(const Policy& policy, const std::string& reference);

// A command health check is treated as privileged, because mesos-executor runs it on the host.
Status check_health_check(const Policy& policy, const mesos::TaskInfo& task);

// The other rules judge `create`, the finished request without what the operator adds, field by
// field (request_table.h). `context` has the allowed volumes exactly when the policy has.
//
// A Docker volume that already exists is allowed, whatever it contains: this program cannot find
// out which path another user made it of.
Status check_request(const Policy& policy, const boost::json::object& create,
                     const RequestContext& context);

}  // namespace containerizer

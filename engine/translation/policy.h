// The operator's policy: what tasks may ask of Docker, and what is added to what they ask. Without
// a setting there is no rule. Everything is pure.
//
// Rules concern what a task asks for, by whatever field or flag. The operator's own options and
// default images are free of them. A refusal names the rule, for it reaches whoever wrote the task.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/translation/request_rules.h"
#include "engine/translation/run_flags/run_flags.h"
#include "host/result.h"

namespace containerizer {

struct Policy {
  std::vector<RunFlag> default_options;  // for a launch that brings no flags
  std::vector<RunFlag> append_options;   // for every launch, behind its own
  bool ignores_options = false;          // flags of tasks are left out
  bool ignores_image = false;            // images of tasks are left out
  // By their long names, here and below. Absent: all, here and below.
  std::optional<std::vector<std::string>> allowed_flags;
  std::vector<std::string> forbidden_flags;
  std::optional<std::vector<std::string>> allowed_volumes;     // absolute paths, as normal_path
  std::optional<std::vector<std::string>> allowed_registries;  // as registry_of
  bool refuses_privileged = false;
};

// --- The settings, as the operator writes them. refused: what the setting takes ---

// A line of docker run flags, split as a shell does. The text of a refusal holds no value of a
// variable.
Status set_options(std::vector<RunFlag>& options, const std::string& value);
// `options`, `image`, or both with a comma.
Status set_ignored(Policy& policy, const std::string& value);
// Flags of docker run with commas, long or short, with or without dashes; `none` for no flag.
Status set_flags(std::vector<std::string>& names, const std::string& value);
// Absolute paths with colons; `none` for no path.
Status set_volumes(std::vector<std::string>& prefixes, const std::string& value);
// HOST or HOST:PORT with commas.
Status set_registries(std::vector<std::string>& registries, const std::string& value);
// `allow` or `refuse`.
Status set_privileged(Policy& policy, const std::string& value);

// --- The rules. refused: which one, and what breaks it ---

// Allowed and forbidden flags.
Status check_flags(const Policy& policy, const std::vector<RunFlag>& flags);

// Allowed registries; `reference` as image_reference makes it. An image that is on the host already
// is judged by its name, too.
Status check_image(const Policy& policy, const std::string& reference);

// A health check by a command is as good as privileged: mesos-executor runs it on the host.
Status check_health_check(const Policy& policy, const mesos::TaskInfo& task);

// The other rules judge `create`, the finished request without what the operator adds, field by
// field (request_table.h). `context` has the allowed volumes exactly when the policy has.
//
// A volume that Docker keeps already is allowed, whatever it contains: this program cannot find out
// who made it of what.
Status check_request(const Policy& policy, const boost::json::object& create,
                     const RequestContext& context);

}  // namespace containerizer

// Judges a create request by the operator's rules, field by field (request_table.h). Pure.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/translation/resources.h"

namespace containerizer {

// The setting that a rule belongs to.
enum class Rule {
  privileged,  // CONTAINERIZER_PRIVILEGED=refuse
  volumes,     // CONTAINERIZER_ALLOWED_VOLUMES
};

// What rules compare a request with.
struct RequestContext {
  const std::vector<std::string>* allowed_paths;  // nullptr: any path
  const std::vector<std::string>& own_paths;      // directories in the task's own sandbox
  const Resources& resources;                     // what the slave has allotted to the task
  bool has_cpu_quota;                             // the operator limits the task to its cpus
  // Places of this program, which no task may mount, if the operator refuses privileges and does
  // not name the allowed volumes; else nullptr.
  const std::vector<std::string>* own_places = nullptr;
};

struct Breach {
  Rule rule;
  std::string what;  // the field that breaks it, as text for a refusal: `--cap-add "CAP_SYS_ADMIN"`
};

// The first field of the request that breaks a rule which is in force; nothing when none does. A
// field that the table does not list breaks Rule::privileged. The volumes rule is in force exactly
// when `context` has allowed paths.
std::optional<Breach> find_breach(const boost::json::object& create, const RequestContext& context,
                                  bool refuses_privileged);

// A path of the host that the daemon is asked to mount for a task, and the directory above it that
// no task can replace: an allowed volume, or the sandbox.
struct TaskMount {
  std::string base;
  std::string path;
  bool is_read_only = false;
  bool must_not_make_root = false;  // makes_root() judges what it leads to
};

// The paths of the host that a request mounts, each once. Below "/" where the operator names no
// allowed volumes. REQUIRES: find_breach() found nothing in it, with this context.
std::vector<TaskMount> task_mounts(const boost::json::object& create, const RequestContext& context,
                                   const std::string& sandbox);

// Whether an entry of HostConfig.Binds, or one of HostConfig.Mounts, is read-only.
bool is_read_only_bind(std::string_view bind);
bool is_read_only_mount(const boost::json::object& mount);

// Whether `path` is `directory` or lies below it; both as normal_path() returns them.
bool is_below(const std::string& path, const std::string& directory);

}  // namespace containerizer

#include "engine/container/identity.h"

#include <algorithm>
#include <cctype>
#include <random>

#include "engine/lifecycle/lifecycle.h"
#include "engine/translation/launch_plan.h"
#include "engine/translation/request_rules.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/format.h"
#include "host/process.h"

namespace containerizer {
namespace {

// Existing containers have labels with these names, so the names must never change.
const char* const container_label = "docker-containerizer.container";
const char* const nonce_label = "docker-containerizer.nonce";
const char* const kind_label = "docker-containerizer.kind";
const char* const directory_label = "docker-containerizer.directory";
const char* const slave_label = "docker-containerizer.slave";
const char* const framework_label = "docker-containerizer.framework";
const char* const executor_label = "docker-containerizer.executor";
const char* const task_label = "docker-containerizer.task";
const char* const boot_label = "docker-containerizer.boot";

constexpr std::size_t longest_text = 1024;

State state_seen(const ContainerFacts& seen) {
  if (!seen.started) return State::creating;
  // An ended container is re-adopted as Running: the supervisor then finds out how it ended.
  const bool has_ended =
      seen.status == "exited" || seen.status == "dead" || seen.status == "removing";
  return has_ended || seen.status == "running" || seen.status == "paused" ||
                 seen.status == "restarting"
             ? State::running
             : State::starting;
}

// A slave makes all sandboxes below its work directory, without detours.
bool is_sandbox(const std::string& directory, const std::string& instance) {
  return directory.size() <= 4 * longest_text && directory == normal_path(directory) &&
         directory != normal_path(instance) && is_below(directory, normal_path(instance));
}

}  // namespace

const char* const instance_label = "docker-containerizer.instance";

std::string make_nonce() {
  // It uses what the processor or the kernel offers: Linux before 3.17 has no getrandom().
  std::random_device source;
  std::string text;
  for (int word = 0; word < 4; ++word) text += formatted("{:08x}", source());
  return text;
}

bool is_valid_container_id(const std::string& id) {
  const auto is_alphanumeric = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
  };
  // The first character cannot be '.', so the ID is never "..", nor a hidden file.
  return !id.empty() && id.size() <= 128 && is_alphanumeric(id[0]) &&
         std::all_of(id.begin(), id.end(), [&](char c) {
           return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
         });
}

boost::json::object identity_labels(const store::Container& c, const std::string& instance) {
  return {{instance_label, instance},
          {container_label, c.container_id},
          {nonce_label, c.nonce},
          {kind_label, c.kind},
          {directory_label, c.directory},
          {slave_label, c.slave_id},
          {framework_label, c.framework_id},
          {executor_label, c.executor_id},
          {task_label, c.task_id.value_or("")},
          {boot_label, c.boot_id}};
}

bool is_ours(const ContainerFacts& seen, const store::Container& container) {
  const auto nonce = seen.labels.find(nonce_label);
  return nonce != seen.labels.end() && nonce->second == container.nonce;
}

std::optional<store::Container> rebuild(const ContainerFacts& seen) {
  const auto label = [&](const char* name) {
    const auto found = seen.labels.find(name);
    return found == seen.labels.end() ? std::string() : found->second;
  };
  store::Container c;
  c.container_id = label(container_label);
  c.nonce = label(nonce_label);
  c.kind = label(kind_label);
  c.directory = label(directory_label);
  // An image can contain labels, and its maker may have copied ours. An image cannot choose the
  // name of a container, so the name must match the label.
  if (!is_valid_container_id(c.container_id) || seen.name != container_name(c.container_id) ||
      c.nonce.size() != 32 || !is_sandbox(c.directory, label(instance_label)) ||
      (c.kind != "command" && c.kind != "custom")) {
    return std::nullopt;
  }
  c.slave_id = label(slave_label);
  c.framework_id = label(framework_label);
  c.executor_id = label(executor_label);
  if (const auto task = label(task_label); !task.empty()) c.task_id = task;
  c.state = name_of(state_seen(seen));
  for (const auto* text : {&c.slave_id, &c.framework_id, &c.executor_id}) {
    if (text->size() > longest_text) return std::nullopt;
  }
  c.boot_id = label(boot_label);
  if (c.boot_id.empty()) c.boot_id = boot_id();
  c.docker_id = seen.id;
  return c;
}

}  // namespace containerizer

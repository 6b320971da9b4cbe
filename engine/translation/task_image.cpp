#include "engine/translation/task_image.h"

#include <vector>

#include "engine/translation/image_name.h"

namespace containerizer {
namespace {

using mesos::ContainerInfo;

Failure failure(std::string text) { return Failure{Fault::refused, "image: " + std::move(text)}; }

std::string image_in(const ContainerInfo& container) {
  return container.type() == ContainerInfo::MESOS ? container.mesos().image().docker().name()
                                                  : container.docker().image();
}

// An image as it is written; the name can be empty.
struct Candidate {
  std::string name;
  const ContainerInfo* container = nullptr;
};

// No release of Mesos fills in all of these places, so this order fits every release.
std::vector<Candidate> candidates_in(const mesos::containerizer::Launch& launch) {
  const auto& task = launch.task_info();
  const auto& executor = launch.executor_info();
  return {{image_in(task.container()), &task.container()},
          {image_in(executor.container()), &executor.container()},
          {task.command().container().image()},
          {executor.command().container().image()}};
}

// The first candidate that names an image. A malformed name is an error; the search does not
// continue with the next candidate. not_found: no candidate names an image.
Result<TaskImage> first_of(const std::vector<Candidate>& candidates) {
  for (const auto& [name, container] : candidates) {
    const Result<std::string> reference = image_reference(name);
    if (reference.failed_with(Fault::not_found)) continue;
    if (!reference.ok()) return reference.failure();
    return TaskImage{reference.value(), container};
  }
  return Failure{Fault::not_found, "image: the task names no image"};
}

// `is_named`: the task names an image, which the operator excludes.
Result<TaskImage> default_image(bool is_named, const Environment& environment,
                                const TaskSettings& settings) {
  if (settings.imageless == Imageless::with_default) {
    auto found = first_of(
        {{value_or(environment, "MESOS_DEFAULT_CONTAINER_IMAGE", "")}, {settings.default_image}});
    if (!found.failed_with(Fault::not_found)) return found;
  }
  // Such a task must not run on the host, because its author expects a container.
  if (is_named) {
    return failure(
        "the task's image is ignored (CONTAINERIZER_IGNORE), and there is no default image; the "
        "operator must set CONTAINERIZER_DEFAULT_IMAGE, and CONTAINERIZER_IMAGELESS=default");
  }
  if (settings.imageless == Imageless::on_host) return TaskImage{};
  if (settings.imageless == Imageless::refused) {
    return failure(
        "the task names no image, and CONTAINERIZER_IMAGELESS=refuse requires one; name an image "
        "in the task's ContainerInfo");
  }
  return failure(
      "the task names no image, and there is no default image; name an image in the task's "
      "ContainerInfo, or start the slave with --default_container_image=docker:///IMAGE");
}

}  // namespace

Result<TaskImage> choose_image(const mesos::containerizer::Launch& launch,
                               const Environment& environment, const TaskSettings& settings) {
  auto named = first_of(candidates_in(launch));
  const bool is_named = !named.failed_with(Fault::not_found);
  if (!is_named || settings.policy.ignores_image) {
    return default_image(is_named, environment, settings);
  }
  if (!named.ok()) return named;
  // The operator's own default images are not subject to the policy.
  const Status allowed = check_image(settings.policy, named.value().reference);
  return allowed.ok() ? named : allowed.failure();
}

}  // namespace containerizer

#include "engine/translation/volume_plan.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <filesystem>

#include "engine/translation/run_flags/create_request.h"
#include "engine/translation/run_flags/flag_values.h"
#include "host/json.h"

namespace containerizer {
namespace {

namespace json = boost::json;
using DockerInfo = mesos::ContainerInfo::DockerInfo;

Failure failure(std::string text) { return Failure{Fault::refused, std::move(text)}; }

// Appends `path` to `base`. Empty: the result would be outside `base`.
std::optional<std::string> below(const std::string& base, const std::string& path) {
  const auto inner = std::filesystem::path(path).lexically_normal();
  if (inner.begin() == inner.end() || *inner.begin() == "..") return std::nullopt;
  return (std::filesystem::path(base) / inner).string();
}

void set_driver(const std::string& driver, const mesos::Parameters& options, json::object& mount) {
  if (!driver.empty()) field(mount, "VolumeOptions.DriverConfig.Name") = driver;
  for (const auto& option : options.parameter()) {
    object_at(mount, "VolumeOptions.DriverConfig.Options")[option.key()] = option.value();
  }
}

// Sets the source of a mount: a Docker volume, a directory in the sandbox, a path on the host, or,
// if the volume names none of them, a new Docker volume.
Status plan_source(const VolumePlace& place, const DockerInfo& docker, const mesos::Volume& volume,
                   json::object& mount, LaunchPlan& plan) {
  const std::string& path = volume.host_path();
  mount["Type"] = "volume";
  if (volume.has_image()) {
    return failure("Docker cannot mount an image; put the files into a directory or a volume");
  }
  const bool is_of_docker =
      volume.source().type() == mesos::Volume::Source::DOCKER_VOLUME || !volume.source().has_type();
  if (volume.has_source() && (!volume.source().has_docker_volume() || !is_of_docker)) {
    return failure("unsupported volume source; use docker_volume or a host path");
  }
  if (volume.source().has_docker_volume()) {
    const auto& source = volume.source().docker_volume();
    if (!path.empty()) return failure("it has both a host path and a source; remove one of them");
    mount["Source"] = source.name();
    set_driver(source.driver().empty() ? docker.volume_driver() : source.driver(),
               source.driver_options(), mount);
  } else if (path.starts_with('/')) {
    mount["Type"] = "bind";
    mount["Source"] = path;
  } else if (!path.empty() && !docker.volume_driver().empty()) {
    mount["Source"] = path;
    set_driver(docker.volume_driver(), {}, mount);
  } else if (!path.empty()) {
    const std::optional<std::string> directory = below(place.launch.directory(), path);
    if (!directory) return failure("host path " + in_quotes(path) + " leads out of the sandbox");
    mount["Type"] = "bind";
    mount["Source"] = *directory;
    plan.sandbox_paths.push_back(*directory);
  } else {
    set_driver(docker.volume_driver(), {}, mount);
  }
  return Done{};
}

// Returns the volume in the form of `docker run -v`. The daemon then creates a missing path on the
// host, as it does for the native Docker containerizer. It does not for a mount. Empty: the source
// is not a path on the host, or a path contains a colon, which this form cannot express.
std::optional<std::string> as_bind(const mesos::Volume& volume, const std::string& target) {
  const std::string& source = volume.host_path();
  if (!source.starts_with('/') || source.find(':') != std::string::npos ||
      target.find(':') != std::string::npos) {
    return std::nullopt;
  }
  return source + ":" + target + (volume.mode() == mesos::Volume::RO ? ":ro" : ":rw");
}

// Podman cannot read a comma in a mount, and nobody a colon in a bind.
void append_mount(json::object& body, json::object mount) {
  const auto source = text_member(mount, "Source");
  const auto target = text_member(mount, "Target");
  const auto paths = source + target;
  if (text_member(mount, "Type") == "bind" && paths.find(',') != paths.npos &&
      paths.find(':') == paths.npos) {
    const auto* mode = mount["ReadOnly"] == true ? ":ro" : ":rw";
    append(body, "HostConfig.Binds", json::value(source + ":" + target + mode));
  } else {
    append(body, "HostConfig.Mounts", std::move(mount));
  }
}

Status plan_volume(const VolumePlace& place, const DockerInfo& docker, const mesos::Volume& volume,
                   LaunchPlan& plan) {
  const std::string& path = volume.container_path();
  const auto volume_failure = [&](const std::string& text) {
    return failure("volume " + in_quotes(path) + ": " + text);
  };
  const bool relative_source = !volume.host_path().empty() && !volume.host_path().starts_with('/');
  if (path.empty()) return volume_failure("the path in the container is missing");
  if (!path.starts_with('/') && relative_source && docker.volume_driver().empty()) {
    return volume_failure("only one of host path and container path may be relative");
  }
  const std::optional<std::string> target =
      path.starts_with('/') ? path : below(place.sandbox, path);
  if (!target) return volume_failure("the path leads out of the sandbox");

  json::object mount{{"Target", *target}, {"ReadOnly", volume.mode() == mesos::Volume::RO}};
  if (const Status source = plan_source(place, docker, volume, mount, plan); !source.ok()) {
    return volume_failure(source.failure().text);
  }
  if (const auto bind = as_bind(volume, *target)) {
    append(plan.create, "HostConfig.Binds", json::value(*bind));
  } else {
    append_mount(plan.create, std::move(mount));
  }
  return Done{};
}

// The normal form of a path in the sandbox; "" for any other path.
std::string place_in_sandbox(const std::string& path) {
  return path.starts_with('/') ? "" : normal_path(path);
}

// The volumes whose host path is the place of a persistent volume in the sandbox. Frameworks mount
// one at an absolute path that way.
std::vector<const mesos::Volume*> volumes_of(const mesos::ContainerInfo& container,
                                             const mesos::Resource& resource) {
  std::vector<const mesos::Volume*> found;
  const auto place = place_in_sandbox(resource.disk().volume().container_path());
  for (const auto& volume : container.volumes()) {
    if (!place.empty() && place_in_sandbox(volume.host_path()) == place) found.push_back(&volume);
  }
  return found;
}

bool names_persistent_volume(const VolumePlace& place, const mesos::ContainerInfo& container,
                             const mesos::Volume& volume) {
  const auto& resources = place.launch.executor_info().resources();
  return std::any_of(resources.begin(), resources.end(), [&](const mesos::Resource& resource) {
    if (!resource.disk().has_persistence()) return false;
    const auto found = volumes_of(container, resource);
    return std::find(found.begin(), found.end(), &volume) != found.end();
  });
}

bool is_directory_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

// The path of a persistent volume on the host. The slave creates it there (Mesos'
// src/slave/paths.cpp).
Result<std::string> persistent_source(const Environment& environment,
                                      const mesos::Resource& resource) {
  const auto& disk = resource.disk();
  const auto& source = disk.source();
  if (source.has_mount()) return source.mount().root();
  auto root =
      source.has_path() ? source.path().root() : value_or(environment, "MESOS_WORK_DIRECTORY", "");
  if (!root.starts_with('/')) {
    return failure(
        "MESOS_WORK_DIRECTORY is not set to an absolute path, so the slave's volumes cannot be "
        "located; check the slave's --work_dir");
  }
  // A framework chooses the ID. The path must not lead out of the slave's directory of volumes.
  if (!is_directory_name(resource.role()) || !is_directory_name(disk.persistence().id())) {
    return failure("its role or ID is not a valid name of a directory");
  }
  return root + "/volumes/roles/" + resource.role() + "/" + disk.persistence().id();
}

Status mount_persistent_volume(const VolumePlace& place, const mesos::ContainerInfo& container,
                               const Environment& environment, const mesos::Resource& resource,
                               json::object& body) {
  const auto volume_failure = [&](const std::string& text) {
    return failure("persistent volume " + in_quotes(resource.disk().persistence().id()) + ": " +
                   text);
  };
  const std::string& path = resource.disk().volume().container_path();
  const std::optional<std::string> target =
      path.starts_with('/') ? path : below(place.sandbox, path);
  if (!target) {
    return volume_failure("the path in the container is missing, or leads out of the sandbox");
  }
  const Result<std::string> source = persistent_source(environment, resource);
  if (!source.ok()) return volume_failure(source.failure().text);
  append_mount(body, {{"Type", "bind"},
                      {"Source", source.value()},
                      {"Target", *target},
                      {"ReadOnly", resource.disk().volume().mode() == mesos::Volume::RO}});
  for (const auto* volume : volumes_of(container, resource)) {
    if (!volume->container_path().starts_with('/')) {
      return volume_failure(
          "the task's volume that refers to it has a relative container path; make that path "
          "absolute");
    }
    append_mount(body, {{"Type", "bind"},
                        {"Source", source.value()},
                        {"Target", volume->container_path()},
                        {"ReadOnly", volume->mode() == mesos::Volume::RO}});
  }
  return Done{};
}

// All paths in the container where the request mounts something.
std::vector<std::string> mount_points(const json::object& body) {
  std::vector<std::string> result;
  const json::object& host = body.at("HostConfig").as_object();
  if (const json::value* const mounts = host.if_contains("Mounts")) {
    for (const json::value& mount : mounts->get_array()) {
      result.emplace_back(mount.at("Target").get_string());
    }
  }
  if (const json::value* const binds = host.if_contains("Binds")) {
    for (const json::value& bind : binds->get_array()) {
      result.push_back(split(bind.get_string(), ':').at(1));
    }
  }
  for (const json::value* const paths : {host.if_contains("Tmpfs"), body.if_contains("Volumes")}) {
    if (paths == nullptr) continue;
    for (const auto& entry : paths->get_object()) result.emplace_back(entry.key());
  }
  return result;
}

}  // namespace

Status plan_volumes(const VolumePlace& place, const mesos::ContainerInfo& container,
                    const DockerInfo& docker, LaunchPlan& plan) {
  // This is also the driver of volumes that flags add.
  if (!docker.volume_driver().empty()) {
    field(plan.create, "HostConfig.VolumeDriver") = docker.volume_driver();
  }
  for (const mesos::Volume& volume : container.volumes()) {
    if (names_persistent_volume(place, container, volume)) continue;
    if (Status planned = plan_volume(place, docker, volume, plan); !planned.ok()) return planned;
  }
  return Done{};
}

Status mount_persistent_volumes(const VolumePlace& place, const mesos::ContainerInfo& container,
                                const Environment& environment, json::object& body) {
  for (const mesos::Resource& resource : place.launch.executor_info().resources()) {
    if (!resource.disk().has_persistence()) continue;
    Status mounted = mount_persistent_volume(place, container, environment, resource, body);
    if (!mounted.ok()) return mounted;
  }
  return Done{};
}

Status mount_sandbox(const VolumePlace& place, json::object& body) {
  const std::string sandbox = normal_path(place.sandbox);
  for (const std::string& point : mount_points(body)) {
    if (normal_path(point) == sandbox) {
      return failure("volume " + in_quotes(point) +
                     ": the sandbox is mounted there; use another path in the container");
    }
  }
  append_mount(body, {{"Type", "bind"},
                      {"Source", place.launch.directory()},
                      {"Target", place.sandbox},
                      {"ReadOnly", false}});
  return Done{};
}

}  // namespace containerizer

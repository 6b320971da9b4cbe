#include "engine/translation/launch_bounds.h"

#include <fmt/core.h>

namespace containerizer {
namespace {

constexpr std::size_t most_options = 10'000;
constexpr std::size_t most_option_bytes = 1 << 20;
constexpr std::size_t most_uris = 1'000;
constexpr std::size_t most_volumes = 1'000;
constexpr std::size_t most_networks = 100;
constexpr std::size_t most_mappings = 65'535;

// Sums over the parts of a message that can bring the same.
struct Amounts {
  std::size_t options = 0;
  std::size_t option_bytes = 0;
  std::size_t uris = 0;
  std::size_t volumes = 0;
  std::size_t networks = 0;
  std::size_t mappings = 0;

  void add(const std::string& option) {
    ++options;
    option_bytes += option.size();
  }

  void add(const mesos::CommandInfo& command) {
    uris += static_cast<std::size_t>(command.uris_size());
    for (const auto& option : command.container().options()) add(option);
  }

  void add(const mesos::ContainerInfo& container) {
    volumes += static_cast<std::size_t>(container.volumes_size());
    networks += static_cast<std::size_t>(container.network_infos_size());
    mappings += static_cast<std::size_t>(container.docker().port_mappings_size());
    for (const auto& parameter : container.docker().parameters()) {
      add(parameter.key());
      option_bytes += parameter.value().size();
    }
    for (const auto& volume : container.volumes()) {
      for (const auto& option : volume.source().docker_volume().driver_options().parameter()) {
        add(option.key());
        option_bytes += option.value().size();
      }
    }
  }
};

}  // namespace

Status check_bounds(const mesos::containerizer::Launch& launch) {
  Amounts wanted;
  wanted.add(launch.task_info().command());
  wanted.add(launch.executor_info().command());
  wanted.add(launch.task_info().container());
  wanted.add(launch.executor_info().container());
  struct Bound {
    const char* what;
    std::size_t amount, most;
  };
  const Bound bounds[] = {
      {"options", wanted.options, most_options},
      {"bytes of options", wanted.option_bytes, most_option_bytes},
      {"URIs", wanted.uris, most_uris},
      {"volumes", wanted.volumes, most_volumes},
      {"networks", wanted.networks, most_networks},
      {"port mappings", wanted.mappings, most_mappings},
  };
  for (const auto& bound : bounds) {
    if (bound.amount <= bound.most) continue;
    return Failure{Fault::refused, fmt::format("the launch asks for {} {}; at most {} are allowed",
                                               bound.amount, bound.what, bound.most)};
  }
  return Done{};
}

}  // namespace containerizer

#include "engine/translation/launch_bounds.h"

#include <algorithm>

#include "host/format.h"

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

// Keeps one more of everything than is allowed.
class Cut {
 public:
  void cut(mesos::CommandInfo& command) {
    cut(*command.mutable_uris(), uris_);
    if (!command.has_container()) return;
    auto& list = *command.mutable_container()->mutable_options();
    cut(list, options_);
    for (auto& option : list) cut_text(option);
  }

  void cut(mesos::ContainerInfo& container) {
    cut(*container.mutable_volumes(), volumes_);
    cut(*container.mutable_network_infos(), networks_);
    if (container.has_docker()) {
      cut(*container.mutable_docker()->mutable_port_mappings(), mappings_);
      cut_parameters(*container.mutable_docker()->mutable_parameters());
    }
    for (auto& volume : *container.mutable_volumes()) {
      if (!volume.source().docker_volume().has_driver_options()) continue;
      auto& source = *volume.mutable_source()->mutable_docker_volume();
      cut_parameters(*source.mutable_driver_options()->mutable_parameter());
    }
  }

 private:
  template <class List>
  void cut(List& list, std::size_t& left) {
    const int kept = std::min(list.size(), static_cast<int>(left));
    list.DeleteSubrange(kept, list.size() - kept);
    left -= static_cast<std::size_t>(kept);
  }

  template <class List>
  void cut_parameters(List& list) {
    cut(list, options_);
    for (auto& parameter : list) {
      cut_text(*parameter.mutable_key());
      cut_text(*parameter.mutable_value());
    }
  }

  void cut_text(std::string& text) {
    text.resize(std::min(text.size(), bytes_));
    bytes_ -= text.size();
  }

  std::size_t options_ = most_options + 1;
  std::size_t bytes_ = most_option_bytes + 1;
  std::size_t uris_ = most_uris + 1;
  std::size_t volumes_ = most_volumes + 1;
  std::size_t networks_ = most_networks + 1;
  std::size_t mappings_ = most_mappings + 1;
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
    // Without the amount: the launch may be one that has been cut.
    return Failure{Fault::refused, formatted("the launch has too many {}; at most {} are allowed",
                                             bound.what, bound.most)};
  }
  return Done{};
}

void cut_to_bounds(mesos::containerizer::Launch& launch) {
  if (check_bounds(launch).ok()) return;
  Cut cut;
  auto& executor = *launch.mutable_executor_info();
  if (launch.task_info().has_command()) cut.cut(*launch.mutable_task_info()->mutable_command());
  if (launch.task_info().has_container()) cut.cut(*launch.mutable_task_info()->mutable_container());
  if (executor.has_command()) cut.cut(*executor.mutable_command());
  if (executor.has_container()) cut.cut(*executor.mutable_container());
}

}  // namespace containerizer

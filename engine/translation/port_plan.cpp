#include "engine/translation/port_plan.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <optional>

#include "engine/translation/network_plan.h"
#include "engine/translation/run_flags/create_request.h"
#include "engine/translation/run_flags/flag_values.h"

namespace containerizer {
namespace {

namespace json = boost::json;
using DockerInfo = mesos::ContainerInfo::DockerInfo;

constexpr std::uint32_t highest_port = 65535;

Failure failure(std::string text) { return Failure{Fault::refused, std::move(text)}; }

Status plan_mapping(const DockerInfo::PortMapping& mapping, const Resources& resources,
                    boost::json::object& body) {
  const std::uint32_t host = mapping.host_port();
  const std::string name = "port mapping " + std::to_string(host) + ":" +
                           std::to_string(mapping.container_port()) + ": ";
  const bool allocated =
      std::any_of(resources.ports.begin(), resources.ports.end(),
                  [&](const auto& range) { return range.first <= host && host <= range.second; });
  // The native Docker containerizer rejects this, too. Another task may own the port.
  if (!allocated) return failure(name + "the host port is not in the task's resource \"ports\"");
  if (mapping.container_port() < 1 || mapping.container_port() > highest_port) {
    return failure(name + "the container port is not between 1 and 65535");
  }
  const std::optional<std::string> protocol = parse_protocol(mapping.protocol());
  if (!protocol) {
    return failure(name + "protocol " + in_quotes(mapping.protocol()) + " is not tcp, udp or sctp");
  }
  publish_port(body, "", std::to_string(host), mapping.container_port(), *protocol);
  return Done{};
}

std::vector<std::uint32_t> ports_of(const Resources& resources) {
  std::vector<std::uint32_t> ports;
  for (const auto& [first, last] : resources.ports) {
    for (std::uint32_t port = first; port <= last; ++port) ports.push_back(port);
  }
  return ports;
}

}  // namespace

Status plan_ports(const mesos::ContainerInfo& container, const std::string& network,
                  const Resources& resources, const LaunchFlags& flags, LaunchPlan& plan) {
  // Empty for a container of type MESOS, which has no DockerInfo.
  const auto& mappings = container.docker().port_mappings();
  const bool separate = is_separate(network);
  if (!mappings.empty() && !separate) {
    const bool is_operators = has_flag(flags.of_operator, "network");
    return failure("port mappings: not possible in the network " + in_quotes(network) +
                   (is_operators ? ", which the operator has chosen; ask the operator"
                                 : "; use BRIDGE or USER"));
  }
  for (const auto& mapping : mappings) {
    if (Status planned = plan_mapping(mapping, resources, plan.create); !planned.ok())
      return planned;
  }
  // A framework that sends a DockerInfo lists the ports that it wants.
  if (!separate || container.has_docker() || flags.has("publish")) return Done{};
  for (const auto port : ports_of(resources)) {
    publish_port(plan.create, "", std::to_string(port), port, "tcp");
    plan.pairs_ports = true;
  }
  return Done{};
}

std::vector<std::uint32_t> pair_ports(
    const std::map<std::uint32_t, std::vector<std::string>>& declared, const Resources& resources,
    json::object& body) {
  auto& bindings = object_at(body, "HostConfig.PortBindings");
  auto& exposed = object_at(body, "ExposedPorts");
  const auto allocated = ports_of(resources);
  // Bindings for ports that have other numbers inside.
  for (std::size_t i = 0; i < std::min(allocated.size(), declared.size()); ++i) {
    const auto own = std::to_string(allocated[i]) + "/tcp";
    bindings.erase(own);
    exposed.erase(own);
  }
  std::vector<std::uint32_t> left;
  std::size_t next = 0;
  for (const auto& [number, protocols] : declared) {
    if (next == allocated.size()) {
      left.push_back(number);
      continue;
    }
    const auto host = std::to_string(allocated[next++]);
    for (const auto& protocol : protocols) publish_port(body, "", host, number, protocol);
  }
  return left;
}

}  // namespace containerizer

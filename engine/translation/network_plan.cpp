#include "engine/translation/network_plan.h"

#include "engine/translation/run_flags/create_request.h"
#include "engine/translation/run_flags/flag_translation.h"
#include "engine/translation/run_flags/flag_values.h"

namespace containerizer {
namespace {

namespace json = boost::json;
using DockerInfo = mesos::ContainerInfo::DockerInfo;

// NetworkInfo.Protocol in mesos.proto.
constexpr std::int32_t ipv4 = 1, ipv6 = 2;

Failure failure(const std::string& text) { return {Fault::refused, "network_infos: " + text}; }

bool is_of_mesos(const mesos::ContainerInfo& container) {
  return container.type() == mesos::ContainerInfo::MESOS;
}

Result<std::string> named_network(const mesos::ContainerInfo& container) {
  if (container.network_infos_size() == 1 && !container.network_infos(0).name().empty()) {
    return container.network_infos(0).name();
  }
  return failure(is_of_mesos(container)
                     ? "a container can have only one network; keep one entry"
                     : "the network USER needs exactly one entry, with the network's name");
}

bool names_a_network(const mesos::ContainerInfo& container) {
  for (const auto& info : container.network_infos()) {
    if (!info.name().empty()) return true;
  }
  return false;
}

Status set_address(std::int32_t protocol, const std::string& address, json::object& endpoint) {
  if (address.empty()) {
    if (protocol != ipv6) return Done{};
    return failure(
        "the protocol IPv6 is set without an address; give an address, or remove the protocol");
  }
  if (!parse_ip(address)) return failure(in_quotes(address) + " is not an IP address");
  const bool is_v6 = address.find(':') != std::string::npos;
  if (protocol != 0 && protocol != (is_v6 ? ipv6 : ipv4)) {
    return failure("address " + in_quotes(address) + " does not match its protocol");
  }
  json::value& place = field(endpoint, is_v6 ? "IPAMConfig.IPv6Address" : "IPAMConfig.IPv4Address");
  if (!place.is_null())
    return failure("a container can have only one IPv4 and one IPv6 address; remove the others");
  place = address;
  return Done{};
}

Status plan_entry(const mesos::NetworkInfo& info, const std::string& network, json::object& body) {
  if (!info.groups().empty()) {
    return failure("network groups are not supported with Docker; remove them");
  }
  if (!info.labels().labels().empty()) {
    return failure("network labels are not supported with Docker; remove them");
  }
  json::object endpoint;
  if (Status set = set_address(info.protocol(), info.ip_address(), endpoint); !set.ok()) return set;
  for (const auto& wanted : info.ip_addresses()) {
    Status set = set_address(wanted.protocol(), wanted.ip_address(), endpoint);
    if (!set.ok()) return set;
  }
  if (endpoint.empty()) return Done{};
  if (info.name() != network) {
    return failure("an IP address can only be requested on a USER network; this one is " +
                   in_quotes(network));
  }
  object_at(body, "NetworkingConfig.EndpointsConfig")[network] = std::move(endpoint);
  return Done{};
}

}  // namespace

Result<std::string> choose_network(const mesos::ContainerInfo& container,
                                   const std::vector<RunFlag>& operators,
                                   const std::vector<RunFlag>& tasks,
                                   const std::string& default_network) {
  for (const auto* flags : {&operators, &tasks}) {
    const auto wanted = network_flag(*flags);
    if (!wanted.ok()) return wanted.failure();
    if (wanted.value()) return *wanted.value();
  }
  const auto network = container.docker().network();
  if (is_of_mesos(container) ? names_a_network(container) : network == DockerInfo::USER) {
    return named_network(container);
  }
  if (names_a_network(container)) {
    return failure(
        "a network name is only valid with the network USER; use USER or remove the name");
  }
  if (network == DockerInfo::BRIDGE) return std::string("bridge");
  if (network == DockerInfo::NONE) return std::string("none");
  return container.has_docker() || is_of_mesos(container) ? std::string("host") : default_network;
}

bool is_separate(const std::string& network) {
  return network != "host" && network != "none" && !network.starts_with("container:");
}

Status plan_addresses(const mesos::ContainerInfo& container, const std::string& network,
                      json::object& body) {
  for (const auto& info : container.network_infos()) {
    if (Status planned = plan_entry(info, network, body); !planned.ok()) return planned;
  }
  return Done{};
}

}  // namespace containerizer

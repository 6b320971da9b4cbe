#include "engine/translation/run_flags/network_flags.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "engine/translation/run_flags/flag_values.h"
#include "engine/translation/run_flags/flag_writers.h"
#include "host/options.h"

namespace containerizer::flag_writers {
namespace {

namespace json = boost::json;

// The container's settings within its network. They are keyed by the network's name, which is why
// NetworkMode must be set before any flag is applied.
json::object& endpoint(json::object& body) {
  const json::string network = field(body, "HostConfig.NetworkMode").get_string();
  json::value& endpoint = object_at(body, "NetworkingConfig.EndpointsConfig")[network];
  return endpoint.is_object() ? endpoint.get_object() : endpoint.emplace_object();
}

// Whether the network was created with `docker network create`. Only such networks have aliases.
bool is_user_defined(const json::object& body) {
  const json::string& network = body.at("HostConfig").at("NetworkMode").get_string();
  return network != "default" && network != "bridge" && network != "host" && network != "none" &&
         !network.starts_with(other_container);
}

Status driver_option(const FlagRow& row, const std::string& value, CreateRequest& request) {
  if (value.find('=') == value.npos) return failure("driver-opt must be NAME=VALUE");
  return map(row, value, request);
}

Status priority(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto number = parse_integer(value);
  if (!number) return wrong_form(value, "a whole number");
  field(request.body, row.target) = *number;
  return Done{};
}

// The fields of --network. Targets are paths within the result of parse_network().
constexpr FlagRow network_fields[] = {
    {"name", text, "Name"},
    {"alias", list, "Endpoint.Aliases"},
    {"ip", text, "Endpoint.IPAMConfig.IPv4Address"},
    {"ip6", text, "Endpoint.IPAMConfig.IPv6Address"},
    {"link-local-ip", list, "Endpoint.IPAMConfig.LinkLocalIPs"},
    {"driver-opt", driver_option, "Endpoint.DriverOpts"},
    {"mac-address", mac_address, "Endpoint.MacAddress"},
    {"gw-priority", priority, "Endpoint.GwPriority"},
};

// {"Name": …, "Endpoint": {…}}. "Endpoint" is missing if the value has no settings.
Result<json::object> parse_network(const std::string& value) {
  CreateRequest network;
  if (value.find_first_of("=,") == value.npos) {
    network.body["Name"] = value;
  } else if (Status set = apply_fields(network_fields, lower_case(value), network); !set.ok()) {
    return set.failure();
  }
  const json::value& name = network.body["Name"];
  if (!name.is_string() || name.get_string().empty()) {
    return wrong_form(value, "the name of a network");
  }
  return network.body;
}

// Adds `from` to `into`. refused: both have a value for the same key.
Status merge(const json::object& from, json::object& into) {
  for (const auto& [key, content] : from) {
    json::value& there = into[key];
    if (there.is_null()) {
      there = content;
    } else if (!there.is_object()) {
      return failure(in_quotes(key) + " is given both in --network and as its own flag");
    } else if (Status merged = merge(content.get_object(), there.get_object()); !merged.ok()) {
      return merged;
    }
  }
  return Done{};
}

// Limits the number of ports in a request. One range such as "1-65535" makes thousands of entries,
// so a message of a few lines could otherwise use all memory.
Status count_ports(std::size_t more, CreateRequest& request) {
  constexpr std::size_t most_ports = std::size_t{3} * 65535;  // tcp, udp and sctp
  request.ports += more;
  if (request.ports <= most_ports) return Done{};
  return failure("too many published or exposed ports in total; a host has 65535 per protocol");
}

// Cuts the piece after the last separator off `text`, and that separator. Without a separator, the
// piece is all of `text`.
std::string take_last(std::string& text, char separator) {
  const auto position = text.rfind(separator);
  std::string last = position == text.npos ? text : text.substr(position + 1);
  text.erase(position == text.npos ? 0 : position);
  return last;
}

// Rewrites "target=80,published=8080,protocol=udp" as "8080:80/udp".
std::optional<std::string> short_publication(const std::string& value) {
  std::string target, published, protocol;
  for (const std::string& part : split(value, ',')) {
    const auto [name, content] = split_pair(part, '=');
    if (name.empty() || name == part) return std::nullopt;
    if (name == "target") target = content;
    if (name == "published") published = content;
    if (name == "protocol") protocol = content;
  }
  return published + ":" + target + "/" + protocol;
}

}  // namespace

Status mac_address(const FlagRow& row, const std::string& value, CreateRequest& request) {
  if (!is_mac_address(value)) return wrong_form(value, "an address such as 92:d0:c6:0a:29:33");
  return text(row, value, request);
}

Status endpoint_text(const FlagRow& row, const std::string& value, CreateRequest& request) {
  field(endpoint(request.body), row.target) = value;
  return Done{};
}

Status endpoint_list(const FlagRow& row, const std::string& value, CreateRequest& request) {
  append(endpoint(request.body), row.target, json::value(value));
  return Done{};
}

Status link(const FlagRow& row, const std::string& value, CreateRequest& request) {
  // Docker keeps links in two places: HostConfig.Links applies to the default bridge, and the
  // endpoint's Links to user-defined networks. The docker command fills in both, too.
  if (is_user_defined(request.body)) append(endpoint(request.body), "Links", json::value(value));
  return list(row, value, request);
}

Status network(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto network = parse_network(value);
  if (!network.ok()) return network.failure();
  field(request.body, row.target) = network.value().at("Name");
  const json::value* const settings = network.value().if_contains("Endpoint");
  return settings == nullptr ? Done{} : merge(settings->get_object(), endpoint(request.body));
}

Status expose(const FlagRow&, const std::string& value, CreateRequest& request) {
  const auto [range, suffix] = split_pair(value, '/');
  const auto ports = parse_ports(range);
  const auto protocol = parse_protocol(suffix);
  if (!ports || !protocol) return wrong_form(value, "PORT[-PORT][/PROTOCOL]");
  if (Status few = count_ports(ports->last - ports->first + 1, request); !few.ok()) return few;
  for (std::uint32_t port = ports->first; port <= ports->last; ++port) {
    object_at(request.body, "ExposedPorts")[std::to_string(port) + "/" + *protocol]
        .emplace_object();
  }
  return Done{};
}

Status publish(const FlagRow&, const std::string& value, CreateRequest& request) {
  constexpr std::string_view form_text = "[[IP:]HOST_PORT:]CONTAINER_PORT[/PROTOCOL]";
  const auto line = value.find('=') == value.npos ? value : short_publication(value);
  if (!line) return wrong_form(value, "target=CONTAINER_PORT[,published=HOST_PORT]");
  auto [address, suffix] = split_pair(*line, '/');
  const auto protocol = parse_protocol(suffix);
  const auto container = parse_ports(take_last(address, ':'));
  const std::string host_text = take_last(address, ':');
  const auto host = parse_ports(host_text, 0);
  address = without_brackets(address);
  if (!address.empty() && !parse_ip(address)) return wrong_form(address, "an IP address");
  if (!protocol || !container || (!host && !host_text.empty())) {
    return wrong_form(value, form_text);
  }

  const std::uint32_t width = container->last - container->first;
  const bool pairwise = !host || host->last - host->first == width;
  if (!pairwise && width != 0) return wrong_form(value, "two ranges of the same length");
  if (Status few = count_ports(width + 1, request); !few.ok()) return few;
  for (std::uint32_t i = 0; i <= width; ++i) {
    // One container port with a range of host ports: the daemon picks a free port of the range.
    const std::string host_port = !host      ? ""
                                  : pairwise ? std::to_string(host->first + i)
                                             : host_text;
    publish_port(request.body, address, host_port, container->first + i, *protocol);
  }
  return Done{};
}

Result<std::string> network_name(const std::string& value) {
  const auto network = parse_network(value);
  if (!network.ok()) return network.failure();
  return std::string(network.value().at("Name").get_string());
}

Status check_together(const std::vector<RunFlag>& flags, const CreateRequest& request) {
  bool unchecked = false, checked = false;
  for (const RunFlag& flag : flags) {
    if (flag.name == "no-healthcheck") unchecked = parse_switch(flag.value).value_or(false);
    if (flag.name.starts_with("health-")) checked = true;
  }
  if (unchecked && checked) {
    return failure("--no-healthcheck: cannot be combined with --health-… flags");
  }

  const json::value* const networking = request.body.if_contains("NetworkingConfig");
  if (networking == nullptr || is_user_defined(request.body)) return Done{};
  for (const auto& network : networking->at("EndpointsConfig").get_object()) {
    if (!network.value().get_object().contains("Aliases")) continue;
    return failure("--network-alias: the network " + in_quotes(network.key()) +
                   " does not support aliases; use a network of `docker network create`");
  }
  return Done{};
}

}  // namespace containerizer::flag_writers

#include "engine/translation/run_flags/flag_fields.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "engine/translation/run_flags/flag_values.h"

namespace containerizer {

namespace json = boost::json;

namespace flag_fields {
namespace {

// The settings within the container's network, which the flags of the network come after.
json::object& endpoint(json::object& body) {
  const json::string network = field(body, "HostConfig.NetworkMode").get_string();
  json::value& endpoint = object_at(body, "NetworkingConfig.EndpointsConfig")[network];
  return endpoint.is_object() ? endpoint.get_object() : endpoint.emplace_object();
}

// Of the networks there may be, those that people make.
bool is_user_defined(const json::object& body) {
  const json::string& network = body.at("HostConfig").at("NetworkMode").get_string();
  return network != "default" && network != "bridge" && network != "host" && network != "none" &&
         !network.starts_with(other_container);
}

Status driver_option(const FlagRow& row, const std::string& value, CreateRequest& request) {
  if (value.find('=') == value.npos) return refuse("driver-opt must be NAME=VALUE");
  return map(row, value, request);
}

// The fields of --network; targets lie within what parse_network() returns.
constexpr FlagRow network_fields[] = {
    {"name", text, "Name"},
    {"alias", list, "Endpoint.Aliases"},
    {"ip", text, "Endpoint.IPAMConfig.IPv4Address"},
    {"ip6", text, "Endpoint.IPAMConfig.IPv6Address"},
    {"link-local-ip", list, "Endpoint.IPAMConfig.LinkLocalIPs"},
    {"driver-opt", driver_option, "Endpoint.DriverOpts"},
    {"mac-address", not_applied, too_new},
    {"gw-priority", not_applied, too_new},
};

// {"Name": …, "Endpoint": {…}}, the latter if the value has settings.
Result<json::object> parse_network(const std::string& value) {
  CreateRequest network;
  if (value.find_first_of("=,") == value.npos) {
    network.body["Name"] = value;
  } else if (Status set = apply_fields(network_fields, lower_case(value), network); !set.ok()) {
    return set.failure();
  }
  const json::value& name = network.body["Name"];
  if (!name.is_string() || name.get_string().empty()) {
    return Failure{Fault::refused, in_quotes(value) + " is not the name of a network"};
  }
  return network.body;
}

// refused: both have a value for the same key.
Status merge(const json::object& from, json::object& into) {
  for (const auto& [key, content] : from) {
    json::value& there = into[key];
    if (there.is_null()) {
      there = content;
    } else if (!there.is_object()) {
      return refuse(in_quotes(key) + " is set by a flag of its own, too");
    } else if (Status merged = merge(content.get_object(), there.get_object()); !merged.ok()) {
      return merged;
    }
  }
  return Done{};
}

// A word of a range stands for thousands of entries: some lines of them would take all memory.
Status count_ports(std::size_t more, CreateRequest& request) {
  constexpr std::size_t most_ports = std::size_t{3} * 65535;  // of tcp, udp and sctp
  request.ports += more;
  if (request.ports <= most_ports) return Done{};
  return refuse("more ports in all than a host has");
}

// Cuts the last piece that ends with `separator` before it, or all of it, off `text`.
std::string take_last(std::string& text, char separator) {
  const auto position = text.rfind(separator);
  std::string last = position == text.npos ? text : text.substr(position + 1);
  text.erase(position == text.npos ? 0 : position);
  return last;
}

// "target=80,published=8080,protocol=udp" as "8080:80/udp".
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

Status refuse(std::string reason) { return Failure{Fault::refused, std::move(reason)}; }

Status refuse_form(const std::string& value, std::string_view form) {
  return refuse(in_quotes(value) + " is not " + std::string(form));
}

Status text(const FlagRow& row, const std::string& value, CreateRequest& request) {
  field(request.body, row.target) = value;
  return Done{};
}

Status list(const FlagRow& row, const std::string& value, CreateRequest& request) {
  append(request.body, row.target, json::value(value));
  return Done{};
}

Status map(const FlagRow& row, const std::string& value, CreateRequest& request) {
  const auto [key, content] = split_pair(value, '=');
  if (key.empty()) return refuse("the key before = is missing");
  object_at(request.body, row.target)[key] = content;
  return Done{};
}

std::string without_brackets(const std::string& text) {
  const bool has_them = text.starts_with('[') && text.ends_with(']');
  return has_them ? text.substr(1, text.size() - 2) : text;
}

Status apply_fields(std::span<const FlagRow> table, const std::string& value,
                    CreateRequest& request) {
  const auto parts = split_fields(value);
  if (!parts) return refuse("it is not fields between commas, each in quotes or without any");
  for (const std::string& part : *parts) {
    auto [key, content] = split_pair(part, '=');
    const std::string name = lower_case(key);
    const auto row = std::find_if(table.begin(), table.end(),
                                  [&](const FlagRow& candidate) { return candidate.name == name; });
    if (row == table.end()) return refuse_form(key, "a field that is known here");
    if (row->apply == not_applied) return refuse(name + " " + std::string(row->target));
    const bool bare = part.find('=') == part.npos;
    if (bare && !row->is_switch) return refuse(in_quotes(key) + " lacks its value");
    if (Status set = row->apply(*row, bare ? "true" : content, request); !set.ok()) return set;
  }
  return Done{};
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
  if (!ports || !protocol) return refuse_form(value, "PORT[-PORT][/PROTOCOL]");
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
  if (!line) return refuse_form(value, "target=CONTAINER_PORT[,published=HOST_PORT]");
  auto [address, suffix] = split_pair(*line, '/');
  const auto protocol = parse_protocol(suffix);
  const auto container = parse_ports(take_last(address, ':'));
  const std::string host_text = take_last(address, ':');
  const auto host = parse_ports(host_text, 0);
  address = without_brackets(address);
  if (!address.empty() && !parse_ip(address)) return refuse_form(address, "an IP address");
  if (!protocol || !container || (!host && !host_text.empty()))
    return refuse_form(value, form_text);

  const std::uint32_t width = container->last - container->first;
  const bool pairwise = !host || host->last - host->first == width;
  if (!pairwise && width != 0) return refuse_form(value, "two ranges of the same length");
  if (Status few = count_ports(width + 1, request); !few.ok()) return few;
  for (std::uint32_t i = 0; i <= width; ++i) {
    // Without a pair for each port, the daemon picks one of the range.
    const std::string host_port = !host      ? ""
                                  : pairwise ? std::to_string(host->first + i)
                                             : host_text;
    publish_port(request.body, address, host_port, container->first + i, *protocol);
  }
  return Done{};
}

}  // namespace flag_fields

using namespace flag_fields;

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
  if (unchecked && checked) return refuse("--no-healthcheck: there is a --health-… flag, too");

  const json::value* const networking = request.body.if_contains("NetworkingConfig");
  if (networking == nullptr || is_user_defined(request.body)) return Done{};
  for (const auto& network : networking->at("EndpointsConfig").get_object()) {
    if (!network.value().get_object().contains("Aliases")) continue;
    return refuse("--network-alias: the network " + in_quotes(network.key()) + " has no aliases");
  }
  return Done{};
}

}  // namespace containerizer

#include "engine/translation/run_flags/create_request.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <string>
#include <unordered_map>

namespace containerizer {
namespace {

boost::json::array& as_array(boost::json::value& value) {
  return value.is_array() ? value.get_array() : value.emplace_array();
}

boost::json::object& as_object(boost::json::value& value) {
  return value.is_object() ? value.get_object() : value.emplace_object();
}

}  // namespace

boost::json::value& field(boost::json::object& body, std::string_view path) {
  const auto dot = path.find('.');
  if (dot == path.npos) return body[path];
  return field(as_object(body[path.substr(0, dot)]), path.substr(dot + 1));
}

void append(boost::json::object& body, std::string_view path, boost::json::value value) {
  as_array(field(body, path)).push_back(std::move(value));
}

void set_variable(boost::json::object& body, std::string_view name, std::string_view value) {
  std::string entry(name);
  append(body, "Env", boost::json::value(entry.append("=").append(value)));
}

void settle_variables(boost::json::object& body) {
  auto* const value = body.if_contains("Env");
  if (value == nullptr || !value->is_array()) return;
  boost::json::array settled;
  std::unordered_map<std::string, std::size_t> places;
  for (auto& entry : value->get_array()) {
    const std::string_view text = entry.get_string();
    const auto [place, is_new] =
        places.emplace(text.substr(0, std::min(text.find('='), text.size())), settled.size());
    if (is_new) {
      settled.push_back(std::move(entry));
    } else {
      settled[place->second] = std::move(entry);
    }
  }
  *value = std::move(settled);
}

boost::json::object& object_at(boost::json::object& body, std::string_view path) {
  return as_object(field(body, path));
}

void publish_port(boost::json::object& body, std::string_view host_ip, std::string_view host_port,
                  std::uint32_t container_port, std::string_view protocol) {
  const std::string port = std::to_string(container_port) + "/" + std::string(protocol);
  object_at(body, "ExposedPorts")[port].emplace_object();
  boost::json::value& bindings = object_at(body, "HostConfig.PortBindings")[port];
  as_array(bindings).push_back(boost::json::object{{"HostIp", host_ip}, {"HostPort", host_port}});
}

}  // namespace containerizer

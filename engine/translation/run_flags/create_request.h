// The body of POST /containers/create under construction, and how it is written. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace containerizer {

struct CreateRequest {
  boost::json::object body;
  bool force_pull = false;
  std::size_t ports = 0;  // number of ports that flags have published or exposed
};

// The value at a path such as "HostConfig.LogConfig.Type". Creates missing objects on the way.
boost::json::value& field(boost::json::object& body, std::string_view path);

// The object at `path`. Creates it if it is missing.
boost::json::object& object_at(boost::json::object& body, std::string_view path);

// Adds to the list at `path`. Creates the list if it is missing.
void append(boost::json::object& body, std::string_view path, boost::json::value value);

// Adds a variable to Env, behind one of the same name.
void set_variable(boost::json::object& body, std::string_view name, std::string_view value);

// Leaves one entry of each name in Env: the last value, in the place of the first.
void settle_variables(boost::json::object& body);

// Publishes a container's port at `host_ip` ("" for all addresses) and `host_port` ("" for any
// port, or a range). `protocol` is tcp, udp or sctp.
void publish_port(boost::json::object& body, std::string_view host_ip, std::string_view host_port,
                  std::uint32_t container_port, std::string_view protocol);

}  // namespace containerizer

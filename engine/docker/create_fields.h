// Fields of a create request that only some daemons apply. The others ignore them silently. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace containerizer {

struct CreateField {
  // The object with the field: "" for the request itself, "HostConfig", "Healthcheck"; "Mount" and
  // "Mount.BindOptions" for each mount, "Network" and "Network.IPAMConfig" for each network.
  std::string_view place;
  std::string_view name;
  unsigned since;           // the first version of the daemon that applies it
  std::string_view option;  // what sets it
};

// Whether a create request has the field, in any of its mounts or networks.
bool has_field(const boost::json::object& body, const CreateField& field);

// The option and its field, for a message: "--cpus (NanoCpus)".
std::string text_of(const CreateField& field);

}  // namespace containerizer

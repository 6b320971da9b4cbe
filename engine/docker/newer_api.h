// Rewrites requests for daemons that are newer than the API of this client, and finds out which
// requests need such a daemon. A newer daemon silently ignores fields that it no longer knows.
// Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "host/result.h"

namespace containerizer {

struct NeededApi {
  unsigned minor = 0;  // of API 1.`minor`
  std::string what;    // the option that needs it, and its field; "" for none
};

// The oldest API that knows all fields of a create request which are newer than 1.41.
NeededApi needed_api(const boost::json::object& body);

// Returns the body of a create request for API 1.`minor`. From 1.44 on, a MAC address belongs to
// the container's network. refused: the daemon no longer knows a field. Source: Docker's page
// "Engine API version history".
Result<boost::json::object> create_body_for_newer(unsigned minor, const boost::json::object& body);

}  // namespace containerizer

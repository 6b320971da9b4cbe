// Rewrites requests for daemons that are older than the API of this client. Such a daemon silently
// ignores fields that it does not know, so each field is expressed differently or rejected. Pure.
#pragma once

#include <boost/json/object.hpp>

#include "host/result.h"

namespace containerizer {

// Returns the body of a create request for API 1.`minor`. Before 1.25, mounts become binds and
// volumes (like `docker run -v`, which creates a missing path on the host). refused: the daemon
// does not know a field; the text names the field and the API that introduced it. Source: Docker's
// page "Engine API version history".
Result<boost::json::object> create_body_for(unsigned minor, const boost::json::object& body);

}  // namespace containerizer

// Requests for daemons that are older than what this client is written for. A daemon leaves out
// what it does not know, without a word: it is told otherwise, or refused. Pure.
#pragma once

#include <boost/json/object.hpp>

#include "host/result.h"

namespace containerizer {

// The body of a create request as API 1.`minor` takes it: before 1.25, mounts are binds and volumes
// (as of docker run -v, which makes a path of the host that is not there). refused: the daemon does
// not know what is asked for; the text names the field, and the API that has it. Source: Docker's
// page "Engine API version history".
Result<boost::json::object> create_body_for(unsigned minor, const boost::json::object& body);

}  // namespace containerizer

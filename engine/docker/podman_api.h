// What Podman's service makes of a request for Docker.
#pragma once

#include <boost/json/object.hpp>

#include "host/result.h"

namespace containerizer {

// Podman writes the fields of a mount into one line with commas between them, and reads that line
// again. A comma, a quote or a line end within a field would be the end of it.
//
// refused: a mount of the request has one; the text names the mount. Pure.
Status check_for_podman(const boost::json::object& create);

}  // namespace containerizer

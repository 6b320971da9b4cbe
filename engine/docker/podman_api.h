// What Podman's service makes of a create request for Docker. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <utility>

#include "host/result.h"

namespace containerizer {

using PodmanVersion = std::pair<unsigned, unsigned>;  // major, minor

// Returns the body of a create request for Podman.
//
// refused: this version of Podman silently ignores a field; the text names the option and the
// field. Or a field of a mount has a comma, a quote or a line end: Podman writes the fields of a
// mount into one line with commas between them, and reads that line again. The text names the
// mount. Source: Podman's public sources and release notes, 4.3 to 5.8.
Result<boost::json::object> create_body_for_podman(PodmanVersion version,
                                                   const boost::json::object& body);

}  // namespace containerizer

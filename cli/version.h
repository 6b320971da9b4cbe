// The version of the program, and of what it works with.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace containerizer {

std::string version_text();
// With the commit, the schema of the database, and the range of the daemon's API.
boost::json::object version_document();

}  // namespace containerizer

// Lists of Resource: parsing for scenarios, and the slave's arithmetic.
#pragma once

#include <optional>
#include <string>

#include "mesos.pb.h"

namespace containerizer::player {

using Resources = google::protobuf::RepeatedPtrField<mesos::Resource>;

mesos::Resource scalar(const std::string& name, double value);

// "31000-31002,31005".
mesos::Resource port_ranges(const std::string& text);

// `all` minus `part`: scalars, one entry per name, without zeros. Ports are only removed if `part`
// contains them.
Resources subtract(const Resources& all, const Resources& part);

// Appends the entries of `more`. With `add_up`, adds scalars with the same name up in one entry.
void append(Resources& all, const Resources& more, bool add_up);

}  // namespace containerizer::player

// Lists of Resource, as scenarios name them and as the slave computes with them.
#pragma once

#include <optional>
#include <string>

#include "mesos.pb.h"

namespace containerizer::player {

using Resources = google::protobuf::RepeatedPtrField<mesos::Resource>;

mesos::Resource scalar(const std::string& name, double value);

// "31000-31002,31005".
mesos::Resource port_ranges(const std::string& text);

// What remains of `all` without `part`, one entry a name, scalars only, nothing that is zero. Ports
// remain when they are no part of `part`.
Resources subtract(const Resources& all, const Resources& part);

// Appends `more`: entry behind entry, or, with `add_up`, scalars of one name into one entry.
void append(Resources& all, const Resources& more, bool add_up);

}  // namespace containerizer::player

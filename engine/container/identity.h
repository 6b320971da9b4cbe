// How a container of ours is recognised in the daemon: its labels carry the same identity as its
// row, so that either can be rebuilt from the other, and nobody else's container is ever touched.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>

#include "engine/docker/docker.h"
#include "store/store.h"

namespace containerizer {

// The label that holds the slave instance (its work directory).
extern const char* const instance_label;

// 128 random bits in hexadecimal.
std::string make_nonce();

// Whether an id can be one of Mesos' (and a file name, and part of a container's name): 1 to 128
// letters, digits, '.', '_' and '-', the first one no punctuation.
bool is_valid_container_id(const std::string& id);

// The labels for a create request.
boost::json::object identity_labels(const store::Container& container, const std::string& instance);

// Whether `seen` is the very container of this row: created for this launch, not for another of the
// same id.
bool is_ours(const ContainerFacts& seen, const store::Container& container);

// The row of a container whose row was lost, with the state that what is seen implies. Nothing when
// the labels are not complete, the container does not have the name that goes with them, or its
// sandbox does not lie below the work directory that its instance label names.
std::optional<store::Container> rebuild(const ContainerFacts& seen);

}  // namespace containerizer

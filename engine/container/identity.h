// How a container of this program is recognised in the daemon. Its labels contain the same identity
// as its row, so each can be rebuilt from the other. Containers of other programs are never
// touched.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>

#include "engine/docker/docker.h"
#include "store/store.h"

namespace containerizer {

// The label that contains the slave instance: its work directory.
extern const char* const instance_label;

// 128 random bits in hexadecimal.
std::string make_nonce();

// Whether a container ID from Mesos can be a file name and a part of a container's name: 1 to 128
// letters, digits, '.', '_' and '-', of which the first is a letter or a digit.
bool is_valid_container_id(const std::string& id);

// The labels for a create request.
boost::json::object identity_labels(const store::Container& container, const std::string& instance);

// Whether `seen` was created for the launch in this row, and not for another launch with the same
// container ID.
bool is_ours(const ContainerFacts& seen, const store::Container& container);

// The row of a container whose row was lost, in the state that `seen` implies. Nothing if the
// labels are incomplete, do not match the container's name, or
// name a sandbox that is not below the work directory in the instance label.
std::optional<store::Container> rebuild(const ContainerFacts& seen);

}  // namespace containerizer

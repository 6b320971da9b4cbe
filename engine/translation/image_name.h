// Translates the name of an image from the form in a task to the form of the Engine API. Pure.
#pragma once

#include <string>
#include <string_view>

#include "host/result.h"

namespace containerizer {

// `image` is either a URL (docker:///ubuntu:13.04 or docker://registry/team/app, the convention of
// external containerizers) or a plain reference (ubuntu, registry:5000/app@sha256:…).
//
// Success: the reference. Its repository is unchanged. ":latest" is appended if there is neither
// tag nor digest. not_found: `image` is empty ("" or "docker:///"), so a default can replace it.
// refused: `image` is not a reference by Docker's grammar (distribution/reference); the text names
// the wrong part.
Result<std::string> image_reference(const std::string& image);

// Returns why image_reference() fails for `image`, as a clause such as "the tag may have …". "" if
// it does not fail.
std::string image_name_problem(const std::string& image);

// The registry of a reference that does not name one.
inline constexpr std::string_view docker_hub = "docker.io";

// The registry of a reference of image_reference(), such as "registry:5000" or docker_hub.
std::string registry_of(const std::string& reference);

// The registry at HOST or HOST:PORT. It differs from `host` for the other hosts of docker_hub.
std::string registry_at(std::string_view host);

}  // namespace containerizer

// The name of an image, as tasks write it and as the Engine API takes it.
#pragma once

#include <string>
#include <string_view>

#include "host/result.h"

namespace containerizer {

// Translates `image`, which is either a URL (docker:///ubuntu:13.04 or docker://registry/team/app,
// the custom of external containerizers) or a plain reference (ubuntu, registry:5000/app@sha256:…).
//
// Success: the reference, its repository as written, with ":latest" appended when it has neither
// tag nor digest. not_found: `image` names nothing ("" or "docker:///"), so that a default may take
// its place. refused: it is not a reference by the grammar of Docker (distribution/reference); the
// text names the part that is wrong. Pure.
Result<std::string> image_reference(const std::string& image);

// The registry of images whose reference names none.
inline constexpr std::string_view docker_hub = "docker.io";

// Where the image of a reference (as image_reference makes it) comes from: "registry:5000",
// docker_hub. Pure.
std::string registry_of(const std::string& reference);

// The registry at HOST or HOST:PORT: Docker's own has several hosts. Pure.
std::string registry_at(std::string_view host);

}  // namespace containerizer

// The name of an image, as tasks write it and as the Engine API takes it.
#pragma once

#include <string>

#include "engine/host/result.h"

namespace containerizer {

// Translates `image`, which is either a URL (docker:///ubuntu:13.04 or docker://registry/team/app,
// the custom of external containerizers) or a plain reference (ubuntu, registry:5000/app@sha256:…).
//
// Success: the reference, its repository as written, with ":latest" appended when it has neither
// tag nor digest. not_found: `image` names nothing ("" or "docker:///"), so that a default may take
// its place. refused: it is not a reference by the grammar of Docker (distribution/reference); the
// text names the part that is wrong. Pure.
Result<std::string> image_reference(const std::string& image);

}  // namespace containerizer

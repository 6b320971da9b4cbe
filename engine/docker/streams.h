// The two streams of docker.h over a connection of their own each.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/docker/docker.h"
#include "engine/docker/output_decoder.h"
#include "engine/docker/transport/connection.h"

namespace containerizer {

struct Answer;

// REQUIRES: the exchange's request for the container's output, or for its end, has been sent.
std::unique_ptr<OutputStream> make_output_stream(Exchange exchange, const std::string& container,
                                                 OutputDecoder::Format format);
std::unique_ptr<ExitStream> make_exit_stream(Exchange exchange, const std::string& container);

// The complete answer of an exchange, its body taken.
Answer take_answer(Exchange& exchange);

}  // namespace containerizer

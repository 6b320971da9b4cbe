// The three streams of docker.h over a connection of their own each.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/docker/docker.h"
#include "engine/docker/log_decoder.h"
#include "engine/docker/transport/connection.h"

namespace containerizer {

struct Answer;

// REQUIRES: the exchange's request for the container's log, or for its end, has been sent.
std::unique_ptr<LogReader> make_log_reader(Exchange exchange, const std::string& container,
                                           LogDecoder::Format format);
// REQUIRES: the daemon has answered the exchange with an upgrade.
std::unique_ptr<Attachment> make_attachment(Exchange exchange, const std::string& container,
                                            bool has_terminal);
std::unique_ptr<ExitStream> make_exit_stream(Exchange exchange, const std::string& container);

// The complete answer of an exchange, its body taken.
Answer take_answer(Exchange& exchange);

}  // namespace containerizer

// One run of the program: what every command gets, and the commands.
#pragma once

#include <string>
#include <vector>

#include "cli/caller.h"
#include "cli/exit_status.h"
#include "engine/world.h"

namespace containerizer {

struct Call : World {
  Caller& caller;
  // The message on standard input, for the verbs that have one.
  std::string request;
  // Words behind the command.
  std::vector<std::string> arguments;
  // The original standard output. Descriptor 1 itself leads to standard error, so that nothing but
  // an answer can ever get here.
  int output;
};

// The verbs of the slave (mesos-protocol 1.2), each in the file of its name.
int launch(Call& call);
int update(Call& call);
int usage(Call& call);
int wait(Call& call);
int destroy(Call& call);
int containers(Call& call);
int recover(Call& call);

// Processes of our own.
int supervise(Call& call);
int observe(Call& call);
int keep(Call& call);

// For people.
int ps(Call& call);
int show(Call& call);
int history(Call& call);
int lifecycle(Call& call);
int pull(Call& call);

// The container id of a message, which every message has.
template <class Message>
Result<Message> parse(const Call& call, const char* what) {
  Message message;
  if (!message.ParseFromString(call.request)) {
    return Failure{Fault::refused, std::string("the request is not a ") + what + " message"};
  }
  if (!message.has_container_id() || message.container_id().value().empty()) {
    return Failure{Fault::refused, std::string("the ") + what + " message names no container"};
  }
  return message;
}

// Logs the failure and says what to exit with.
int fail(const std::string& text, int status = exit_failed);

}  // namespace containerizer

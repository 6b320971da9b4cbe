// One run of the program: what every command gets, and the commands.
#pragma once

#include <string>
#include <vector>

#include "cli/exit_status.h"
#include "cli/slave_pipe.h"
#include "engine/container/services.h"

namespace containerizer {

struct Invocation : Services {
  SlavePipe& slave;
  // The message on standard input, for the verbs that have one.
  std::string request;
  // Words behind the command.
  std::vector<std::string> arguments;
  // The original standard output. Descriptor 1 itself leads to standard error, so that nothing but
  // an answer can ever get here.
  int output;
};

// The verbs of the slave (mesos-protocol 1.2), each in the file of its name.
int launch(Invocation& invocation);
int update(Invocation& invocation);
int usage(Invocation& invocation);
int wait(Invocation& invocation);
int destroy(Invocation& invocation);
int containers(Invocation& invocation);
int recover(Invocation& invocation);

// Processes of our own.
int supervise(Invocation& invocation);
int task_proxy(Invocation& invocation);
int host_task_shim(Invocation& invocation);

// For people.
int ps(Invocation& invocation);
int show(Invocation& invocation);
int history(Invocation& invocation);
int lifecycle(Invocation& invocation);
int pull(Invocation& invocation);

// The container id of a message, which every message has.
template <class Message>
Result<Message> parse(const Invocation& invocation, const char* what) {
  Message message;
  if (!message.ParseFromString(invocation.request)) {
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

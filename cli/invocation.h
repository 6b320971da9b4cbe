// One run of the program: the argument that every command gets, and the commands.
#pragma once

#include <string>
#include <vector>

#include "cli/exit_status.h"
#include "cli/reply_pipe.h"
#include "engine/container/services.h"

namespace containerizer {

struct Invocation : Services {
  ReplyPipe& slave;
  // The message from standard input, for the verbs that have one.
  std::string request;
  // The arguments after the command.
  std::vector<std::string> arguments;
  // The original standard output. Descriptor 1 is a copy of standard error, so that no library and
  // no program that we start can write into the reply.
  int output;
  // What is wrong with the settings, one line each. Only `doctor` runs in spite of it for a person.
  std::vector<std::string> problems = {};
};

// The slave's verbs (mesos-protocol 1.2). Every command is in the file of its name, and returns the
// program's exit status.
int launch(Invocation& invocation);
int update(Invocation& invocation);
int usage(Invocation& invocation);
int wait(Invocation& invocation);
int destroy(Invocation& invocation);
int containers(Invocation& invocation);
int recover(Invocation& invocation);

// Processes that this program starts itself.
int supervise(Invocation& invocation);
int start_supervisors(Invocation& invocation);
int task_proxy(Invocation& invocation);
int host_task_shim(Invocation& invocation);

// The operator's commands.
int ps(Invocation& invocation);
int show(Invocation& invocation);
int history(Invocation& invocation);
int lifecycle(Invocation& invocation);
int why(Invocation& invocation);
int events(Invocation& invocation);
int logs(Invocation& invocation);
int top(Invocation& invocation);
int doctor(Invocation& invocation);
int metrics(Invocation& invocation);
int export_rows(Invocation& invocation);
int report(Invocation& invocation);
int print_settings(Invocation& invocation);
int pull(Invocation& invocation);

// The descriptor of the lock that a `supervise` has inherited from the supervisor that became this
// program; -1 for none. `arguments` include the command's name.
int inherited_lock(const std::vector<std::string>& arguments);

// Parses the request. `what` is the name of the message type, for the error.
// refused: it is not such a message, or names no container.
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

// Logs an error and returns `status`, for the command to exit with.
int fail(const std::string& text, int status = exit_failed);

}  // namespace containerizer

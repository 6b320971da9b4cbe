#include "cli/upgrade.h"

#include "engine/container/upgrade.h"
#include "host/file.h"
#include "host/log.h"
#include "proto/frame.h"

namespace containerizer {

Failure begin_again_as_newer_program(Invocation& invocation, std::vector<std::string> arguments) {
  Program role;
  role.arguments = std::move(arguments);
  role.output = invocation.output;
  Pipe request;
  if (!invocation.request.empty()) {
    auto made = make_pipe();
    if (!made.ok()) return made.failure();
    request = std::move(made.value());
    const auto frame = to_frame(invocation.request);
    // Otherwise the write would block: nobody reads yet.
    constexpr std::size_t capacity = 65536;
    if (frame.size() > capacity || !write_all(request.write.get(), frame)) {
      return {Fault::refused,
              "this process cannot become the newer program: the slave's request is longer than a "
              "pipe holds (64 KiB)"};
    }
    role.input = request.read.get();
  }
  return become_newer_program(invocation, std::move(role), {});
}

void begin_again_if_newer(Invocation& invocation, const std::string& command,
                          const store::StoreError& error) {
  if (error.fault() != store::StoreFault::newer) return;
  log::debug("{}", begin_again_as_newer_program(invocation, {command}).text);
}

}  // namespace containerizer

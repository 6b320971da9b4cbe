// keep: the process that runs a task without an image on the host, and sees its end.
#include "cli/call.h"
#include "engine/plain/keeper.h"

namespace containerizer {

int keep(Call& call) {
  if (call.arguments.size() != 1) return fail("keep takes a directory", exit_usage);
  keep(PlainPlace(call.arguments[0]), Fd(call.output));
  return exit_ok;
}

}  // namespace containerizer

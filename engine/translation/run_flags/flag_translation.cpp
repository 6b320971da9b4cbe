#include "engine/translation/run_flags/flag_translation.h"

#include "engine/translation/run_flags/flag_table.h"
#include "engine/translation/run_flags/network_flags.h"

namespace containerizer {

Status apply_run_flags(const std::vector<RunFlag>& flags, CreateRequest& request) {
  const auto apply = [&](const RunFlag& flag) -> Status {
    const FlagRow& row = *find_flag(flag.name);
    if (row.apply == nullptr) return Done{};  // its value changes nothing
    const Status applied = row.apply(row, flag.value, request);
    return applied.ok() ? applied : flag_failure("--" + flag.name + ": " + applied.failure().text);
  };
  // --network comes last: its fields must not contradict the flags that set one part of a network
  // (--ip, --network-alias), and only then are all of those known.
  for (const bool network : {false, true}) {
    for (const RunFlag& flag : flags) {
      if ((flag.name == "network") != network) continue;
      if (Status applied = apply(flag); !applied.ok()) return applied;
    }
  }
  settle_variables(request.body);
  const Status together = flag_writers::check_together(flags, request);
  return together.ok() ? together : flag_failure(together.failure().text);
}

Result<std::optional<std::string>> network_flag(const std::vector<RunFlag>& flags) {
  std::optional<std::string> network;
  for (const RunFlag& flag : flags) {
    if (flag.name != "network") continue;
    if (network) return flag_failure("--network: only one network is supported");
    const Result<std::string> name = flag_writers::network_name(flag.value);
    if (!name.ok()) return flag_failure("--network: " + name.failure().text);
    network = name.value();
  }
  return network;
}

}  // namespace containerizer

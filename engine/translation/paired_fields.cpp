#include "engine/translation/paired_fields.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "engine/translation/network_plan.h"
#include "engine/translation/run_flags/create_request.h"
#include "engine/translation/run_flags/flag_parser.h"
#include "host/format.h"
#include "host/json.h"
#include "host/text.h"

namespace containerizer {
namespace {

namespace json = boost::json;

std::int64_t number_at(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

void settle_command(const PairSources& sources, LaunchPlan& plan) {
  const auto& command = sources.command;
  const bool has_shell =
      command.shell() && !command.value().empty() && !sources.flags.of_task.command;
  if (!has_shell || !sources.flags.has("entrypoint")) return;
  json::object& body = plan.create;
  if (sources.has_docker_info && !has_flag(sources.flags.of_operator, "entrypoint")) {
    plan.notes.emplace_back(
        "the task's shell command replaces its parameter --entrypoint; set `shell` to false to use "
        "the entrypoint");
    body["Entrypoint"] = json::array{"/bin/sh"};
    body["Cmd"] = json::array{"-c", json::value(command.value())};
  } else {
    body["Cmd"] = json::array{"/bin/sh", "-c", json::value(command.value())};
  }
}

void settle_cpu(const LaunchFlags& flags, json::object& host) {
  const auto operator_sets = [&](const char* name) { return has_flag(flags.of_operator, name); };
  if (operator_sets("cpus")) {
    if (!operator_sets("cpu-quota")) host.erase("CpuQuota");
    if (!operator_sets("cpu-period")) host.erase("CpuPeriod");
  } else if (operator_sets("cpu-quota") || operator_sets("cpu-period")) {
    host.erase("NanoCpus");
  }
}

Status settle_memory(const LaunchFlags& flags, json::object& host) {
  const auto memory = number_at(host, "Memory");
  const auto both = number_at(host, "MemorySwap");
  if (memory <= 0 || both <= 0 || both >= memory) return Done{};
  // The slave adds the executor's memory, which the author of the flag did not count.
  if (!flags.has("memory")) {
    host["Memory"] = both;
    const auto soft = number_at(host, "MemoryReservation");
    if (soft > both) host["MemoryReservation"] = both;
    return Done{};
  }
  const bool is_operators = has_flag(flags.of_operator, "memory");
  if (is_operators && !has_flag(flags.of_operator, "memory-swap")) {
    host["MemorySwap"] = memory;
    return Done{};
  }
  return Failure{
      Fault::refused,
      formatted("docker run --memory-swap: its {} bytes (memory plus swap) are less than "
                "the {} bytes of memory; raise --memory-swap, or lower the memory",
                both, memory)};
}

void settle_health_check(json::object& body) {
  auto* const check = body.if_contains("Healthcheck");
  if (check == nullptr || !check->is_object()) return;
  const auto* const test = check->get_object().if_contains("Test");
  if (test != nullptr && *test == json::array{"NONE"}) *check = json::object{{"Test", *test}};
}

void note_ports(const json::object& host, LaunchPlan& plan) {
  const auto network = text_member(host, "NetworkMode");
  const auto* const bindings = object_member(host, "PortBindings");
  if (bindings == nullptr || bindings->empty() || is_separate(network)) return;
  plan.notes.push_back(
      formatted("--publish has no effect in the network {}; use a network such as bridge",
                in_quotes(network)));
}

}  // namespace

Status settle_pairs(const PairSources& sources, LaunchPlan& plan) {
  json::object& host = object_at(plan.create, "HostConfig");
  settle_command(sources, plan);
  settle_cpu(sources.flags, host);
  settle_health_check(plan.create);
  note_ports(host, plan);
  return settle_memory(sources.flags, host);
}

}  // namespace containerizer

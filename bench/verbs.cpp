// The cost of single verbs.

#include <filesystem>

#include "bench/figures.h"
#include "bench/many_ended.h"
#include "bench/peers.h"
#include "bench/slave.h"
#include "host/format.h"

namespace containerizer::bench {
namespace {

constexpr int many_live = 1'000;

}  // namespace

std::vector<Figure> usage() {
  const Slave slave("usage");
  const auto task = slave.new_task();
  run(slave.launch(task));
  await_running(task);
  run(slave.verb("usage", task));
  const auto seen = run(docker({"ps", "-q", "--filter", "name=" + task.id})).output;
  const auto id = seen.substr(0, seen.find('\n'));

  std::vector<double> cpu;
  const auto pairs = measure_by_turns(
      100,
      [&] {
        const auto ended = run(slave.verb("usage", task));
        cpu.push_back(ended.cpu_ms);
        return ended.wall_ms;
      },
      [&] {
        return run(docker({"inspect", id})).wall_ms;
      });
  slave.destroy(task);
  return {{"usage, CPU of a call", "ms", median_of(cpu), {}, {}, 3.0},
          compare("usage, against docker inspect", "ms", pairs, 0.2)};
}

std::vector<Figure> containers() {
  const Slave full("full");
  const Slave empty("empty");
  const double bytes = add_many_ended(full);
  const auto time_of = [](const Slave& slave) {
    return [&slave] { return run(slave.verb("containers")).wall_ms; };
  };
  const auto pairs = measure_by_turns(100, time_of(full), time_of(empty));
  // What people type: the time of one call, with the same record.
  const auto one = store::Store(full.database()).history(std::nullopt, 1).front().container_id;
  const auto call = [&](const std::string& command) {
    std::vector<double> times;
    constexpr int calls = 20;
    for (int i = 0; i < calls; ++i) times.push_back(run(full.verb(command)).wall_ms);
    return Figure{formatted("{} with {} ended", command.substr(0, command.find(' ')), many_ended),
                  "ms",
                  median_of(times),
                  {},
                  {},
                  50};
  };
  std::vector<Figure> figures{
      call("ps"),
      call("why " + one),
      compare(formatted("containers with {} ended, against none", many_ended), "ms", pairs, 1.2),
      {"database for an ended container", "bytes", {bytes, bytes, bytes}, {}, {}, {}}};
  // After the others, which have no live containers.
  add_live_rows(full, many_live);
  figures.push_back(call("metrics"));
  return figures;
}

std::vector<Figure> start() {
  const auto program = std::filesystem::canonical(scratch() + "/build/docker-containerizer");
  const auto empty = std::filesystem::canonical("/proc/self/exe").parent_path() / "empty-program";
  const auto time_of = [](const Command& command) {
    return [command] { return run(command).wall_ms; };
  };
  const auto pairs = measure_by_turns(500, time_of({{program, "--version"}, basic_environment()}),
                                      time_of({{empty}, basic_environment()}));
  return {compare("--version, against an empty program", "ms", pairs, 2.0)};
}

}  // namespace containerizer::bench

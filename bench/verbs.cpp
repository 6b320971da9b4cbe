// The cost of single verbs.
#include <fmt/core.h>

#include <filesystem>

#include "bench/figures.h"
#include "bench/many_ended.h"
#include "bench/peers.h"
#include "bench/slave.h"

namespace containerizer::bench {

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
  return {
      compare(fmt::format("containers with {} ended, against none", many_ended), "ms", pairs, 1.2),
      {"database for an ended container", "bytes", {bytes, bytes, bytes}, {}, {}, {}}};
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

// The recovery that a restarted slave waits for, with many recorded containers.

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "bench/figures.h"
#include "bench/many_ended.h"
#include "bench/peers.h"
#include "bench/slave.h"
#include "host/clock.h"
#include "host/file.h"
#include "host/format.h"

namespace containerizer::bench {
namespace {

int live_count() {
  const char* wanted = std::getenv("BENCH_LIVE");
  return wanted != nullptr ? std::atoi(wanted) : 100;
}

std::vector<Task> launch_all(const Slave& slave, int count) {
  std::vector<Task> tasks;
  for (int i = 0; i < count; ++i) {
    tasks.push_back(slave.new_task());
    run(slave.launch(tasks.back()));
    await_running(tasks.back());
  }
  return tasks;
}

bool has_scope(const Slave& slave, const Task& task) {
  store::Store records(slave.database());
  const auto place = formatted("/proc/{}/cgroup", records.supervisor_of(task.id).value().pid);
  return read_small_file(place).value_or("").find(".scope") != std::string::npos;
}

// First waits until each container has a supervisor, because `recover` does not wait for that.
// Throws std::runtime_error if one has none after a minute.
void kill_supervisors(const Slave& slave, const std::vector<Task>& tasks) {
  store::Store records(slave.database());
  const auto deadline = Clock::now() + std::chrono::minutes(1);
  for (const auto& task : tasks) {
    const auto supervisor = [&] { return records.supervisor_of(task.id).value().pid; };
    while (::kill(supervisor(), SIGKILL) != 0) {
      if (Clock::now() > deadline) throw std::runtime_error("no supervisor of " + task.id);
      sleep_for(Duration(5));
    }
  }
}

// The same call by a process that belongs to no service. It needs no scopes.
Command outside_of_service(Command call) {
  const std::string root = "/sys/fs/cgroup";
  const auto named = root + "/systemd";  // with cgroup v1
  const auto place = (std::filesystem::exists(named) ? named : root) + "/outside";
  std::filesystem::create_directory(place);
  call.words[2] = "echo $$ > " + place + "/cgroup.procs; " + call.words[2];
  return call;
}

}  // namespace

std::vector<Figure> recover() {
  const Slave slave("recover");
  add_many_ended(slave);
  const auto tasks = launch_all(slave, live_count());
  BareDaemon daemon;
  const auto time_of_recover = [&] { return run(slave.verb("recover")).wall_ms; };
  const auto pairs = measure_by_turns(20, time_of_recover, [&] {
    const auto begin = Clock::now();
    if (daemon.list(slave) != tasks.size()) throw std::runtime_error("containers are missing");
    return milliseconds_between(begin, Clock::now());
  });
  std::vector<double> orphaned;
  for (int round = 0; round < 5; ++round) {
    kill_supervisors(slave, tasks);
    orphaned.push_back(time_of_recover());
  }
  for (const auto& task : tasks) slave.destroy(task);
  return {compare(formatted("recover of {} live and {} ended, against a listing", tasks.size(),
                            many_ended),
                  "ms", pairs, 3.0),
          {"the same with all supervisors dead", "ms", median_of(orphaned), {}, {}, {}}};
}

std::vector<Figure> scopes() {
  const Slave slave("scopes");
  const auto tasks = launch_all(slave, live_count());
  const auto inside = slave.verb("recover");
  const auto outside = outside_of_service(inside);
  const auto time_of = [&](const Command& call) {
    kill_supervisors(slave, tasks);
    return run(call).wall_ms;
  };
  const auto pairs = measure_by_turns(
      10, [&] { return time_of(inside); }, [&] { return time_of(outside); });
  kill_supervisors(slave, tasks);
  run(inside);
  if (!has_scope(slave, tasks.back())) throw std::runtime_error("systemd has given no scope");
  for (const auto& task : tasks) slave.destroy(task);
  return {compare(
      formatted("recover of {} without supervisors, with scopes, against without", tasks.size()),
      "ms", pairs, 1.3)};
}

}  // namespace containerizer::bench

// The duration of a launch: of the verb, for which the slave waits, and until the container runs.

#include <algorithm>
#include <atomic>
#include <future>
#include <limits>
#include <memory>

#include "bench/figures.h"
#include "bench/peers.h"
#include "bench/slave.h"
#include "host/format.h"

namespace containerizer::bench {
namespace {

constexpr int rounds = 20;
constexpr int crowd_size = 50;
constexpr int crowd_rounds = 7;

// Records the moment at which the task runs, in a separate thread.
std::future<Clock::time_point> watch_for_running(const Task& task) {
  return std::async(std::launch::async, [&task] { return await_running(task); });
}

// Both in milliseconds since the start of the launch.
struct Launched {
  double verb_ended;
  double running;
};

Launched launch_one(const Slave& slave) {
  const auto task = slave.new_task();
  const auto call = slave.launch(task);
  auto running = watch_for_running(task);
  Child verb(call);
  const Launched launched{verb.finish().wall_ms,
                          milliseconds_between(verb.started(), running.get())};
  slave.destroy(task);
  return launched;
}

double run_one_by_docker(const Slave& slave) {
  const auto task = slave.new_task();
  const double wall = run(docker_run(slave, task)).wall_ms;
  await_running(task);
  docker_remove(task);
  return wall;
}

double start_one_bare(const Slave& slave, BareDaemon& daemon) {
  const auto task = slave.new_task();
  const auto body = create_body(slave, task);
  auto running = watch_for_running(task);
  const auto begin = Clock::now();
  daemon.start(task, body);
  const double time = milliseconds_between(begin, running.get());
  docker_remove(task);
  return time;
}

// --- A crowd: milliseconds from the first launch until the last container runs ---

std::vector<Task> new_crowd(const Slave& slave) {
  std::vector<Task> tasks;
  for (int i = 0; i < crowd_size; ++i) tasks.push_back(slave.new_task());
  return tasks;
}

double last_of(const std::vector<Task>& tasks, Clock::time_point begin) {
  std::vector<const Task*> all;
  for (const auto& task : tasks) all.push_back(&task);
  const auto times = await_running(all);
  return milliseconds_between(begin, *std::max_element(times.begin(), times.end()));
}

// Calls `act` for each index, with a limited number of calls at a time.
void for_each(std::size_t count, std::size_t at_a_time,
              const std::function<void(std::size_t)>& act) {
  std::atomic<std::size_t> next = 0;
  std::vector<std::future<void>> workers;
  for (std::size_t i = 0; i < at_a_time; ++i) {
    workers.push_back(std::async(std::launch::async, [&] {
      for (std::size_t index; (index = next++) < count;) act(index);
    }));
  }
  for (auto& worker : workers) worker.get();
}

double launch_crowd(const Slave& slave) {
  const auto tasks = new_crowd(slave);
  std::vector<std::unique_ptr<Child>> verbs;
  const auto begin = Clock::now();
  for (const auto& task : tasks) verbs.push_back(std::make_unique<Child>(slave.launch(task)));
  const double time = last_of(tasks, begin);
  for (auto& verb : verbs) verb->finish();
  for_each(tasks.size(), 8, [&](std::size_t i) { slave.destroy(tasks[i]); });
  return time;
}

double start_crowd_bare(const Slave& slave, std::size_t at_a_time) {
  const auto tasks = new_crowd(slave);
  std::vector<boost::json::object> bodies;
  for (const auto& task : tasks) bodies.push_back(create_body(slave, task));
  const auto begin = Clock::now();
  auto all_run = std::async(std::launch::async, [&] { return last_of(tasks, begin); });
  for_each(tasks.size(), at_a_time, [&](std::size_t i) {
    thread_local BareDaemon daemon;
    daemon.start(tasks[i], bodies[i]);
  });
  const double time = all_run.get();
  for_each(tasks.size(), 8, [&](std::size_t i) { docker_remove(tasks[i]); });
  return time;
}

}  // namespace

std::vector<Figure> launch() {
  const Slave slave("launch");
  const auto pairs = measure_by_turns(
      rounds, [&] { return launch_one(slave).verb_ended; },
      [&] { return run_one_by_docker(slave); });
  return {compare("launch, against docker run -d", "ms", pairs, 0.15)};
}

std::vector<Figure> running() {
  const Slave slave("running");
  BareDaemon daemon;
  const auto pairs = measure_by_turns(
      rounds, [&] { return launch_one(slave).running; },
      [&] { return start_one_bare(slave, daemon); });
  return {compare("launch until it runs, against create and start", "ms", pairs, 1.15)};
}

std::vector<Figure> crowd() {
  const Slave slave("crowd");
  start_crowd_bare(slave, 1);
  std::pair<double, std::size_t> best{std::numeric_limits<double>::infinity(), 0};
  for (const std::size_t at_a_time : {1, 2, 4, 8, 16, 50}) {
    best = std::min(best, {start_crowd_bare(slave, at_a_time), at_a_time});
  }
  const auto pairs = measure_by_turns(
      crowd_rounds, [&] { return launch_crowd(slave); },
      [&] { return start_crowd_bare(slave, best.second); });
  const auto what =
      formatted("{} at once, against create and start {} at a time", crowd_size, best.second);
  return {compare(what, "ms", pairs, 1.1)};
}

}  // namespace containerizer::bench

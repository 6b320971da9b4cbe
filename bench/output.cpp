// What it costs to bring a container's output into its sandbox, against attached docker commands.
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "bench/figures.h"
#include "bench/slave.h"
#include "host/clock.h"
#include "host/format.h"

namespace containerizer::bench {
namespace {

constexpr int rounds = 3;
// Supervisors share the pages of the program, so one alone would pay for all of them.
constexpr int idle_containers = 10;
constexpr Duration observed{10'000};

int number(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoi(value);
}

// The CPU time of all threads that a process has or had, in milliseconds. /proc/PID/stat counts in
// ticks of 10 ms, which is more than a supervisor needs in 10 s.
double cpu_of(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
    throw std::runtime_error(formatted("no process {}", pid));
  }
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

struct Copied {
  double wall = 0;
  double cpu = 0;
  double memory = 0;  // the supervisor's most
};

// The daemon's own log costs the same on both sides, and more than all the rest.
std::string flood() {
  return formatted("yes {} | head -c {}000000", std::string(79, 'x'),
                   number("BENCH_OUTPUT_MB", 1'000));
}

Copied copy_to_sandbox(const Slave& slave) {
  auto task = slave.new_task(flood());
  auto& container = *task.launch.mutable_executor_info()->mutable_command()->mutable_container();
  container.add_options("--log-driver=none");
  Copied copied;
  const auto begin = Clock::now();
  copied.cpu += run(slave.launch(task)).cpu_ms;
  await_running(task);  // the supervisor is on record then
  store::Store records(slave.database());
  const auto supervisor = records.supervisor_of(task.id).value().pid;
  Child wait(slave.verb("wait", task));
  while (!records.termination_of(task.id)) {
    copied.memory = std::max(copied.memory, memory_of(supervisor));
    records.close();
    sleep_for(Duration(20));
  }
  records.close();
  copied.cpu += wait.finish().cpu_ms;
  copied.wall = milliseconds_between(begin, Clock::now());
  copied.cpu += cpu_of(supervisor);
  slave.destroy(task);
  const auto size = std::filesystem::file_size(task.sandbox + "/stdout");
  if (size < 1'000'000ULL * static_cast<unsigned>(number("BENCH_OUTPUT_MB", 1'000))) {
    throw std::runtime_error("output is missing");
  }
  std::filesystem::remove(task.sandbox + "/stdout");
  return copied;
}

Copied copy_by_docker() {
  const auto file = scratch() + "/flood";
  const Command command{
      {"sh", "-c",
       "exec docker run --rm --log-driver=none busybox:test sh -c '" + flood() + "' > " + file},
      basic_environment()};
  const auto ended = run(command);
  std::filesystem::remove(file);
  return {ended.wall_ms, ended.cpu_ms, 0};
}

// 100 lines a second.
constexpr const char* trickle =
    "while sleep 0.1; do printf 'a line\\na line\\na line\\na line\\na line\\n"
    "a line\\na line\\na line\\na line\\na line\\n'; done";

double cpu_of(const std::vector<pid_t>& pids) {
  const auto sum = [&] {
    double all = 0;
    for (const auto pid : pids) all += cpu_of(pid);
    return all;
  };
  sleep_for(Duration(2'000));
  const double before = sum();
  sleep_for(observed);
  return (sum() - before) / static_cast<double>(pids.size());
}

double trickle_to_sandboxes(const Slave& slave, int count) {
  std::vector<Task> tasks;
  std::vector<pid_t> supervisors;
  for (int i = 0; i < count; ++i) {
    tasks.push_back(slave.new_task(trickle));
    run(slave.launch(tasks.back()));
    await_running(tasks.back());
    store::Store records(slave.database());
    supervisors.push_back(records.supervisor_of(tasks.back().id).value().pid);
  }
  const double cpu = cpu_of(supervisors);
  for (const auto& task : tasks) slave.destroy(task);
  return cpu;
}

double trickle_by_docker(int count) {
  std::vector<std::unique_ptr<Child>> clients;
  std::vector<pid_t> pids;
  const auto name = [](int i) { return formatted("trickle-{}", i); };
  for (int i = 0; i < count; ++i) {
    const auto words =
        formatted("exec docker run --rm --name {} busybox:test sh -c \"$1\" > {}/trickle-{}",
                  name(i), scratch(), i);
    clients.push_back(
        std::make_unique<Child>(Command{{"sh", "-c", words, "sh", trickle}, basic_environment()}));
    pids.push_back(clients.back()->pid());
    while (!std::filesystem::exists(formatted("{}/trickle-{}", scratch(), i)) ||
           std::filesystem::file_size(formatted("{}/trickle-{}", scratch(), i)) == 0) {
      sleep_for(Duration(20));
    }
  }
  const double cpu = cpu_of(pids);
  Command removal{{"docker", "rm", "-f"}, basic_environment()};
  for (int i = 0; i < count; ++i) removal.words.push_back(name(i));
  run(removal);
  return cpu;
}

}  // namespace

std::vector<Figure> output() {
  const Slave slave("output",
                    {{"CONTAINERIZER_WAIT", "late"}, {"CONTAINERIZER_REMOVE_DELAY", "1mins"}});
  std::vector<Task> idle;
  for (int i = 0; i < idle_containers; ++i) {
    idle.push_back(slave.new_task());
    run(slave.launch(idle.back()));
    await_running(idle.back());
  }
  Pairs wall;
  Pairs cpu;
  std::vector<double> memory;
  measure_by_turns(
      rounds,
      [&] {
        const auto copied = copy_to_sandbox(slave);
        wall.ours.push_back(copied.wall);
        cpu.ours.push_back(copied.cpu);
        memory.push_back(copied.memory);
        return copied.wall;
      },
      [&] {
        const auto copied = copy_by_docker();
        wall.beside.push_back(copied.wall);
        cpu.beside.push_back(copied.cpu);
        return copied.wall;
      });
  for (const auto& task : idle) slave.destroy(task);
  const int count = number("BENCH_CONTAINERS", 100);
  const Pairs trickles{{trickle_to_sandboxes(slave, count)}, {trickle_by_docker(count)}};
  return {compare("1 GB of output, against docker run > file", "ms", wall, 1.0),
          compare("CPU of the same, without the daemon's", "ms", cpu, 1.0),
          {"the supervisor's memory meanwhile, beside 10 idle ones",
           "MB",
           median_of(memory),
           {},
           {},
           3.0},
          compare(formatted("CPU of {} containers with 100 lines a second, in 10 s, each", count),
                  "ms", trickles, 0.3)};
}

}  // namespace containerizer::bench

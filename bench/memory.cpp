// The memory of the two processes of an idle container.

#include <cmath>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "bench/figures.h"
#include "bench/slave.h"
#include "host/clock.h"
#include "host/format.h"

namespace containerizer::bench {
namespace {

constexpr int container_count = 50;

// Of the process and all its descendants: `wait` runs below the slave's shell.
double memory_of_tree(pid_t pid) {
  double sum = memory_of(pid);
  std::ifstream children(formatted("/proc/{0}/task/{0}/children", pid));
  for (pid_t child = 0; children >> child;) sum += memory_of_tree(child);
  return sum;
}

struct Watched {
  Task task;
  std::unique_ptr<Child> wait;
  pid_t supervisor = 0;
};

std::vector<double> memory_of(const std::vector<Watched>& all) {
  std::vector<double> samples;
  for (const auto& one : all) {
    samples.push_back(memory_of_tree(one.wait->pid()) + memory_of_tree(one.supervisor));
  }
  return samples;
}

// The average once all processes are idle.
std::vector<double> idle_memory_of(const std::vector<Watched>& all) {
  double before = 0;
  for (int tries = 0; tries < 60; ++tries) {
    auto samples = memory_of(all);
    const double now = average_of(samples).middle;
    if (std::abs(now - before) < 0.001) return samples;
    before = now;
    sleep_for(Duration(500));
  }
  throw std::runtime_error("the processes did not become idle in time");
}

}  // namespace

std::vector<Figure> memory() {
  const Slave slave("memory", {{"CONTAINERIZER_WAIT", "late"}});
  store::Store records(slave.database());
  std::vector<Watched> all;
  for (int i = 0; i < container_count; ++i) {
    all.push_back({slave.new_task(), nullptr, 0});
    auto& one = all.back();
    run(slave.launch(one.task));
    one.wait = std::make_unique<Child>(slave.verb("wait", one.task));
    await_running(one.task);
    one.supervisor = records.supervisor_of(one.task.id).value().pid;
  }
  records.close();
  const auto samples = idle_memory_of(all);
  for (auto& one : all) {
    Child destroy(slave.verb("destroy", one.task));
    one.wait->finish();
    destroy.finish();
  }
  return {{"wait (with its shell) and supervise, idle container",
           "MB",
           average_of(samples),
           {},
           {},
           4.0}};
}

}  // namespace containerizer::bench

#include "tests/slave/checkpoint.h"

#include <fstream>
#include <iterator>

#include "tests/slave/uuid.h"

namespace containerizer::player {

namespace fs = std::filesystem;
using mesos::containerizer::Launch;

namespace {

std::string read_text(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_text(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  const fs::path fresh = path.string() + ".new";
  std::ofstream(fresh, std::ios::binary) << content;
  fs::rename(fresh, path);
}

void point(const fs::path& link, const fs::path& target) {
  fs::remove(link);
  fs::create_symlink(target, link);
}

std::string boot_id() { return read_text("/proc/sys/kernel/random/boot_id"); }

fs::path run_directory(const fs::path& slave_directory, const Launch& launch) {
  const auto& executor = launch.executor_info();
  return slave_directory / "frameworks" / executor.framework_id().value() / "executors" /
         executor.executor_id().value() / "runs" / launch.container_id().value();
}

fs::path task_directory(const fs::path& run, const mesos::TaskInfo& task) {
  return run / "tasks" / task.task_id().value();
}

CheckpointedRun read_run(const fs::path& run) {
  CheckpointedRun found;
  found.name = read_text(run / "name");
  found.launch.launch.ParseFromString(read_text(run / "launch"));
  found.completed = fs::exists(run / "executor.sentinel");
  if (fs::exists(run / "pids" / "forked.pid")) {
    found.executor_address = read_text(run / "pids" / "libprocess.pid");
  }
  for (const auto& task : fs::directory_iterator(run / "tasks")) {
    found.launch.task.ParseFromString(read_text(task.path() / "task.info"));
    std::ifstream states(task.path() / "task.updates");
    for (std::string state; std::getline(states, state);) found.states.push_back(state);
  }
  return found;
}

}  // namespace

Checkpoint::Checkpoint(fs::path work_dir) : work_dir_(std::move(work_dir)) {
  const fs::path meta = work_dir_ / "meta";
  const fs::path latest = meta / "slaves" / "latest";
  if (read_text(meta / "boot_id") == boot_id() && fs::exists(latest)) {
    slave_id_ = fs::read_symlink(latest).filename();
    return;
  }
  slave_id_ = make_uuid() + "-S0";
  write_text(meta / "slaves" / slave_id_ / "slave.info", slave_id_);
  write_text(meta / "boot_id", boot_id());
  point(latest, meta / "slaves" / slave_id_);
}

std::string Checkpoint::framework_id() const {
  return slave_id_.substr(0, slave_id_.rfind('-')) + "-0000";
}

fs::path Checkpoint::make_sandbox(const Launch& launch) const {
  fs::path sandbox = launch.directory();
  if (sandbox.empty()) sandbox = run_directory(work_dir_ / "slaves" / slave_id_, launch);
  fs::create_directories(sandbox);
  point(sandbox.parent_path() / "latest", sandbox);
  return sandbox;
}

fs::path Checkpoint::meta_run(const Launch& launch) const {
  return run_directory(work_dir_ / "meta" / "slaves" / slave_id_, launch);
}

void Checkpoint::begin(const std::string& name, const TaskLaunch& launch) const {
  if (!launch.launch.checkpoint()) return;
  const fs::path run = meta_run(launch.launch);
  const fs::path executor = run.parent_path().parent_path();
  const fs::path framework = executor.parent_path().parent_path();
  write_text(framework / "framework.info", launch.launch.user());
  write_text(executor / "executor.info", launch.launch.executor_info().SerializeAsString());
  write_text(run / "launch", launch.launch.SerializeAsString());
  write_text(run / "name", name);
  write_text(task_directory(run, launch.task) / "task.info", launch.task.SerializeAsString());
  point(run.parent_path() / "latest", run);
}

void Checkpoint::forked(const Launch& launch, pid_t pid) const {
  if (launch.checkpoint())
    write_text(meta_run(launch) / "pids" / "forked.pid", std::to_string(pid));
}

void Checkpoint::registered(const Launch& launch, const std::string& address) const {
  if (launch.checkpoint()) write_text(meta_run(launch) / "pids" / "libprocess.pid", address);
}

void Checkpoint::reached(const TaskLaunch& launch, const std::string& state) const {
  if (!launch.launch.checkpoint()) return;
  const fs::path task = task_directory(meta_run(launch.launch), launch.task);
  std::ofstream(task / "task.updates", std::ios::app) << state << '\n';
}

void Checkpoint::completed(const Launch& launch) const {
  if (launch.checkpoint()) write_text(meta_run(launch) / "executor.sentinel", "");
}

std::vector<CheckpointedRun> Checkpoint::latest_runs() const {
  std::vector<CheckpointedRun> runs;
  const fs::path slave = work_dir_ / "meta" / "slaves" / slave_id_;
  if (!fs::exists(slave / "frameworks")) return runs;
  for (const auto& framework : fs::directory_iterator(slave / "frameworks")) {
    if (!fs::exists(framework.path() / "executors")) continue;
    for (const auto& executor : fs::directory_iterator(framework.path() / "executors")) {
      const fs::path latest = executor.path() / "runs" / "latest";
      if (fs::exists(latest)) runs.push_back(read_run(latest));
    }
  }
  return runs;
}

}  // namespace containerizer::player

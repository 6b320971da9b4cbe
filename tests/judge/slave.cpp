#include "tests/judge/slave.h"

#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <cstring>
#include <regex>
#include <thread>

#include "tests/slave/launch_environment.h"
#include "tests/slave/uuid.h"

namespace containerizer::judge {

namespace {

constexpr unsigned short port = 5051;
constexpr std::size_t length_size = 4;
constexpr std::size_t longest_detail = 20'000;
// Containerizers use different variables for the sandbox.
const std::string go_to_sandbox = "cd ${MESOS_SANDBOX:-${MESOS_DIRECTORY:-.}}; ";

bool replies(const std::string& verb) {
  return verb == "containers" || verb == "usage" || verb == "wait";
}

std::uint32_t length_in(const std::string& bytes) {
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data(), std::min(bytes.size(), sizeof length));
  return length;
}

bool is_one_frame(const std::string& bytes) {
  return bytes.size() >= length_size && bytes.size() == length_size + length_in(bytes);
}

// Appends to the stderr of a sandbox, as a slave does with what a verb writes there.
std::function<void(std::string_view)> into_sandbox(const Task* task) {
  if (task == nullptr) return {};
  return [path = task->sandbox / "stderr"](std::string_view bytes) {
    const player::Fd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
    if (file.valid() && ::write(file.get(), bytes.data(), bytes.size()) < 0) return;
  };
}

template <class T>
std::string textual_as(const std::string& bytes) {
  T message;
  if (!message.ParsePartialFromString(bytes.substr(std::min(bytes.size(), length_size)))) {
    return "not a " + T::descriptor()->full_name() + ": " + shortened(bytes);
  }
  return T::descriptor()->full_name() + " {\n" + message.Utf8DebugString() + "}\n";
}

std::string what_a_slave_reads(const std::string& bytes) {
  if (bytes.size() < length_size) return "a slave would wait for the rest of a length";
  return "a slave would take its first four bytes as a length of " +
         std::to_string(length_in(bytes));
}

}  // namespace

std::string frame_of(const google::protobuf::Message& message) {
  const auto body = message.SerializePartialAsString();
  const auto length = static_cast<std::uint32_t>(body.size());
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + body;
}

// All messages have the container's ID in the same field.
std::string frame_for(const std::string& container_id) {
  mesos::containerizer::Wait message;
  message.mutable_container_id()->set_value(container_id);
  return frame_of(message);
}

std::string update_frame(const std::string& id, const Words& resources) {
  mesos::containerizer::Update update;
  update.mutable_container_id()->set_value(id);
  for (const auto& [name, value] : resources) {
    *update.add_resources() =
        name == "ports" ? player::port_ranges(value) : player::scalar(name, std::stod(value));
  }
  return frame_of(update);
}

std::string Ended::text() const {
  const auto how = status > 128 ? "killed by signal " + std::to_string(status - 128)
                                : "exit status " + std::to_string(status);
  return how + (err.empty() ? "" : ", stderr: " + shortened(err));
}

Slave::Slave(Stage& stage, const std::string& release, fs::path work_directory) : stage_(stage) {
  options_.containerizer_path = stage.setting().containerizer;
  options_.work_dir = std::move(work_directory);
  options_.launcher_dir = stage.launcher(release);
  options_.mesos = *player::parse_version(release);
  environment_ = player::verb_environment(
      player::slave_environment(options_, this->release(), port), options_);
}

Task& Slave::adopt(const std::string& id, const fs::path& sandbox) {
  return tasks_.emplace_back(Task{id, sandbox});
}

Draft Slave::draft(const std::string& script, const Words& words) {
  Words all = words;
  bool has_image = false, has_command = false;
  for (const auto& [key, value] : words) {
    has_image = has_image || key == "image";
    has_command = has_command || key == "command" || key == "shell";
  }
  if (!has_image) all.emplace_back("image", plain_image);
  if (!has_command)
    all.emplace_back("command", ": " + stage_.mark() + "; " + go_to_sandbox + script);
  all.emplace_back("env", "JUDGE_TASK=" + stage_.mark());
  const player::Identity identity{"S0", "slave(1)@127.0.0.1:" + std::to_string(port),
                                  "F0", "root",
                                  true, options_.launcher_dir};
  const auto name = "executor-" + std::to_string(tasks_.size() + 1);
  auto made =
      player::custom_task(name, player::parse_draft(all, release()), identity, release()).launch;
  const auto id = player::make_uuid();
  const auto sandbox = options_.work_dir / "slaves/S0/frameworks/F0/executors" / name / "runs" / id;
  made.mutable_container_id()->set_value(id);
  made.set_directory(sandbox);
  Draft draft{made, player::launch_environment(environment_, options_, release(), made)};
  return draft;
}

Task& Slave::launch(const Draft& draft) {
  fs::create_directories(draft.message.directory());
  auto& task = adopt(draft.message.container_id().value(), draft.message.directory());
  demand("launch", frame_of(draft.message), &task, &draft.environment);
  return task;
}

Task& Slave::start(const std::string& script, const Words& words) {
  auto& task = run("echo up > up; " + script, words);
  stage_.eventually(
      "the program of the task runs", [&] { return !read_file(task.sandbox / "up").empty(); },
      [&] { return "its stderr is \"" + shortened(task.err()) + "\""; });
  return task;
}

pid_t Slave::process_of(const Task& task) {
  pid_t found = 0;
  const std::string mark = stage_.mark();
  stage_.eventually("a process of the task is in a container of its own", [&] {
    for (const auto& one : contained_processes(mark)) {
      if (found == 0 || one.pid < found) found = one.pid;
    }
    return found != 0;
  });
  stage_.note("the task of " + task.id + " is process " + std::to_string(found));
  return found;
}

std::string Slave::textual(const std::string& verb, const std::string& frame, bool request) const {
  if (frame.empty()) return "";
  std::string text = "not a message: " + shortened(frame);
  if (request && verb == "launch") text = textual_as<Launch>(frame);
  if (request && verb == "update") text = textual_as<mesos::containerizer::Update>(frame);
  if (request && (verb == "wait" || verb == "usage" || verb == "destroy")) {
    text = textual_as<mesos::containerizer::Wait>(frame);
  }
  if (!request && verb == "wait") text = textual_as<Termination>(frame);
  if (!request && verb == "usage") text = textual_as<ResourceStatistics>(frame);
  if (!request && verb == "containers") text = textual_as<mesos::containerizer::Containers>(frame);
  return text.substr(0, longest_detail);
}

std::unique_ptr<Process> Slave::begin(const std::string& verb, const std::string& bytes,
                                      const Task* task, const player::Environment* environment) {
  player::Call call{verb, std::nullopt, replies(verb), std::nullopt,
                    environment != nullptr ? *environment : environment_};
  if (task != nullptr) call.sandbox = player::Sandbox{task->sandbox, ""};
  stage_.note("begin " + verb, textual(verb, bytes, true));
  auto process = stage_.host().begin(prefix_ + options_.containerizer_path, release(), call,
                                     into_sandbox(task));
  process->send(bytes);
  return process;
}

void Slave::check_output(const std::string& verb, const Ended& ended) {
  if (!replies(verb)) {
    stage_.expect(ended.out.empty(), verb + " writes nothing to its standard output",
                  "\"" + shortened(ended.out, 100) +
                      "\" on standard output. A slave never reads it, and a full pipe blocks the "
                      "writer. Point descriptor 1 at stderr when the program starts");
  } else if (ended.status == 0) {
    stage_.expect(
        is_one_frame(ended.out), verb + " writes one frame and nothing else to its standard output",
        ended.out.empty() ? "nothing"
                          : "\"" + shortened(ended.out, 100) +
                                "\" on standard output: " + what_a_slave_reads(ended.out) +
                                ". Keep descriptor 1 for the frame alone");
  }
}

Ended Slave::end(Process& process, const std::string& verb) {
  const auto begun = Clock::now();
  const bool in_time = process.await_end(stage_.limit());
  const auto took = Clock::now() - begun;
  if (!in_time) {
    stage_.note(verb + " does not end", process.err(), took);
    throw Fault{
        verb + " ends within " + std::to_string(std::lround(stage_.limit().count())) + " s",
        "it still runs" + (process.err().empty() ? "" : ", stderr: " + shortened(process.err()))};
  }
  Ended ended{*process.ended(), process.out(), process.err()};
  stage_.note(verb + ": " + ended.text(), textual(verb, ended.out, false), took);
  check_output(verb, ended);
  return ended;
}

Ended Slave::call(const std::string& verb, const std::string& bytes, const Task* task,
                  const player::Environment* environment) {
  const auto process = begin(verb, bytes, task, environment);
  return end(*process, verb);
}

Ended Slave::demand(const std::string& verb, const std::string& bytes, const Task* task,
                    const player::Environment* environment) {
  auto ended = call(verb, bytes, task, environment);
  stage_.expect(ended.status == 0, verb + " exits with 0", ended.text());
  return ended;
}

std::set<std::string> Slave::containers() {
  mesos::containerizer::Containers message;
  const auto ended = demand("containers");
  stage_.expect(message.ParseFromString(ended.out.substr(length_size)),
                "the reply of containers is a Containers message", shortened(ended.out));
  std::set<std::string> ids;
  for (const auto& one : message.containers()) {
    stage_.expect(ids.insert(one.value()).second, "containers lists each container once",
                  one.value() + " is there twice");
  }
  return ids;
}

Termination Slave::termination_in(const Ended& ended) {
  Termination message;
  stage_.expect(ended.status == 0, "wait exits with 0", ended.text());
  stage_.expect(message.ParseFromString(ended.out.substr(length_size)),
                "the reply of wait is a Termination", shortened(ended.out));
  return message;
}

Termination Slave::wait(Task& task) {
  auto message = termination_in(demand("wait", frame_for(task.id), &task));
  task.over = true;
  return message;
}

ResourceStatistics Slave::usage(const Task& task) {
  ResourceStatistics message;
  const auto ended = demand("usage", frame_for(task.id), &task);
  stage_.expect(message.ParseFromString(ended.out.substr(length_size)),
                "the reply of usage is a ResourceStatistics", shortened(ended.out));
  return message;
}

void Slave::update(const Task& task, const Words& resources) {
  demand("update", update_frame(task.id, resources), &task);
}

void Slave::destroy(Task& task) {
  demand("destroy", frame_for(task.id), &task);
  task.over = true;
}

Player::Player(Slave& slave, const std::string& flags) : slave_(slave) {
  const auto& setting = slave.stage().setting();
  const auto version = slave.release().version();
  const auto release = std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
                       std::to_string(version.patch);
  process_ = slave.stage().host().begin(
      "exec " + shell_quoted(setting.stand_ins / "slave-player") + " --containerizer_path=" +
      shell_quoted(setting.containerizer) + " --work_dir=" + shell_quoted(slave.work_directory()) +
      " --launcher_dir=" + shell_quoted(slave.stage().launcher(release)) + " --mesos=" + release +
      " " + flags);
  expect("ready .*");
}

void Player::say(const std::string& command) {
  slave_.stage().note("slave: " + command);
  process_->send(command + "\n");
}

Task Player::launch(const std::string& name, const std::string& words, const std::string& command) {
  say(command + " " + name + " " + words + " env=JUDGE_TASK=" + slave_.stage().mark());
  const auto found = expect("launching " + name + " container_id=(\\S+) sandbox=(\\S+)");
  return {found[0], found[1]};
}

Task Player::run(const std::string& name, const std::string& script) {
  return launch(name, "image=" + plain_image + " command=" + shell_quoted(go_to_sandbox + script));
}

std::vector<std::string> Player::expect(const std::string& pattern) {
  const std::regex regex(pattern);
  const auto deadline = Clock::now() + slave_.stage().limit();
  for (;;) {
    for (const auto& line : events_.add(process_->out())) {
      slave_.stage().note("slave says: " + line);
    }
    if (auto groups = events_.take(regex)) return *groups;
    if (process_->ended() || Clock::now() > deadline) {
      throw Fault{"the slave reports: " + pattern,
                  "it reports: " + shortened(process_->out() + process_->err(), 2000)};
    }
    process_->pump(deadline - Clock::now());
  }
}

void Player::die() {
  slave_.stage().note("the slave is killed");
  ::kill(process_->pid(), SIGKILL);
  process_->await_end(slave_.stage().limit());
}

}  // namespace containerizer::judge

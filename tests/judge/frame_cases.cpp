// Verbs and frames: how every verb reads and writes.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cmath>

#include "tests/judge/plays.h"

namespace containerizer::judge {

namespace {

const std::string group = "verbs and frames";

// A whole life under a slave. Each call checks standard output and the exit status.
void live(Slave& slave) {
  slave.recover();
  expect_listed(slave, {});
  auto& task = slave.start(until_go);
  slave.update(task, {{"cpus", "0.2"}, {"mem", "64"}});
  slave.usage(task);
  let_go(task);
  expect_end(slave, task, exited(7));
  slave.demand("destroy", frame_for(task.id), &task);
  expect_listed(slave, {});
}

void reads_without_an_end(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  for (const std::string verb : {"update", "usage", "destroy"}) {
    const auto frame = verb == "update" ? update_frame(task.id, {}) : frame_for(task.id);
    slave.demand(verb, frame, &task);
  }
  slave.wait(task);
}

// The slave writes while the program may fail already.
void reads_everything(Stage& stage) {
  constexpr std::size_t much = 1U << 20U;
  auto& slave = stage.new_slave("0.26.2");
  const auto draft = slave.draft("exit 0", {{"data", std::string(much, 'x')}});
  fs::create_directories(draft.message.directory());
  auto& task = slave.adopt(draft.message.container_id().value(), draft.message.directory());
  const auto launch = slave.begin("launch", frame_of(draft.message), &task, &draft.environment);
  const auto ended = slave.end(*launch, "launch");
  stage.expect(launch->has_read_everything(), "launch reads the whole request",
               "it ended or closed its standard input before; an old slave dies of SIGPIPE then");
  stage.expect(ended.status == 0, "launch exits with 0", ended.text());
  expect_end(slave, task, exited(0));
}

void reads_unknown_ids(Stage& stage) {
  auto& slave = stage.new_slave("0.26.2");
  for (const std::string verb : {"update", "usage", "wait", "destroy"}) {
    const auto process = slave.begin(verb, frame_for("never-launched"));
    slave.end(*process, verb);
    stage.expect(process->has_read_everything(), verb + " reads its request before it fails",
                 "it does not read it");
  }
}

void closes_pipes(Stage& stage) {
  auto& slave = stage.new_slave();
  const auto draft = slave.draft("echo up > up; " + until_go);
  fs::create_directories(draft.message.directory());
  auto& task = slave.adopt(draft.message.container_id().value(), draft.message.directory());
  const auto launch = slave.begin("launch", frame_of(draft.message), &task, &draft.environment);
  const auto ended = slave.end(*launch, "launch");
  stage.expect(ended.status == 0, "launch exits with 0", ended.text());
  stage.eventually(
      "no process keeps the standard output of launch open",
      [&] {
        launch->pump(Seconds(0.01));
        return launch->has_closed_output();
      },
      [] { return std::string("a process that launch has started keeps the pipe open"); });
  stage.eventually(
      "no process keeps the standard error of launch open",
      [&] {
        launch->pump(Seconds(0.01));
        return launch->has_closed_errors();
      },
      [] { return std::string("a process that launch has started keeps the pipe open"); });
  stage.eventually("the program of the task runs", [&] { return fs::exists(task.sandbox / "up"); });
}

bool holds(pid_t pid, const fs::path& file) {
  std::error_code gone;
  for (const auto& fd : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone)) {
    if (fs::read_symlink(fd.path(), gone) == file) return true;
  }
  return false;
}

void closes_inherited(Stage& stage) {
  const auto file = stage.scratch() / "inherited";
  const player::Fd inherited(::open(file.c_str(), O_RDWR | O_CREAT, 0600));
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  stage.eventually("no process that launch leaves has the slave's descriptors", [&] {
    for (const auto& one : descendants(::getpid())) {
      if (holds(one.pid, file)) return false;
    }
    return true;
  });
  let_go(task);
  slave.wait(task);
}

void without_home(Stage& stage) {
  auto& slave = stage.new_slave();
  slave.environment().erase("HOME");
  try {
    live(slave);
  } catch (const Fault& fault) {
    throw Fault{"everything works without HOME; a service of systemd has none",
                "without HOME, this rule is broken: " + fault.expected + "; seen: " + fault.seen};
  }
}

void termination_fields(Stage& stage) {
  auto& slave = stage.new_slave("0.25.1");
  auto& task = slave.run("exit 3");
  const auto termination = slave.wait(task);
  stage.expect(termination.has_killed() && termination.has_message() && termination.has_status(),
               "a Termination has killed, message and status", termination.ShortDebugString());
  stage.expect(!termination.killed(), "killed is false: no limit was enforced", "killed is true");
}

void usage_timestamp(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  const auto usage = slave.usage(task);
  const auto now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch());
  stage.expect(std::abs(usage.timestamp() - now.count()) < 60,
               "the timestamp of usage is the time now", std::to_string(usage.timestamp()));
}

void leaves_alone(Stage& stage) {
  auto& slave = stage.new_slave();
  stage.command("docker create --name judge-foreign --network none " + plain_image);
  const auto foreign = stage.new_containers();
  live(slave);
  stage.expect(stage.new_containers() == foreign, "the foreign container still exists",
               "it is gone");
  stage.command("docker rm -f judge-foreign");
}

}  // namespace

Cases frame_cases() {
  const std::string discipline =
      "Standard output carries frames only; a slave takes each byte "
      "before one as a part of its length.";
  return {
      {"recover and containers work before the first launch", group,
       "A slave calls both at every start; a failure ends the slave.", "2.1",
       [](Stage& stage) {
         auto& slave = stage.new_slave();
         slave.recover();
         expect_listed(slave, {});
       }},
      {"nothing but one frame is written to stdout in a whole life", group, discipline, "1.3",
       [](Stage& stage) { live(stage.new_slave()); }},
      {"containers does not read its stdin", group,
       "The slave never writes to the stdin of recover and containers, and does not close it.",
       "1.2",
       [](Stage& stage) {
         auto& slave = stage.new_slave();
         slave.demand("recover");
         slave.demand("containers");
       }},
      {"a request is read without waiting for the end of stdin", group,
       "The slave keeps stdin open until it has reaped the process: read exactly 4+N bytes.", "1.2",
       reads_without_an_end},
      {"a request of 1 MiB is read completely", group,
       "A program that exits before it has read its request kills slaves before 0.27.", "1.3",
       reads_everything},
      {"a request for an unknown container is read completely", group,
       "A program that exits before it has read its request kills slaves before 0.27.", "1.3",
       reads_unknown_ids},
      {"launch leaves no process that keeps its pipes", group,
       "A process that keeps descriptor 1 blocks a thread of the slave for good.", "1.6",
       closes_pipes},
      {"launch leaves no process with the slave's descriptors", group,
       "A helper that stays closes every descriptor from 3 on.", "1.3", closes_inherited},
      {"everything works where SIGPIPE is not ignored", group,
       "Slaves before 0.27 leave SIGPIPE at its default.", "1.3",
       [](Stage& stage) { live(stage.new_slave("0.26.2")); }},
      {"everything works where SIGPIPE is ignored", group,
       "Slaves from 0.27 on ignore SIGPIPE, and the program inherits that.", "1.3",
       [](Stage& stage) { live(stage.new_slave("0.27.0")); }},
      {"everything works without HOME", group,
       "A program gets the slave's environment, which may have no HOME.", "1.4", without_home},
      {"a Termination has the fields that old slaves require", group,
       "Up to 0.25.1, killed and message are required.", "3.1", termination_fields},
      {"usage has the time of now", group, "Every release requires a valid timestamp.", "4.6",
       usage_timestamp},
      {"a container that others have created stays", group,
       "A slave destroys what containers lists: never list what the program did not create.", "2.1",
       leaves_alone},
  };
}

}  // namespace containerizer::judge

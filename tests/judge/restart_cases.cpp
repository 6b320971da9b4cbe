// Restarts of slave, daemon and host, and command tasks under each kind of release.
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "tests/judge/plays.h"

namespace containerizer::judge {

namespace {

const std::string group = "restarts of slave, daemon and host";
const std::string releases = "releases of Mesos";

// --- The slave ---

void running_task(Stage& stage, const std::string& release) {
  auto& slave = stage.new_slave(release);
  Player first(slave);
  const auto task =
      first.run("task", "echo ran >> ran; until [ -e go ]; do sleep 0.05; done; echo went");
  first.expect("status task TASK_RUNNING .*");
  first.die();
  Player second(slave);
  second.expect("reregistered task");
  let_go(task);
  second.expect("status task TASK_FINISHED source=EXECUTOR .*");
  second.expect("termination task .*");
  second.say("containers");
  second.expect("containers 0");
  expect_equal<std::string>(stage, "the file to which each start adds a line", "ran\n",
                            read_file(task.sandbox / "ran"));
}

void ended_task(Stage& stage) {
  auto& slave = stage.new_slave();
  Player first(slave);
  const auto task = first.launch(
      "task",
      "image=" + plain_image + " command=" +
          shell_quoted(
              "cd $MESOS_SANDBOX; echo up > up; until [ -e go ]; do sleep 0.05; done; exit 7"),
      "launch-custom");
  stage.eventually("the task runs", [&] { return fs::exists(task.sandbox / "up"); });
  first.die();
  let_go(task);
  stage.eventually("the task has ended", [&] { return contained_processes(stage.mark()).empty(); });
  Player second(slave);
  const auto termination = second.expect("termination task (.*)")[0];
  stage.expect(termination.find("status=1792") != std::string::npos,
               "the new slave learns status 1792", termination);
}

void orphan(Stage& stage) {
  auto& slave = stage.new_slave();
  Player first(slave);
  const auto task = first.run("task", forever);
  first.expect("status task TASK_RUNNING .*");
  slave.process_of(task);
  first.die();
  fs::remove_all(slave.work_directory() / "meta");
  stage.note("the slave's checkpoints are removed");
  Player second(slave);
  second.expect("orphan " + task.id);
  second.expect("destroyed " + task.id + " exit=0");
  expect_dead(stage);
}

void stopped_with_helpers(Stage& stage) {
  auto& slave = stage.new_slave();
  Player first(slave);
  const auto task = first.launch(
      "task", "image=" + plain_image + " command=" + shell_quoted(forever), "launch-custom");
  first.expect("launched task .*");
  slave.process_of(task);
  first.die();
  kill_helpers(stage);
  Player second(slave);
  second.say("destroy task");
  second.expect("destroyed task exit=0");
  expect_dead(stage);
}

// --- The daemon: only a private one, which bin/daemon has started ---

class PrivateDaemon {
 public:
  explicit PrivateDaemon(Stage& stage) : stage_(stage) {
    const char* directory = std::getenv("TEST_DOCKER_DIR");
    const char* tool = std::getenv("JUDGE_DAEMON_TOOL");
    if (directory == nullptr || tool == nullptr) {
      throw Skipped{"this needs a private daemon, which bin/judge starts by default"};
    }
    directory_ = directory;
    tool_ = tool;
  }

  // The next case needs it.
  ~PrivateDaemon() {
    try {
      if (is_dead_) start();
    } catch (const std::exception& error) {
      stage_.note(std::string("cannot start the daemon again: ") + error.what());
    }
  }
  PrivateDaemon(const PrivateDaemon&) = delete;
  PrivateDaemon& operator=(const PrivateDaemon&) = delete;

  void kill(int signal) {
    const auto pid = static_cast<pid_t>(std::stol(read_file(directory_ + "/docker.pid")));
    stage_.note("the daemon gets signal " + std::to_string(signal));
    ::kill(pid, signal);
    is_dead_ = true;
    stage_.eventually("the daemon is dead", [&] { return !host_processes().contains(pid); });
  }
  // The power fails: all processes of containers die.
  void halt() { tell("halt"); }
  // The daemon becomes a child of init, and not of this process.
  void start() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    tell("start");
    is_dead_ = false;
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }

 private:
  void tell(const std::string& what) {
    stage_.command(shell_quoted(tool_) + " " + what + " " + shell_quoted(directory_));
  }

  Stage& stage_;
  std::string directory_, tool_;
  bool is_dead_ = false;
};

// A daemon that dies in the middle of a start may lose the container, whatever the containerizer
// does.
void await_known(Stage& stage) {
  stage.eventually("the daemon knows that the task runs",
                   [&] { return !stage.host().run("docker ps -q").empty(); });
}

void daemon_restarted(Stage& stage, int signal) {
  PrivateDaemon daemon(stage);
  auto& slave = stage.new_slave();
  auto& task =
      slave.start("echo before; until [ -e speak ]; do sleep 0.05; done; echo after; " + until_go);
  slave.process_of(task);
  await_known(stage);
  daemon.kill(signal);
  daemon.start();
  write_file(task.sandbox / "speak", "");
  slave.recover();
  expect_listed(slave, {task.id});
  let_go(task);
  expect_end(slave, task, exited(7));
  expect_equal<std::string>(stage, "the file stdout of the sandbox", "before\nafter\n", task.out());
}

void ended_without_daemon(Stage& stage) {
  PrivateDaemon daemon(stage);
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  slave.process_of(task);
  const auto wait = slave.begin("wait", frame_for(task.id), &task);
  await_known(stage);
  daemon.kill(SIGKILL);
  let_go(task);
  stage.eventually("the task has ended", [&] { return contained_processes(stage.mark()).empty(); });
  daemon.start();
  const auto termination = slave.termination_in(slave.end(*wait, "wait"));
  // Some daemons lose the exit code of a container that ends without them.
  stage.expect(termination.has_status(), "wait replies with a status", text_of(termination));
  task.over = true;
}

// The truth is unknown, or known otherwise; an empty list is a lie.
void listed_without_daemon(Stage& stage) {
  PrivateDaemon daemon(stage);
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  await_known(stage);
  daemon.kill(SIGKILL);
  const auto ended = slave.call("containers");
  const bool lists = ended.out.find(task.id) != std::string::npos;
  daemon.start();
  stage.expect(ended.status != 0 || lists,
               "containers fails, or lists the task, while the daemon is dead",
               "it exits with 0 and does not list the task");
  let_go(task);
  expect_end(slave, task, exited(7));
}

void launched_without_daemon(Stage& stage) {
  PrivateDaemon daemon(stage);
  auto& slave = stage.new_slave();
  daemon.kill(SIGKILL);
  const auto draft = slave.draft("echo ran >> ran; exit 7");
  fs::create_directories(draft.message.directory());
  auto& task = slave.adopt(draft.message.container_id().value(), draft.message.directory());
  const auto ended = slave.call("launch", frame_of(draft.message), &task, &draft.environment);
  daemon.start();
  if (ended.status != 0) return;
  const auto termination = slave.wait(task);
  const auto ran = read_file(task.sandbox / "ran");
  stage.expect(termination.status() == (ran.empty() ? termination.status() : exited(7)) &&
                   (!ran.empty() || termination.status() != 0),
               "the task runs once the daemon is back, or is reported as failed",
               text_of(termination) + (ran.empty() ? ", it never ran" : ", it ran"));
}

// --- The host ---

void host_restarted(Stage& stage) {
  PrivateDaemon daemon(stage);
  auto& slave = stage.new_slave();
  auto& task = slave.start("echo ran >> ran; " + until_go);
  slave.process_of(task);
  kill_helpers(stage);
  await_known(stage);
  daemon.kill(SIGKILL);
  daemon.halt();
  const auto boot = stage.scratch() / "boot_id";
  write_file(boot, "11111111-2222-3333-4444-555555555555\n");
  slave.set_prefix("unshare -m sh -c 'mount --bind " + boot.string() +
                   " /proc/sys/kernel/random/boot_id && exec \"$@\"' sh ");
  stage.note("the kernel has another boot ID");
  daemon.start();
  slave.recover();
  const auto listed = slave.containers();
  if (listed.contains(task.id)) {
    const auto termination = slave.termination_in(slave.call("wait", frame_for(task.id)));
    stage.expect(termination.status() != 0, "the task is not reported as finished",
                 text_of(termination));
    slave.demand("destroy", frame_for(task.id));
  }
  task.over = true;
  expect_listed(slave, {});
  expect_equal<std::string>(stage, "the file to which each start adds a line", "ran\n",
                            read_file(task.sandbox / "ran"));
}

// --- Releases ---

void command_task(Stage& stage, const std::string& release) {
  auto& slave = stage.new_slave(release);
  Player player(slave);
  const auto task = player.run("task", "echo printed; exit 0");
  const auto failing = player.run("failing", "exit 3");
  player.expect("status task TASK_FINISHED source=EXECUTOR .*");
  player.expect("status failing TASK_FAILED source=EXECUTOR .*");
  player.expect("termination task .*");
  player.expect("termination failing .*");
  stage.expect(task.out().find("printed\n") != std::string::npos, "stdout has the task's line",
               "\"" + shortened(task.out()) + "\"");
  player.say("containers");
  player.expect("containers 0");
}

void killed_task(Stage& stage, const std::string& release) {
  auto& slave = stage.new_slave(release);
  Player player(slave);
  const auto task = player.run("task", until_go);
  player.expect("status task TASK_RUNNING .*");
  stage.eventually("the task runs", [&] { return !contained_processes(stage.mark()).empty(); });
  player.say("kill task");
  player.expect("status task TASK_KILLED source=EXECUTOR .*");
  player.expect("termination task .*");
  expect_dead(stage);
}

}  // namespace

Cases restart_cases() {
  Cases cases;
  for (const std::string release : {"0.19.1", "0.23.1", "1.0.4"}) {
    cases.push_back({"a running task survives the death of its slave (" + release + ")", group,
                     "The new slave calls recover, containers and wait, and never launch.", "2.3",
                     [=](Stage& stage) { running_task(stage, release); }});
  }
  const std::string live = "Containers survive a restart of the daemon with live-restore.";
  const Cases more{
      {"a task that ended while the slave was dead is reported", group,
       "Only a listed container can deliver its termination.", "2.1", ended_task},
      {"an orphan is destroyed by the next slave", group,
       "What the slave does not know is waited for and destroyed, without a sandbox.", "2.1",
       orphan},
      {"a slave that stops with all helpers can still destroy its task", group,
       "systemd may kill all processes of the slave's service.", "2.2", stopped_with_helpers},
      {"a task survives the death of the daemon", group, live, "10",
       [](Stage& stage) { daemon_restarted(stage, SIGKILL); }},
      {"a task survives a restart of the daemon", group, live, "10",
       [](Stage& stage) { daemon_restarted(stage, SIGTERM); }},
      {"wait outlasts the death of the daemon", group,
       "wait must never fail while the container "
       "runs.",
       "1.7", ended_without_daemon},
      {"containers does not lie while the daemon is dead", group,
       "If the daemon cannot be asked, exit with non-zero instead of an empty list.", "2.1",
       listed_without_daemon},
      {"a launch while the daemon is dead is reported", group,
       "Report problems after launch through wait, with a message.", "1.7",
       launched_without_daemon},
      {"after a restart of the host, nothing is left and nothing runs twice", group,
       "The checkpoint is ignored; everything listed is an orphan, and long dead.", "2.3",
       host_restarted},
  };
  cases.insert(cases.end(), more.begin(), more.end());
  return cases;
}

Cases release_cases() {
  Cases cases;
  for (const std::string release :
       {"0.19.1", "0.20.1", "0.22.2", "0.23.1", "0.25.1", "0.26.2", "0.28.3", "1.0.4"}) {
    cases.push_back({"command tasks finish and fail under Mesos " + release, releases,
                     "The final status is mesos-executor's; wait replies after its exit.", "6.2",
                     [=](Stage& stage) { command_task(stage, release); }});
  }
  for (const std::string release : {"0.19.1", "0.28.3", "1.0.4"}) {
    cases.push_back({"a command task can be killed under Mesos " + release, releases,
                     "The observer exits with non-zero, and the container ends.", "6.2",
                     [=](Stage& stage) { killed_task(stage, release); }});
  }
  return cases;
}

}  // namespace containerizer::judge

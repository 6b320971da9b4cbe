// Which containers there are: containers, recover and wait, and two slaves on one host.
#include <unistd.h>

#include <csignal>

#include "tests/judge/plays.h"
#include "tests/slave/killtree.h"

namespace containerizer::judge {

namespace {

const std::string group = "containers and recover";
const std::string two = "two slaves on one host";

// No process tells that a task has ended but the task: the output shows how far it has come.
void await_end_of(Stage& stage, const Task&) {
  stage.eventually("the task has ended", [&] { return contained_processes(stage.mark()).empty(); });
}

void lists_living(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& one = slave.start(until_go);
  expect_listed(slave, {one.id});
  auto& other = slave.start(until_go);
  auto& last = slave.start(until_go);
  expect_listed(slave, {one.id, other.id, last.id});
  slave.destroy(other);
  expect_listed(slave, {one.id, last.id});
}

// Lets the task end, with 7. The slave learns of it after a restart.
void expect_end_after_recover(Stage& stage, Slave& slave, Task& task) {
  let_go(task);
  await_end_of(stage, task);
  slave.recover();
  expect_listed(slave, {task.id});
  expect_end(slave, task, exited(7));
  expect_listed(slave, {});
}

void lists_ended(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  slave.process_of(task);
  expect_end_after_recover(stage, slave, task);
}

void foreign_container(Stage& stage) {
  auto& slave = stage.new_slave();
  stage.command("docker run -d --name judge-foreign --network none " + plain_image +
                " sleep 1000000");
  slave.recover();
  expect_listed(slave, {});
  stage.expect(!stage.command("docker ps -q --filter name=judge-foreign").empty(),
               "the foreign container runs", "it does not");
  stage.command("docker rm -f judge-foreign");
}

void recover_twice(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start("echo ran >> ran; " + until_go);
  const auto pid = slave.process_of(task);
  for (int i = 0; i < 3; ++i) slave.recover();
  expect_listed(slave, {task.id});
  stage.expect(slave.process_of(task) == pid, "the same process still runs", "another one runs");
  let_go(task);
  expect_end(slave, task, exited(7));
  expect_equal<std::string>(stage, "the file to which each start adds a line", "ran\n",
                            read_file(task.sandbox / "ran"));
}

void recover_adopts(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start("until [ -e speak ]; do sleep 0.05; done; echo spoken; " + until_go);
  slave.process_of(task);
  kill_helpers(stage);
  slave.recover();
  write_file(task.sandbox / "speak", "");
  stage.eventually(
      "what the task writes after recover is in its sandbox",
      [&] { return task.out().find("spoken\n") != std::string::npos; },
      [&] { return "stdout has \"" + shortened(task.out()) + "\""; });
  expect_listed(slave, {task.id});
  let_go(task);
  expect_end(slave, task, exited(7));
}

void end_without_helpers(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  slave.process_of(task);
  kill_helpers(stage);
  expect_end_after_recover(stage, slave, task);
}

void waits_for_end(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  const auto wait = slave.begin("wait", frame_for(task.id), &task);
  // Nothing shows that a process will go on waiting. These calls take some time.
  for (int i = 0; i < 3; ++i) {
    slave.demand("update", update_frame(task.id, {}), &task);
    expect_listed(slave, {task.id});
    wait->pump(Seconds(0.05));
    stage.expect(!wait->ended(), "wait runs until the task has ended",
                 "it has ended: " + shortened(wait->out() + wait->err()));
  }
  let_go(task);
  const auto termination = slave.termination_in(slave.end(*wait, "wait"));
  stage.expect(termination.status() == exited(7), "wait reports status 1792", text_of(termination));
  task.over = true;
}

void same_answer(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("exit 5");
  const auto first = expect_end(slave, task, exited(5));
  for (int i = 0; i < 2; ++i) {
    const auto again = slave.wait(task);
    stage.expect(again.SerializeAsString() == first.SerializeAsString(),
                 "each wait has the same reply: " + text_of(first), text_of(again));
  }
}

void two_waits(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  const auto one = slave.begin("wait", frame_for(task.id), &task);
  const auto other = slave.begin("wait", frame_for(task.id), &task);
  let_go(task);
  for (auto* each : {one.get(), other.get()}) {
    const auto termination = slave.termination_in(slave.end(*each, "wait"));
    stage.expect(termination.status() == exited(7), "both waits report status 1792",
                 text_of(termination));
  }
  task.over = true;
}

void wait_for_unknown(Stage& stage) {
  auto& slave = stage.new_slave();
  const auto termination = slave.termination_in(slave.call("wait", frame_for("never-launched")));
  stage.expect(!termination.killed(), "killed is false", text_of(termination));
}

// What the slave does with the wait of a container that it has destroyed.
void killed_wait(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  for (int i = 0; i < 2; ++i) {
    const auto wait = slave.begin("wait", frame_for(task.id), &task);
    wait->pump(Seconds(0.1));
    player::killtree(wait->pid(), SIGKILL, true);
    stage.expect(wait->await_end(stage.limit()), "wait is dead", "it lives");
  }
  stage.note("the tree of wait was killed twice, with its groups and sessions");
  let_go(task);
  expect_end(slave, task, exited(7));
}

void wait_without_reader(Stage& stage, const std::string& release) {
  auto& slave = stage.new_slave(release);
  auto& task = slave.start(until_go);
  const auto wait = slave.begin("wait", frame_for(task.id), &task);
  wait->pump(Seconds(0.1));
  wait->close_output();
  stage.note("the reader of wait is gone, as that of a dead slave");
  let_go(task);
  stage.expect(wait->await_end(stage.limit()), "wait ends", "it still runs");
  slave.recover();
  expect_listed(slave, {task.id});
  expect_end(slave, task, exited(7));
  expect_listed(slave, {});
}

// The rest of this case is in conclude(), as in every case.
void nothing_left(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("exit 0");
  expect_end(slave, task, exited(0));
}

void many_at_once(Stage& stage) {
  auto& slave = stage.new_slave();
  std::vector<Draft> drafts;
  std::vector<std::unique_ptr<Process>> launches;
  for (int i = 0; i < 6; ++i) {
    drafts.push_back(slave.draft("exit " + std::to_string(i)));
    const auto& message = drafts.back().message;
    fs::create_directories(message.directory());
    auto& task = slave.adopt(message.container_id().value(), message.directory());
    launches.push_back(slave.begin("launch", frame_of(message), &task, &drafts.back().environment));
  }
  for (const auto& one : launches) {
    const auto ended = slave.end(*one, "launch");
    stage.expect(ended.status == 0, "launch exits with 0", ended.text());
  }
  int code = 0;
  for (auto& task : slave.tasks()) expect_end(slave, task, exited(code++));
}

// --- Two slaves ---

void separate_lists(Stage& stage) {
  auto& one = stage.new_slave();
  auto& other = stage.new_slave();
  auto& of_one = one.start(until_go);
  expect_listed(other, {});
  auto& of_other = other.start(until_go);
  expect_listed(one, {of_one.id});
  expect_listed(other, {of_other.id});
}

void separate_recoveries(Stage& stage) {
  auto& one = stage.new_slave();
  auto& other = stage.new_slave();
  auto& task = one.start(until_go);
  const auto pid = one.process_of(task);
  other.recover();
  other.demand("destroy", frame_for(task.id));
  stage.expect(one.process_of(task) == pid, "the task of the other slave runs", "it does not");
  let_go(task);
  expect_end(one, task, exited(7));
}

// IDs are random, but a copied work directory has the same. The second launch may be refused.
void same_id(Stage& stage) {
  auto& one = stage.new_slave();
  auto& other = stage.new_slave();
  auto first = one.draft(until_go);
  auto second = other.draft("exit 3");
  second.message.mutable_container_id()->set_value(first.message.container_id().value());
  auto& task = one.launch(first);
  auto& twin = other.launch(second);
  const auto termination = other.wait(twin);
  stage.expect(termination.status() != 0 && termination.status() != exited(7),
               "the second launch ends with its own status, or as failed", text_of(termination));
  expect_listed(one, {task.id});
  let_go(task);
  expect_end(one, task, exited(7));
}

}  // namespace

Cases container_cases() {
  const std::string truth =
      "containers never omits a running container, and never lists one that "
      "is not this slave's.";
  const std::string until =
      "A container that ended stays listed until one wait has delivered its "
      "termination.";
  const std::string passive = "wait is passive and safe against kill -9.";
  return {
      {"containers lists every task that lives", group, truth, "2.1", lists_living},
      {"containers lists a task that ended until wait has reported it", group, until, "2.1",
       lists_ended},
      {"containers and recover leave foreign containers alone", group, truth, "2.1",
       foreign_container},
      {"recover changes nothing if nothing happened", group,
       "recover runs at every start of the slave.", "2.1", recover_twice},
      {"recover takes over a task whose helpers died", group,
       "A slave's stop may kill all helpers: recover adopts the task, or restarts them.", "11",
       recover_adopts},
      {"a task that ends while all helpers are dead is reported", group, until, "2.1",
       end_without_helpers},
      {"wait lasts until the task has ended", group,
       "The slave takes the end of wait for the end of the container.", "3.3", waits_for_end},
      {"wait can be repeated and says the same", group,
       "A new slave waits again: the reply of a container that has ended stays the same.", "11",
       same_answer},
      {"two waits at the same time both report the end", group,
       "The wait of a dead slave may still run beside that of the new one.", "1.6", two_waits},
      {"wait for an unknown container replies at once", group,
       "wait always exits with 0 and a Termination, also for unknown or finished ids.", "11",
       wait_for_unknown},
      {"the kill of wait does not harm the task", group,
       "The slave kills the tree of wait, with all groups and sessions in it.", "1.8", killed_wait},
      {"a termination that no reader took is reported again (SIGPIPE at its default)", group, until,
       "2.2", [](Stage& stage) { wait_without_reader(stage, "0.26.2"); }},
      {"a termination that no reader took is reported again (SIGPIPE ignored)", group, until, "2.2",
       [](Stage& stage) { wait_without_reader(stage, "1.0.4"); }},
      {"no process is left when a task has ended", group,
       "No destroy follows a normal end: the program removes everything itself, and its helpers "
       "end.",
       "1.8", nothing_left},
      {"launches at the same time do not disturb each other", group,
       "Verbs of different containers overlap without limit.", "1.6", many_at_once},
  };
}

Cases two_slaves_cases() {
  const std::string rule =
      "MESOS_WORK_DIRECTORY identifies the slave; a slave destroys what it "
      "does not know.";
  return {
      {"containers lists only this slave's tasks", two, rule, "2.1", separate_lists},
      {"recover and destroy leave another slave's tasks alone", two, rule, "2.1",
       separate_recoveries},
      {"a container ID that another slave uses does no harm", two, rule, "2.1", same_id},
  };
}

}  // namespace containerizer::judge

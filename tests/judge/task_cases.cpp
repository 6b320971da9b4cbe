// What a task writes, and how it ends: output, exit codes and signals.
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "tests/judge/plays.h"

namespace containerizer::judge {

namespace {

const std::string output = "output";
const std::string ends = "exit codes and signals";

void both_streams(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("echo to stdout; echo to stderr >&2");
  slave.wait(task);
  expect_equal<std::string>(stage, "the file stdout of the sandbox", "to stdout\n", task.out());
  stage.expect(task.err().find("to stderr\n") != std::string::npos,
               "the file stderr of the sandbox has what the program writes to its stderr",
               "\"" + shortened(task.err()) + "\"");
}

void complete_output(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("head -c 1000000 /dev/urandom > blob; cat blob");
  slave.wait(task);
  const auto blob = read_file(task.sandbox / "blob");
  const auto out = task.out();
  stage.expect(blob.size() == 1'000'000 && out == blob,
               "stdout has the same megabyte of bytes that the program wrote, when wait replies",
               std::to_string(out.size()) + " bytes" +
                   (out == blob.substr(0, out.size()) ? ", the first ones" : ", and other ones"));
}

void live_output(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start("echo first; " + until_go);
  stage.eventually(
      "the first line is in stdout while the program runs", [&] { return task.out() == "first\n"; },
      [&] { return "stdout has \"" + shortened(task.out()) + "\""; });
  let_go(task);
  slave.wait(task);
}

void unfinished_line(Stage& stage) {
  expect_equal<std::string>(stage, "the file stdout of the sandbox", "no newline",
                            printed(stage.new_slave(), "printf 'no newline'"));
}

void earlier_lines(Stage& stage) {
  auto& slave = stage.new_slave();
  const auto draft = slave.draft("echo later >&2");
  const fs::path sandbox = draft.message.directory();
  fs::create_directories(sandbox);
  write_file(sandbox / "stderr", "earlier\n");
  auto& task = slave.launch(draft);
  slave.wait(task);
  stage.expect(task.err().starts_with("earlier\n"), "earlier lines of stderr stay",
               "\"" + shortened(task.err()) + "\"");
  stage.expect(task.err().find("later\n") != std::string::npos, "later lines follow",
               "\"" + shortened(task.err()) + "\"");
}

void owner_of_output(Stage& stage) {
  auto& slave = stage.new_slave();
  const auto* nobody = ::getpwnam("nobody");
  if (nobody == nullptr) throw Skipped{"this host has no user nobody"};
  const auto draft = slave.draft("echo out", {{"user", "nobody"}});
  const fs::path sandbox = draft.message.directory();
  fs::create_directories(sandbox);
  if (::chown(sandbox.c_str(), nobody->pw_uid, nobody->pw_gid) != 0) {
    throw Skipped{"this needs root"};
  }
  auto& task = slave.launch(draft);
  slave.wait(task);
  struct stat found {};
  stage.expect(::stat((sandbox / "stdout").c_str(), &found) == 0, "stdout exists", "there is none");
  stage.expect(found.st_uid == nobody->pw_uid, "stdout belongs to the task's user",
               "it belongs to user " + std::to_string(found.st_uid));
}

void silent_task(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("true");
  slave.wait(task);
  stage.expect(
      fs::exists(task.sandbox / "stdout") && task.out().empty(), "there is an empty file stdout",
      fs::exists(task.sandbox / "stdout") ? "\"" + shortened(task.out()) + "\"" : "there is none");
}

Case exits_with(int code) {
  const auto text = std::to_string(code);
  return {"exit code " + text + " is reported as " + text + " times 256", ends,
          "status is a waitpid status: code << 8.", "3.2", [=](Stage& stage) {
            auto& slave = stage.new_slave();
            auto& task = slave.run("exit " + text);
            expect_end(slave, task, exited(code));
          }};
}

// In the PID namespace of the host: the first process of a namespace ignores most signals.
Case dies_of(const std::string& name, int signal) {
  return {name + " is reported as signal " + std::to_string(signal), ends,
          "status is a waitpid status: the signal itself, also where Docker has 128+n.", "3.2",
          [=](Stage& stage) {
            auto& slave = stage.new_slave();
            auto& task = slave.run("kill -" + std::to_string(signal) + " $$; sleep 60",
                                   {{"dialect", "command"}, {"option", "--pid=host"}});
            expect_end(slave, task, signal);
          }};
}

void killed_from_outside(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(forever);
  ::kill(slave.process_of(task), SIGKILL);
  const auto termination = expect_end(slave, task, SIGKILL);
  stage.expect(!termination.killed(), "killed is false: no limit was enforced", "killed is true");
}

void missing_program(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("", {{"shell", "false"}, {"command", "/no/such/program"}});
  const auto termination = slave.wait(task);
  stage.expect(termination.status() != 0, "the task is reported as failed", text_of(termination));
  stage.expect(!termination.message().empty(), "there is a message", text_of(termination));
}

void state_of_failure(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("exit 1");
  const auto termination = slave.wait(task);
  stage.expect(!termination.has_state() || termination.state() == mesos::TASK_FAILED,
               "state is absent or TASK_FAILED", mesos::TaskState_Name(termination.state()));
}

void runs_once(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("echo ran >> ran; sleep 0.3; exit 7");
  expect_end(slave, task, exited(7));
  expect_equal<std::string>(stage, "the file to which each start of the program adds a line",
                            "ran\n", read_file(task.sandbox / "ran"));
}

}  // namespace

Cases output_cases() {
  return {
      {"stdout and stderr of the task are in the sandbox", output,
       "The sandbox has files called stdout and stderr.", "1.3", both_streams},
      {"all output is there when wait replies", output,
       "The sandbox has everything that the task wrote.", "11", complete_output},
      {"output appears while the task runs", output,
       "The web UI shows stdout and stderr of running tasks.", "1.3", live_output},
      {"a last line without a newline is kept", output,
       "The sandbox has everything that the task wrote.", "11", unfinished_line},
      {"earlier lines of stderr stay", output,
       "Opening stderr with truncation destroys the log of earlier verbs.", "1.3", earlier_lines},
      {"stdout belongs to the task's user", output,
       "Create stdout yourself, and give it to the task's user.", "1.3", owner_of_output},
      {"a task that writes nothing has an empty stdout", output,
       "The slave does not create stdout.", "1.3", silent_task},
  };
}

Cases exit_cases() {
  Cases cases;
  for (const int code : {0, 1, 2, 3, 42, 125, 127, 200, 255}) cases.push_back(exits_with(code));
  for (const auto& [name, signal] :
       std::vector<std::pair<std::string, int>>{{"SIGHUP", SIGHUP},
                                                {"SIGINT", SIGINT},
                                                {"SIGABRT", SIGABRT},
                                                {"SIGKILL", SIGKILL},
                                                {"SIGUSR1", SIGUSR1},
                                                {"SIGSEGV", SIGSEGV},
                                                {"SIGTERM", SIGTERM}}) {
    cases.push_back(dies_of(name, signal));
  }
  const Cases more{
      {"a task that is killed from outside is reported as signal 9", ends,
       "killed does not mean that a kill was requested.", "3.3", killed_from_outside},
      {"a program that does not exist is reported with a message", ends,
       "wait reports problems of the start with a message.", "1.7", missing_program},
      {"the state of a task that exits with 1 is a failure", ends,
       "From 0.26 on, state becomes the task's state.", "3.3", state_of_failure},
      {"the program is started once, and nowhere else", ends, "A launch starts one program.", "2.3",
       runs_once},
  };
  cases.insert(cases.end(), more.begin(), more.end());
  return cases;
}

}  // namespace containerizer::judge

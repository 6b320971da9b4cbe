#include "tests/judge/plays.h"

#include <unistd.h>

#include <csignal>

namespace containerizer::judge {

namespace {

std::string joined(const std::set<std::string>& ids) {
  std::string text;
  for (const auto& id : ids) text += (text.empty() ? "" : ", ") + id;
  return ids.empty() ? "nothing" : text;
}

}  // namespace

std::string text_of(const Termination& termination) {
  std::string text =
      termination.has_status() ? "status " + std::to_string(termination.status()) : "no status";
  text += termination.killed() ? ", killed" : "";
  return text + ", message \"" + shortened(termination.message()) + "\"";
}

Termination expect_end(Slave& slave, Task& task, int status) {
  auto termination = slave.wait(task);
  slave.stage().expect(termination.has_status() && termination.status() == status,
                       "wait reports status " + std::to_string(status) +
                           " (as waitpid does: a code times 256, or a signal)",
                       text_of(termination));
  return termination;
}

std::string printed(Slave& slave, const std::string& script, const Words& words) {
  auto& task = slave.run(script, words);
  const auto termination = slave.wait(task);
  slave.stage().expect(termination.status() == 0, "the program runs, and ends with 0",
                       text_of(termination) + ", stderr \"" + shortened(task.err()) + "\"");
  return task.out();
}

Case prints(const std::string& group, const std::string& name, const std::string& rule,
            const std::string& source, const std::string& script, const Words& words,
            const std::string& expected) {
  return {name, group, rule, source, [=](Stage& stage) {
            expect_equal(stage, "what the task prints", expected + "\n",
                         printed(stage.new_slave(), script, words));
          }};
}

std::string expect_no_start(Slave& slave, const Draft& draft) {
  fs::create_directories(draft.message.directory());
  auto& task = slave.adopt(draft.message.container_id().value(), draft.message.directory());
  const auto launched = slave.call("launch", frame_of(draft.message), &task, &draft.environment);
  std::string messages = launched.err;
  if (launched.status == 0) {
    const auto termination = slave.wait(task);
    messages += termination.message();
    slave.stage().expect(termination.status() != 0, "the launch is reported as failed",
                         text_of(termination));
  }
  slave.stage().expect(!fs::exists(task.sandbox / "up"), "the program never starts",
                       "it has started");
  return messages;
}

void expect_listed(Slave& slave, const std::set<std::string>& ids) {
  const auto listed = slave.containers();
  slave.stage().expect(listed == ids, "containers lists " + joined(ids),
                       "it lists " + joined(listed));
}

void expect_dead(Stage& stage) {
  stage.expect(contained_processes(stage.mark()).empty(), "no process of the task lives",
               "processes live:\n" + stage.tree());
}

void kill_helpers(Stage& stage) {
  stage.note("all processes of the containerizer are killed");
  stage.eventually("no process of the containerizer lives", [] {
    const auto helpers = descendants(::getpid());
    for (const auto& one : helpers) ::kill(one.pid, SIGKILL);
    return helpers.empty();
  });
}

}  // namespace containerizer::judge

// Destroy in every state of a container, and input that no slave sends.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>

#include "tests/judge/plays.h"

namespace containerizer::judge {

namespace {

const std::string group = "destroy in every state";
const std::string bad = "bad input";

// A registry that accepts connections and never replies, so that a pull hangs.
class SilentRegistry {
 public:
  SilentRegistry() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(socket_.get(), generic, size) != 0 || ::listen(socket_.get(), 64) != 0 ||
        ::getsockname(socket_.get(), generic, &size) != 0) {
      throw std::runtime_error("cannot listen on 127.0.0.1");
    }
    port_ = ntohs(address.sin_port);
  }
  std::string image() const { return "127.0.0.1:" + std::to_string(port_) + "/judge/slow:1"; }

 private:
  player::Fd socket_;
  int port_ = 0;
};

void destroyed_while_running(Stage& stage, const std::string& script, const Words& words = {}) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(script, words);
  slave.process_of(task);
  slave.destroy(task);
  expect_dead(stage);
  expect_listed(slave, {});
}

void destroyed_while_pulling(Stage& stage) {
  const SilentRegistry registry;
  auto& slave = stage.new_slave();
  auto& task = slave.run("echo up > up", {{"image", registry.image()}});
  slave.destroy(task);
  expect_listed(slave, {});
  stage.expect(!fs::exists(task.sandbox / "up"), "the program never starts", "it has started");
}

void destroyed_at_once(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("echo up > up; " + forever);
  slave.destroy(task);
  expect_dead(stage);
  expect_listed(slave, {});
}

void destroyed_while_waited_for(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  const auto wait = slave.begin("wait", frame_for(task.id), &task);
  slave.destroy(task);
  slave.end(*wait, "wait");
  expect_dead(stage);
}

void destroyed_after_end(Stage& stage, bool reported) {
  auto& slave = stage.new_slave();
  auto& task = slave.run("exit 0");
  if (reported) slave.wait(task);
  slave.destroy(task);
  expect_listed(slave, {});
}

void destroyed_twice(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  for (int i = 0; i < 2; ++i) slave.destroy(task);
  expect_dead(stage);
}

void destroyed_at_the_same_time(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  std::vector<std::unique_ptr<Process>> all(3);
  for (auto& one : all) one = slave.begin("destroy", frame_for(task.id), &task);
  for (const auto& one : all) {
    const auto ended = slave.end(*one, "destroy");
    stage.expect(ended.status == 0, "destroy exits with 0", ended.text());
  }
  task.over = true;
  expect_dead(stage);
}

// `change` gets the daemon's ID of the container.
void destroyed_after(Stage& stage, const std::string& change) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(stubborn);
  slave.process_of(task);
  const auto containers = stage.new_containers();
  stage.expect(!containers.empty(), "the daemon has a container for the task", "it has none");
  stage.command("docker " + change + " " + containers.at(0));
  slave.destroy(task);
  expect_dead(stage);
  expect_listed(slave, {});
}

void destroyed_as_orphan(Stage& stage) {
  auto& slave = stage.new_slave();
  auto& task = slave.start(until_go);
  kill_helpers(stage);
  slave.recover();
  expect_listed(slave, {task.id});
  const auto wait = slave.begin("wait", frame_for(task.id));
  slave.demand("destroy", frame_for(task.id));
  slave.end(*wait, "wait");
  task.over = true;
  expect_dead(stage);
  expect_listed(slave, {});
}

void destroyed_unknown(Stage& stage) {
  auto& slave = stage.new_slave();
  slave.demand("destroy", frame_for("never-launched"));
}

// --- Bad input ---

const std::vector<std::string>& verbs_with_message() {
  static const std::vector<std::string> all{"launch", "update", "usage", "wait", "destroy"};
  return all;
}

Case refuses(const std::string& name, const std::string& bytes) {
  return {name, bad, "If the request cannot be read completely, do nothing and exit.", "1.7",
          [=](Stage& stage) {
            auto& slave = stage.new_slave();
            for (const auto& verb : verbs_with_message()) {
              const auto process = slave.begin(verb, bytes);
              process->close_input();
              const auto ended = slave.end(*process, verb);
              stage.expect(ended.status != 0, verb + " does not exit with 0", ended.text());
              stage.expect(ended.status < 128, verb + " does not crash", ended.text());
            }
            expect_listed(slave, {});
          }};
}

void unknown_verb(Stage& stage) {
  auto& slave = stage.new_slave();
  const auto process = slave.begin("lunch");
  process->close_input();
  const bool ended = process->await_end(stage.limit());
  stage.expect(ended && process->ended() != 0, "the verb 'lunch' fails",
               ended ? "it exits with 0" : "it still runs");
}

// IDs become parts of file names, and arguments of docker.
void odd_ids(Stage& stage) {
  auto& slave = stage.new_slave();
  for (const std::string id : {"../../../judge-escaped", "-rf", "a b", "x'; echo", "a\nb"}) {
    auto draft = slave.draft("echo up > up; exit 0");
    draft.message.mutable_container_id()->set_value(id);
    fs::create_directories(draft.message.directory());
    auto& task = slave.adopt(id, draft.message.directory());
    const auto launched = slave.call("launch", frame_of(draft.message), &task, &draft.environment);
    if (launched.status == 0) {
      expect_end(slave, task, exited(0));
    } else {
      task.over = true;
      slave.demand("destroy", frame_for(id));
    }
    stage.expect(launched.status < 128, "launch does not crash", launched.text());
  }
  expect_listed(slave, {});
}

void launched_twice(Stage& stage) {
  auto& slave = stage.new_slave();
  const auto draft = slave.draft("echo ran >> ran; " + until_go);
  auto& task = slave.launch(draft);
  slave.process_of(task);
  slave.call("launch", frame_of(draft.message), &task, &draft.environment);
  expect_listed(slave, {task.id});
  let_go(task);
  expect_end(slave, task, exited(7));
  expect_equal<std::string>(stage, "the file to which each start adds a line", "ran\n",
                            read_file(task.sandbox / "ran"));
}

void incomplete_launch(Stage& stage) {
  auto& slave = stage.new_slave();
  auto draft = slave.draft("echo up > up");
  draft.message.clear_executor_info();
  expect_no_start(slave, draft);
}

void odd_environment(Stage& stage) {
  expect_equal<std::string>(
      stage, "what the task prints", "a\nb;$(id)`id`\n",
      printed(stage.new_slave(), "printf '%s\\n' \"$A\"", {{"env", "A=a\nb;$(id)`id`"}}));
}

void huge_environment(Stage& stage) {
  constexpr std::size_t much = 100'000;
  expect_equal<std::string>(
      stage, "the length of the variable that the task prints", "100000\n",
      printed(stage.new_slave(), "echo ${#A}", {{"env", "A=" + std::string(much, 'x')}}));
}

}  // namespace

Cases destroy_cases() {
  const std::string rule =
      "destroy is idempotent, verifies death and removes; it exits with 0 "
      "only if nothing is left.";
  return {
      {"destroy ends a task that runs", group, rule, "11",
       [](Stage& stage) { destroyed_while_running(stage, until_go); }},
      {"destroy ends a task that ignores SIGTERM", group, rule, "11",
       [](Stage& stage) { destroyed_while_running(stage, stubborn); }},
      {"destroy ends a task with children in other sessions", group, rule, "11",
       [](Stage& stage) {
         destroyed_while_running(stage,
                                 "setsid sleep 1000 & setsid setsid sleep 1001 & " + forever);
       }},
      {"destroy ends a task that was just launched", group, rule, "11", destroyed_at_once},
      {"destroy ends a task whose image is being pulled", group,
       "destroy works before the container exists, and cancels the pull.", "11",
       destroyed_while_pulling},
      {"destroy ends a task while wait runs", group, rule, "1.8", destroyed_while_waited_for},
      {"destroy of a task that has ended succeeds", group, rule, "11",
       [](Stage& stage) { destroyed_after_end(stage, false); }},
      {"destroy of a task that was reported succeeds", group, rule, "11",
       [](Stage& stage) { destroyed_after_end(stage, true); }},
      {"destroy can be repeated", group, rule, "11", destroyed_twice},
      {"destroys at the same time succeed", group, rule, "11", destroyed_at_the_same_time},
      {"destroy of an unknown container succeeds", group, rule, "11", destroyed_unknown},
      {"destroy ends a task that someone has paused", group, rule, "11",
       [](Stage& stage) { destroyed_after(stage, "pause"); }},
      {"destroy of a task that someone has killed succeeds", group, rule, "11",
       [](Stage& stage) { destroyed_after(stage, "kill"); }},
      {"destroy of a task that someone has removed succeeds", group, rule, "11",
       [](Stage& stage) { destroyed_after(stage, "rm -f"); }},
      {"destroy ends an orphan whose helpers died", group,
       "A restarted slave waits for orphans and destroys them, without a sandbox.", "2.1",
       destroyed_as_orphan},
  };
}

Cases bad_input_cases() {
  using std::string_literals::operator""s;
  const std::string robust = "Nothing in a message may harm the host or another task.";
  return {
      refuses("an empty stdin is refused", ""),
      refuses("half a length is refused", "\1"),
      refuses("a message that is cut short is refused", "\144\0\0\0abc"s),
      refuses("a message without an ID is refused", "\0\0\0\0"s),
      refuses("bytes that are no message are refused", "\10\0\0\0\377\376garbag"s),
      refuses("text is refused", "GET / HTTP/1.1\r\n\r\n"),
      refuses("a length of 4 GiB is refused", "\377\377\377\377abc"),
      {"an unknown verb fails", bad, "Exit status 0 means success.", "1.5", unknown_verb},
      {"odd container IDs do no harm", bad, robust, "4.2", odd_ids},
      {"a launch that comes twice starts one program", bad, "A launch starts one program.", "2.3",
       launched_twice},
      {"a launch without an executor does not start anything", bad, robust, "4.1",
       incomplete_launch},
      {"a variable with newlines and shell characters arrives unchanged", bad, robust, "4.3",
       odd_environment},
      {"a variable of 100 kB arrives", bad, robust, "4.3", huge_environment},
  };
}

}  // namespace containerizer::judge

// The slave of a case. It calls the verbs itself, in any order and with any bytes. For tasks that
// need a mesos-executor, and for the order of verbs in a real slave, there is the Player.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "containerizer.pb.h"
#include "tests/judge/stage.h"
#include "tests/slave/event_lines.h"
#include "tests/slave/launch_message.h"
#include "tests/slave/options.h"

namespace containerizer::judge {

using mesos::ResourceStatistics;
using mesos::containerizer::Launch;
using mesos::containerizer::Termination;

// Keys and values of a task, as in tests/slave/README.md.
using Words = std::vector<player::KeyValue>;

// A container that a slave has launched.
struct Task {
  std::string id;
  fs::path sandbox;
  bool over = false;  // its termination was delivered, or it was destroyed

  std::string out() const { return read_file(sandbox / "stdout"); }
  std::string err() const { return read_file(sandbox / "stderr"); }
};

// A launch that can still be changed.
struct Draft {
  Launch message;
  player::Environment environment;
};

// How a verb ended.
struct Ended {
  int status = 0;  // the exit code, or 128 + the signal
  std::string out;
  std::string err;

  std::string text() const;
};

// The bytes of a message with its length.
std::string frame_of(const google::protobuf::Message& message);
std::string frame_for(const std::string& container_id);

class Slave {
 public:
  Slave(Stage& stage, const std::string& release, fs::path work_directory);

  Stage& stage() { return stage_; }
  const fs::path& work_directory() const { return options_.work_dir; }
  player::Release release() const { return player::Release(options_.mesos); }
  // Variables of all verbs.
  player::Environment& environment() { return environment_; }
  void set_default_image(const std::string& image) { options_.default_container_image = image; }
  // Every verb runs behind this command, such as `nsenter …`.
  void set_prefix(const std::string& prefix) { prefix_ = prefix; }

  // --- Tasks: a custom executor in the plain image, unless the words say otherwise ---
  // The script begins in its sandbox.
  Draft draft(const std::string& script, const Words& words = {});
  Task& launch(const Draft& draft);
  Task& run(const std::string& script, const Words& words = {}) {
    return launch(draft(script, words));
  }
  // Also waits until the script runs.
  Task& start(const std::string& script, const Words& words = {});
  // The script's process, in the container.
  pid_t process_of(const Task& task);
  // All tasks of this slave.
  std::deque<Task>& tasks() { return tasks_; }
  Task& adopt(const std::string& id, const fs::path& sandbox);

  // --- Verbs ---
  // Starts a verb and writes the bytes. With a task, in its sandbox.
  std::unique_ptr<Process> begin(const std::string& verb, const std::string& bytes = "",
                                 const Task* task = nullptr,
                                 const player::Environment* environment = nullptr);
  // Waits for its end, at most for the limit, and checks its standard output.
  Ended end(Process& process, const std::string& verb);
  Ended call(const std::string& verb, const std::string& bytes = "", const Task* task = nullptr,
             const player::Environment* environment = nullptr);
  // The same. It must succeed.
  Ended demand(const std::string& verb, const std::string& bytes = "", const Task* task = nullptr,
               const player::Environment* environment = nullptr);

  void recover() { demand("recover"); }
  std::set<std::string> containers();
  Termination wait(Task& task);
  // The reply of a `wait` that has ended.
  Termination termination_in(const Ended& ended);
  ResourceStatistics usage(const Task& task);
  void update(const Task& task, const Words& resources);
  void destroy(Task& task);

 private:
  std::string textual(const std::string& verb, const std::string& frame, bool request) const;
  void check_output(const std::string& verb, const Ended& ended);

  Stage& stage_;
  player::Options options_;
  player::Environment environment_;
  std::string prefix_;
  std::deque<Task> tasks_;
};

// The bytes of an update of a container.
std::string update_frame(const std::string& id, const Words& resources);

// slave-player as a child process.
class Player {
 public:
  explicit Player(Slave& slave, const std::string& flags = "");

  // Sends `launch NAME WORDS`, or another launch command.
  Task launch(const std::string& name, const std::string& words,
              const std::string& command = "launch");
  // A command task that runs a script in the plain image.
  Task run(const std::string& name, const std::string& script);
  void say(const std::string& command);
  // Waits for a line that matches, and that no earlier call has returned. Returns the groups.
  std::vector<std::string> expect(const std::string& pattern);
  // SIGKILL. Its processes keep running.
  void die();

 private:
  Slave& slave_;
  std::unique_ptr<Process> process_;
  player::EventLines events_;
};

template <class T>
void expect_equal(Stage& stage, const std::string& what, const T& expected, const T& seen) {
  const auto text = [](const T& value) {
    if constexpr (std::is_arithmetic_v<T>) {
      return std::to_string(value);
    } else {
      return "\"" + shortened(value) + "\"";
    }
  };
  stage.expect(expected == seen, what + " is " + text(expected), text(seen));
}

}  // namespace containerizer::judge

// The work directory of one slave, in a temporary place, and what a test asks of the program there
// beside the slave.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/integration/child.h"

namespace containerizer::integration {

namespace fs = std::filesystem;
namespace json = boost::json;

// TEST_CONTAINERIZER, or the program of the build that this test belongs to.
std::string program();
// TEST_SLAVE_DIR, or where that build has the player and the stand-ins.
std::string slave_binaries();

// Polls until `condition` holds; fails the test when it takes longer than the bound.
void eventually(const std::string& what, const std::function<bool()>& condition);

std::string read_file(const fs::path& path);
void write_file(const fs::path& path, std::string_view content);

// The message of a verb that consists of a container id, as a frame.
std::string frame_for(const std::string& container_id);

// The message in the frame that a verb has answered with.
template <class Message>
Message message_in(const std::string& frame) {
  Message message;
  constexpr std::size_t length_size = 4;
  if (frame.size() < length_size || !message.ParseFromString(frame.substr(length_size))) {
    throw std::runtime_error("no frame");
  }
  return message;
}

// Ends all containers and processes of the slave when it goes. Unless the test has failed already,
// it then checks that nothing is left of them.
class WorkDirectory {
 public:
  WorkDirectory();
  ~WorkDirectory();
  WorkDirectory(const WorkDirectory&) = delete;
  WorkDirectory& operator=(const WorkDirectory&) = delete;

  const fs::path& path() const { return path_; }
  // A place for files of the test's own.
  const fs::path& scratch() const { return scratch_; }
  // <work dir>/docker-containerizer
  fs::path state() const { return path_ / "docker-containerizer"; }
  // The directory of mesos-executor and mesos-fetcher, of that release of Mesos.
  fs::path launcher(const std::string& mesos) const;

  // A verb, as a slave would call it. `variables` go on top of the slave's.
  Ran call(const std::string& verb, const std::string& input = "",
           const Variables& variables = {}) const;
  // A verb whose message consists of a container id.
  Ran call_for(const std::string& verb, const std::string& container_id,
               const Variables& variables = {}) const;
  // The same, without waiting for its end.
  std::unique_ptr<Child> begin(const std::string& verb, const std::string& container_id) const;
  // The words of a command for people, which must succeed.
  std::string ask(std::vector<std::string> words) const;

  // --- What is on record ---
  // `show ID --json`
  json::object show(const std::string& container_id) const;
  std::string state_of(const std::string& container_id) const;
  // All events of the container, in order, separated by blanks.
  std::string events_of(const std::string& container_id) const;
  void await_state(const std::string& container_id, const std::string& state) const;
  // Ids that `containers` answers with.
  std::vector<std::string> listed() const;
  // How it ended, once that is on record.
  json::object termination_of(const std::string& container_id) const;
  // What plain sqlite3 says to `text`, which must succeed, in the state database.
  std::string sql(const std::string& text) const;

  // --- What is true ---
  // Docker ids of the containers of this slave.
  std::vector<std::string> docker_containers() const;
  // Pids of processes of this slave whose command line contains all `words`.
  std::vector<pid_t> processes(const std::vector<std::string>& words) const;
  // The one process that supervises a container, once there is one.
  pid_t supervisor(const std::string& container_id) const;
  // Whether what mesos-executor runs in place of the task's command listens for a kill.
  bool has_task_proxy(const std::string& container_id) const;
  // Kills the supervisor the hard way and waits until it is gone.
  void kill_supervisor(const std::string& container_id) const;
  // Kills all who wait, destroy or supervise the same way.
  void kill_all() const;
  // The same, and removes the database.
  void lose_record() const;

  // The variables that every process of the slave gets.
  const Variables& variables() const { return variables_; }
  void set(const std::string& setting, const std::string& value) { variables_[setting] = value; }

 private:
  void end_everything() const;
  void check_nothing_left() const;

  fs::path scratch_;
  fs::path path_;
  Variables variables_;
};

// `docker ARGUMENTS…`, which must succeed; its output.
std::string docker(std::vector<std::string> arguments);

}  // namespace containerizer::integration
